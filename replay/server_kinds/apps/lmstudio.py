"""LM Studio: three lists of models, a native stream that shows loading and prompt processing."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from replay.server_kinds import embeddings, openai
from replay.server_kinds import kind as parts
from replay.server_kinds.kind import (
    SELDOM_S,
    Ask,
    Endpoint,
    Get,
    Load,
    LoadCounters,
    Model,
    Reader,
    Server,
    ServerKind,
    Stamped,
    Times,
    name_of,
    objects,
    whole,
)

NATIVE_PATH = "/api/v1/chat"


def native_body(ask: Ask) -> dict[str, Any]:
    """`store: false`: nothing of a measurement is kept as a chat."""
    return {
        "model": ask.model,
        "input": ask.content,
        "max_output_tokens": ask.max_tokens,
        "temperature": ask.temperature,
        "stream": True,
        "store": False,
    }


def identify(get: Get) -> Server | None:
    """By its own lists; `/lmstudio-greeting` alone where those need a token."""
    v1 = get("/api/v1/models").document
    if isinstance(v1, dict) and isinstance(v1.get("models"), list):
        models = tuple(m for entry in objects(v1["models"]) for m in _instances(entry))
        if models:
            return _server(models, {"interface": "v1"})
    v0 = get("/api/v0/models").document
    if isinstance(v0, dict) and isinstance(v0.get("data"), list):
        models = tuple(_of_v0(m) for m in objects(v0["data"]) if "id" in m)
        return _server(models, {"interface": "v0"}, first_endpoint=1)
    greeting = get("/lmstudio-greeting").document
    if isinstance(greeting, dict) and greeting.get("lmstudio") is True:
        models = tuple(Model(m["id"]) for m in openai.listed(get) or [])
        return _server(models, {}, first_endpoint=1)
    return None


def _server(models: tuple[Model, ...], facts: dict[str, Any], first_endpoint: int = 0) -> Server:
    """A second copy of a model is called MODEL:2."""
    loaded = [m.id for m in models if m.loaded]
    known = tuple(replace(m, copies=tuple(c for c in loaded if c.startswith(f"{m.id}:"))) for m in models)
    return Server(known, facts, first_endpoint, one_per_host="LM Studio")


def _instances(entry: dict[str, Any]) -> Iterator[Model]:
    """A model of /api/v1/models: one per copy in memory, or one that is not loaded."""
    if not isinstance(entry.get("key"), str):
        return
    embeds = entry.get("type") == "embedding"
    quantization = entry.get("quantization")
    details = {
        "format": entry.get("format"),
        "quantization": quantization.get("name") if isinstance(quantization, dict) else quantization,
        "architecture": entry.get("architecture"),
    }
    copies, size = objects(entry.get("loaded_instances")), whole(entry.get("size_bytes"))
    if not copies:
        yield Model(entry["key"], False, details=details, size=size, embeds=embeds)
    for copy in copies:
        config = parts.entry(copy, "config")
        yield Model(
            id=str(copy.get("id", entry["key"])),
            loaded=True,
            slots=whole(config.get("parallel")),
            context=whole(config.get("context_length")),
            shared_context=True,  # unified KV cache, the default
            details=details,
            size=size,
            embeds=embeds,
        )


def _of_v0(entry: dict[str, Any]) -> Model:
    details = {"format": entry.get("compatibility_type"), "quantization": entry.get("quantization")}
    loaded, context = entry.get("state") == "loaded", whole(entry.get("loaded_context_length"))
    embeds = entry.get("type") == "embeddings"
    return Model(str(entry["id"]), loaded, None, context, True, details, embeds=embeds)


def chunk(event: dict[str, Any]) -> dict[str, Any]:
    """An event of /api/v1/chat as OpenAI's chunk; those without text or an end become empty ones."""
    kind = event.get("type")
    if kind in ("message.delta", "reasoning.delta"):
        return {"choices": [{"delta": {"content": event.get("content")}}]}
    if kind == "error":
        return {"error": event.get("error") or "an unnamed error"}
    result = event.get("result")
    if kind != "chat.end" or not isinstance(result, dict):
        return {"error": event["error"]} if event.get("error") else {}
    stats = parts.entry(result, "stats")
    return {
        "model": result.get("model_instance_id"),
        # careful: it does not state why it ended; `stop` makes durations count by tokens
        "choices": [{"delta": {}, "finish_reason": "stop"}],
        "usage": {
            "prompt_tokens": stats.get("input_tokens"),
            "completion_tokens": stats.get("total_output_tokens"),
        },
    }


def times(send_s: float | None, events: Stamped) -> Times:
    """From the instants of the events: waiting ends where prompt processing starts."""
    at = {name_of(event, "type"): at_s for at_s, event in reversed(events)}
    start, end = at.get("prompt_processing.start"), at.get("prompt_processing.end")
    load_start, load_end = at.get("model_load.start"), at.get("model_load.end")
    load_s = _between(load_start, load_end)
    queue_s = start - send_s - (load_s or 0.0) if start is not None and send_s is not None else None
    return Times(
        queue_s=None if queue_s is None else max(queue_s, 0.0),
        load_s=load_s,
        prefill_s=_between(start, end),
    )


def _between(start_s: float | None, end_s: float | None) -> float | None:
    """None where one of them is missing, or the end came first."""
    return end_s - start_s if start_s is not None and end_s is not None and end_s >= start_s else None


def load_v1(text: str) -> Load:
    """Slots only if every loaded copy shows its own; embedding models have none and do not count."""
    models = [m for m in json.loads(text)["models"] if m.get("type") != "embedding"]
    copies = [copy for m in models for copy in m.get("loaded_instances") or ()]
    slots = [copy.get("config", {}).get("parallel") for copy in copies]
    known = bool(slots) and all(isinstance(s, int) for s in slots)
    return Load(loaded=len(copies), slots=sum(slots) if known else None)


def load_v0(text: str) -> Load:
    models = json.loads(text)["data"]
    return Load(loaded=sum(m.get("state") == "loaded" and m.get("type") != "embeddings" for m in models))


KIND = ServerKind(
    name="lmstudio",
    identify=identify,
    endpoints=(Endpoint(NATIVE_PATH, native_body, "lmstudio", talks=False), *openai.ENDPOINTS),
    embeddings=embeddings.ENDPOINTS,
    reader=Reader(chunk, times),
    request_counter=openai.not_counted,
    load_counters=(
        LoadCounters("/api/v1/models", SELDOM_S, load_v1),
        LoadCounters("/api/v0/models", SELDOM_S, load_v0),
    ),
    keeps_models_by="auto-evict off",
    listens_to_all_by="lms server start --bind 0.0.0.0",
    ports=(1234, 1235),
)
