"""Ollama: its native stream shows how long a request waited, loaded, was read and written."""

import json
from typing import Any

from replay.server_kinds import embeddings, kind, openai
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
    seconds,
    whole,
)

NATIVE_PATH, EMBED_PATH = "/api/chat", "/api/embed"
NANO = 1e-9


def native_body(ask: Ask) -> dict[str, Any]:
    """No `num_ctx` and no `keep_alive`: they would load the model anew, or change how long it stays."""
    return {
        "model": ask.model,
        "messages": ask.messages,
        "stream": True,
        "options": {"num_predict": ask.max_tokens, "temperature": ask.temperature},
    }


def embed_body(ask: Ask) -> dict[str, Any]:
    """A text that is longer than the context is cut by Ollama, as it is by default."""
    return {"model": ask.model, "input": list(ask.texts)}


def identify(get: Get) -> Server | None:
    """By `/api/version` and `/api/tags`; what is in memory by `/api/ps`. It does not show its slots."""
    version = get("/api/version").document
    if not isinstance(version, dict) or "version" not in version:
        return None
    tags = get("/api/tags").document
    if not isinstance(tags, dict) or not isinstance(tags.get("models", 0), list | None):
        return None  # careful: llama-swap has an /api/version too
    running = get("/api/ps").document
    in_memory = {
        name_of(m, "name", "model"): m
        for m in objects(running.get("models") if isinstance(running, dict) else [])
    }
    models = []
    for listed in objects(tags["models"]):
        name = name_of(listed, "name", "model")
        if name is None:
            continue
        details = kind.entry(listed, "details")
        models.append(
            Model(
                id=name,
                loaded=name in in_memory,
                size=whole(in_memory.get(name, listed).get("size")),
                context=whole(in_memory.get(name, {}).get("context_length")),
                details={
                    "format": details.get("format"),
                    "quantization": details.get("quantization_level"),
                    "digest": listed.get("digest"),
                },
                embeds=_only_embeds(listed.get("capabilities")),
            )
        )
    return Server(
        tuple(models),
        {"version": version["version"]},
        notes=tuple(note for m in in_memory.values() if (note := _beside_the_gpu(m))),
        identity=request_counter(get),
        unusable="" if models else "it has no model; pull one: ollama pull MODEL",
    )


def _only_embeds(capabilities: Any) -> bool:
    """Older versions tell no capabilities."""
    return isinstance(capabilities, list) and "embedding" in capabilities and "completion" not in capabilities


def _beside_the_gpu(running: dict[str, Any]) -> str | None:
    """What is to be known of a model of which only a part lies in the memory of a graphics processor."""
    size, on_gpu = whole(running.get("size")), whole(running.get("size_vram"))
    if not size or on_gpu is None or on_gpu >= size:
        return None
    name, share = name_of(running, "name", "model"), 100 * (1 - on_gpu / size)
    return f"{share:.0f} % of {name} runs on the processor, not on a GPU: all its streams share those cores"


def request_counter(get: Get) -> str | None:
    """When each model will be unloaded, to the nanosecond: each answer moves that."""
    running = get("/api/ps").document
    entries = objects(running.get("models") if isinstance(running, dict) else [])
    return " ".join(sorted(str(m.get("expires_at")) for m in entries)) or None


def chunk(event: dict[str, Any]) -> dict[str, Any]:
    """A line of /api/chat as OpenAI's chunk."""
    if event.get("error"):
        return {"error": event["error"]}
    message = kind.entry(event, "message")
    delta = {"content": message.get("content"), "reasoning": message.get("thinking")}
    if event.get("done") is not True:
        return {"model": event.get("model"), "choices": [{"delta": delta}]}
    return {
        "model": event.get("model"),
        "choices": [{"delta": delta, "finish_reason": event.get("done_reason") or "stop"}],
        "usage": {
            "prompt_tokens": event.get("prompt_eval_count"),
            "completion_tokens": event.get("eval_count"),
            "prompt_tokens_details": {"cached_tokens": event.get("prompt_eval_cached_count")},
        },
    }


def times(send_s: float | None, events: Stamped) -> Times:
    """From the last line, nanoseconds; what no part of the total accounts for is the wait for a slot."""
    end = next((event for _, event in reversed(events) if event.get("done") is True), {})
    total, load, prefill, decode = (
        seconds(end.get(name), NANO)
        for name in ("total_duration", "load_duration", "prompt_eval_duration", "eval_duration")
    )
    queue_s = None
    if total is not None and decode is not None:
        queue_s = max(total - (load or 0.0) - (prefill or 0.0) - decode, 0.0)
    return Times(queue_s, load, prefill, decode)


def embed_chunk(event: dict[str, Any]) -> dict[str, Any]:
    """The one document of /api/embed as OpenAI's chunk."""
    read = {"prompt_tokens": event.get("prompt_eval_count")}
    return embeddings.answered(event, event.get("embeddings"), read)


def embed_times(send_s: float | None, events: Stamped) -> Times:
    """What it took to load the model; how long a request waited is not told."""
    end = next((event for _, event in reversed(events)), {})
    return Times(load_s=seconds(end.get("load_duration"), NANO))


EMBED_READER = Reader(embed_chunk, embed_times, answer="vectors")


def load(text: str) -> Load:
    """From `/api/ps`."""
    return Load(loaded=len(json.loads(text)["models"]))


KIND = ServerKind(
    name="ollama",
    identify=identify,
    endpoints=(Endpoint(NATIVE_PATH, native_body, "ollama"), *openai.ENDPOINTS),
    embeddings=(Endpoint(EMBED_PATH, embed_body, "ollama-embed", talks=False), *embeddings.ENDPOINTS),
    reader=Reader(chunk, times, lines=True),
    request_counter=request_counter,
    load_counters=(LoadCounters("/api/ps", SELDOM_S, load),),
    keeps_models_by="OLLAMA_MAX_LOADED_MODELS",
    listens_to_all_by="OLLAMA_HOST=0.0.0.0",
    ports=(11434, 11435),
)
