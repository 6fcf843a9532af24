"""OpenAI's chat completions and nothing beyond: what every other kind falls back on."""

from typing import Any

from replay.server_kinds import embeddings
from replay.server_kinds.kind import (
    Ask,
    Endpoint,
    Get,
    Model,
    Reader,
    Server,
    ServerKind,
    Stamped,
    Times,
    entry,
    name_of,
    objects,
    seconds,
)
from replay.server_kinds.prometheus import metrics

PATH = "/v1/chat/completions"


def bare_body(ask: Ask) -> dict[str, Any]:
    """A streamed chat completion. No `seed`: it makes some servers answer one at a time."""
    named = {"model": ask.model} if ask.model is not None else {}
    return {
        **named,
        "messages": ask.messages,
        "max_tokens": ask.max_tokens,
        "temperature": ask.temperature,
        "stream": True,
        **ask.extra,
    }


def body(ask: Ask) -> dict[str, Any]:
    """With usage, which strict servers refuse."""
    return {"stream_options": {"include_usage": True}, **bare_body(ask)}


def with_fields(fields: dict[str, Any]) -> Endpoint:
    """The usual endpoint with fields that a kind is known to accept; `extra` overrides them."""
    return Endpoint(PATH, lambda ask: fields | body(ask))


# of llama.cpp, and of what stands before it. ignore_eos: every answer is as long as asked; cache_prompt: no
# answer is helped by another
FULL = with_fields({"cache_prompt": False, "ignore_eos": True})
USUAL, BARE = Endpoint(PATH, body), Endpoint(PATH, bare_body)
ENDPOINTS = (USUAL, BARE)


def identify(get: Get) -> Server | None:
    """Any server with a list of models."""
    models = listed(get)
    return None if models is None else Server(tuple(Model(m["id"]) for m in models))


def listed(get: Get) -> list[dict[str, Any]] | None:
    """The entries of GET /v1/models, each with an `id`; None if there is no such list.

    Of any form: below `data` or `models` or bare, entries or names or entries by name, null.
    """
    document = get("/v1/models").document
    if isinstance(document, dict):
        if not {"data", "models"} & set(document):
            return None
        data = document.get("data")
        document = document.get("models") if data is None else data
        if not isinstance(document, list | dict | None):
            return None
    elif not isinstance(document, list):
        return None
    if isinstance(document, dict):
        document = [{"id": name} | (m if isinstance(m, dict) else {}) for name, m in document.items()]
    entries = [{"id": m} if isinstance(m, str) else m for m in document or []]
    named = [(name_of(m, "id", "name", "model"), m) for m in objects(entries)]
    return [m | {"id": name} for name, m in named if name is not None]


def not_counted(get: Get) -> None:
    """The `request_counter` of a kind that shows none."""


def counter(get: Get, name: str) -> str | None:
    """The values of one counter of `/metrics`, one per engine or model; None if there is none."""
    reply = get("/metrics")
    values = metrics(reply.text).get(name) if reply.status == 200 else None
    return " ".join(values) if values else None


def chunk(event: dict[str, Any]) -> dict[str, Any]:
    """An event of the stream as OpenAI's chunk, which it is."""
    return event


def times(send_s: float | None, events: Stamped) -> Times:
    """llama.cpp's `timings` in milliseconds, which its proxies pass on; other servers have none."""
    timings = next((t for _, e in reversed(events) if (t := entry(e, "timings"))), {})
    return Times(
        prefill_s=seconds(timings.get("prompt_ms"), 1e-3), decode_s=seconds(timings.get("predicted_ms"), 1e-3)
    )


READER = Reader(chunk, times)
KIND = ServerKind(
    name="openai",
    identify=identify,
    endpoints=ENDPOINTS,
    embeddings=embeddings.ENDPOINTS,
    reader=READER,
    request_counter=not_counted,
    load_counters=(),
    keeps_models_by="",
    listens_to_all_by="",
    ports=(9931, 1337, 4891, 10240),  # Jan 1337, GPT4All 4891, oMLX 10240
)
