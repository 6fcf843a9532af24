"""What to ask each kind of server about its load, and how to read the answer. Pure; GET only."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

OFTEN_S = 0.25  # counters that cost the server microseconds
SELDOM_S = 1.0  # long lists, or metrics that the server puts together for each question


@dataclass(frozen=True, slots=True)
class Counters:
    """The server's own numbers, as columns of the witness; None where it does not tell."""

    busy: int | None = None
    waiting: int | None = None
    slots: int | None = None
    loaded: int | None = None
    decodes: int | None = None
    busy_per_decode: float | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """A path of the server and the reader of its answer, which raises ValueError at what it does not know."""

    path: str
    every_s: float
    read: Callable[[str], Counters]


def llamacpp_metrics(text: str) -> Counters:
    found = _metrics(text, "llamacpp")
    return Counters(
        busy=_whole(found["requests_processing"]),
        waiting=_whole(found.get("requests_deferred")),
        decodes=_whole(found.get("n_decode_total")),
        busy_per_decode=found.get("n_busy_slots_per_decode"),
    )


def llamacpp_slots(text: str) -> Counters:
    slots = json.loads(text)
    # older servers tell a state: 1 is processing
    return Counters(busy=sum(bool(s.get("is_processing", s.get("state"))) for s in slots), slots=len(slots))


def vllm_metrics(text: str) -> Counters:
    found = _metrics(text, "vllm")
    return Counters(
        busy=_whole(found["num_requests_running"]), waiting=_whole(found.get("num_requests_waiting"))
    )


def ollama_ps(text: str) -> Counters:
    return Counters(loaded=len(json.loads(text)["models"]))


def lmstudio_v1(text: str) -> Counters:
    """Slots only if every loaded copy tells its own; embedding models have none and do not count."""
    models = [m for m in json.loads(text)["models"] if m.get("type") != "embedding"]
    copies = [copy for m in models for copy in m.get("loaded_instances") or ()]
    slots = [copy.get("config", {}).get("parallel") for copy in copies]
    known = bool(slots) and all(isinstance(s, int) for s in slots)
    return Counters(loaded=len(copies), slots=sum(slots) if known else None)


def lmstudio_v0(text: str) -> Counters:
    models: Sequence[Mapping[str, Any]] = json.loads(text)["data"]
    loaded = [m for m in models if m.get("state") == "loaded" and m.get("type") != "embeddings"]
    return Counters(loaded=len(loaded))


# By kind of server, the better question first: the first that is answered is the one that is kept.
QUESTIONS: Mapping[str, tuple[Question, ...]] = {
    "llamacpp": (
        Question("/metrics", OFTEN_S, llamacpp_metrics),  # needs --metrics
        Question("/slots", OFTEN_S, llamacpp_slots),
    ),
    "vllm": (Question("/metrics", SELDOM_S, vllm_metrics),),
    "ollama": (Question("/api/ps", SELDOM_S, ollama_ps),),
    "lmstudio": (
        Question("/api/v1/models", SELDOM_S, lmstudio_v1),
        Question("/api/v0/models", SELDOM_S, lmstudio_v0),
    ),
}

_LINE = re.compile(r"^(\w+):(\w+)(?:\{[^}]*\})?\s+(\S+)", re.MULTILINE)


def _metrics(text: str, prefix: str) -> dict[str, float]:
    """Values of a Prometheus text by name without prefix; label sets (models, engines) are added up."""
    found: dict[str, float] = {}
    for owner, name, value in _LINE.findall(text):
        if owner == prefix:
            found[name] = found.get(name, 0.0) + float(value)
    return found


def _whole(value: float | None) -> int | None:
    return None if value is None else round(value)
