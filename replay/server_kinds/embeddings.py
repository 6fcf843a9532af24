"""Embeddings: texts in, as many vectors out, in one answer. OpenAI's interface, which most kinds have."""

import base64
import binascii
import math
from collections.abc import Mapping
from typing import Any

from replay.server_kinds.kind import Ask, Endpoint, Reader, Stamped, Times, entry

PATH = "/v1/embeddings"


def body(ask: Ask) -> dict[str, Any]:
    named = {"model": ask.model} if ask.model is not None else {}
    return {**named, "input": list(ask.texts), **ask.extra}


ENDPOINT = Endpoint(PATH, body, "embeddings", talks=False)
ENDPOINTS = (ENDPOINT,)


def chunk(event: dict[str, Any]) -> dict[str, Any]:
    """The answer with its number of vectors, in the form of OpenAI's chunk; {} if it holds none at all."""
    data = event.get("data")
    if not isinstance(data, list):
        return answered(event, None, {})
    vectors = [item.get("embedding") if isinstance(item, dict) else None for item in data]
    return answered(event, vectors, entry(event, "usage"))


def answered(event: dict[str, Any], vectors: Any, usage: Mapping[str, Any]) -> dict[str, Any]:
    """OpenAI's chunk of an answer with these vectors; the server's own error goes before them."""
    if event.get("error"):
        return {"error": event["error"]}
    if not isinstance(vectors, list):
        return {}
    count = {"vectors": whole_vectors(vectors)}
    return {"model": event.get("model"), "choices": [{}], "usage": dict(usage)} | count


def whole_vectors(vectors: list[Any]) -> int:
    """How many are vectors of one size: finite numbers, or the same in base64."""
    sizes = [_size(vector) for vector in vectors]
    first = next((size for size in sizes if size), 0)
    return sum(size == first for size in sizes) if first else 0


def _size(vector: Any) -> int:
    """Of numbers, or of bytes in base64; 0 if it is no vector."""
    if isinstance(vector, str):
        try:
            return len(base64.b64decode(vector, validate=True))
        except (binascii.Error, ValueError):
            return 0
    if not isinstance(vector, list) or not vector:
        return 0
    if all(isinstance(part, list) for part in vector):  # one for each token, where a server pools none
        sizes = {_size(part) for part in vector}
        return sizes.pop() if len(sizes) == 1 else 0
    return len(vector) if all(type(n) in (int, float) and math.isfinite(n) for n in vector) else 0


def times(send_s: float | None, events: Stamped) -> Times:
    """Nothing: OpenAI's interface shows none."""
    return Times()


READER = Reader(chunk, times, answer="vectors")
