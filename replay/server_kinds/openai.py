"""OpenAI's chat completions and nothing beyond: what every other dialect falls back on."""

import re
from typing import Any

from replay.server_kinds.kind import Ask, Get, Model, Server, Stamped, Times, Way, entry, objects, seconds

KIND = "openai"
PATH = "/v1/chat/completions"


def bare_body(ask: Ask) -> dict[str, Any]:
    """A streamed chat completion. No `seed`: it makes some servers answer one at a time."""
    named = {"model": ask.model} if ask.model is not None else {}
    return {
        **named,
        "messages": [{"role": "user", "content": ask.content}],
        "max_tokens": ask.max_tokens,
        "temperature": ask.temperature,
        "stream": True,
        **ask.extra,
    }


def body(ask: Ask) -> dict[str, Any]:
    """With usage, which strict servers refuse."""
    return {"stream_options": {"include_usage": True}, **bare_body(ask)}


def with_fields(fields: dict[str, Any]) -> Way:
    """The usual way with fields that a dialect is known to accept; `extra` goes before them."""
    return Way(PATH, lambda ask: fields | body(ask))


USUAL, BARE = Way(PATH, body), Way(PATH, bare_body)
WAYS = (USUAL, BARE)


def look(get: Get) -> Server | None:
    """Any server with a list of models."""
    models = listed(get)
    return None if models is None else Server(tuple(Model(m["id"]) for m in models))


def listed(get: Get) -> list[dict[str, Any]] | None:
    """The entries of GET /v1/models that have an id; None if there is no such list."""
    told = get("/v1/models").document
    if not isinstance(told, dict) or not isinstance(told.get("data"), list):
        return None
    return [m for m in objects(told["data"]) if isinstance(m.get("id"), str)]


def served(get: Get) -> str | None:
    """Nothing here tells."""
    return None


def counter(get: Get, path: str, name: str) -> str | None:
    """The values of one counter in a Prometheus text, one per engine or model; None if there is none."""
    reply = get(path)
    found = re.findall(rf"^{re.escape(name)}(?:{{[^}}]*}})?\s+(\S+)", reply.text, re.MULTILINE)
    return " ".join(found) if found and reply.status == 200 else None


def chunk(event: dict[str, Any]) -> dict[str, Any]:
    """An event of the stream as OpenAI's chunk, which it is."""
    return event


def times(send_s: float | None, events: Stamped) -> Times:
    """llama.cpp's `timings` in milliseconds, which its fronts pass on; others say nothing."""
    told = next((found for _, e in reversed(events) if (found := entry(e, "timings"))), {})
    return Times(
        prefill_s=seconds(told.get("prompt_ms"), 1e-3), decode_s=seconds(told.get("predicted_ms"), 1e-3)
    )
