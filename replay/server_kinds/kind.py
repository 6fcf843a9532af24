"""What dialects speak of: an answer to a GET, what a server says it is, and a way to ask it."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to one GET."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)  # names in lower case
    text: str = ""

    @property
    def document(self) -> Any:
        """The JSON of a 200 answer; None for all else, and for LM Studio's 200 with an error in the body."""
        try:
            body = json.loads(self.text) if self.status == 200 else None
        except (ValueError, RecursionError):
            return None
        return None if isinstance(body, dict) and body.get("error") else body


Get = Callable[[str], Reply]  # of a path; raises what the connection raises


@dataclass(frozen=True, slots=True)
class Model:
    """One model that a server offers; None is what it does not say."""

    id: str
    loaded: bool | None = None
    slots: int | None = None  # of this model
    context: int | None = None  # tokens, as loaded
    shared_context: bool = False  # all requests at once have to fit into it
    details: Mapping[str, Any] = field(default_factory=dict)  # format, quantization …


@dataclass(frozen=True, slots=True)
class Server:
    """What a server says it is, now."""

    models: tuple[Model, ...]
    says: Mapping[str, Any] = field(default_factory=dict)  # version, build …
    ways: int = 0  # the first of the dialect's ways that this version knows
    identity: str | None = None  # inner state that no second program would have
    notes: tuple[str, ...] = ()  # hazards in words: what it may do that would spoil the measurement


@dataclass(frozen=True, slots=True)
class Ask:
    """One request, whatever way it is sent."""

    content: str
    model: str | None
    max_tokens: int
    temperature: float
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Way:
    """An endpoint, its body, and how its answer is read (a name in `replay.server_kinds.READERS`)."""

    path: str
    body: Callable[[Ask], dict[str, Any]]
    reader: str = "openai"


@dataclass(frozen=True, slots=True)
class Times:
    """How long the server says it took for what; None is what it does not say."""

    queue_s: float | None = None
    load_s: float | None = None
    prefill_s: float | None = None
    decode_s: float | None = None


Stamped = Sequence[tuple[float, dict[str, Any]]]  # (arrival, event) of one answer, in order


def entry(value: Any, key: str) -> dict[str, Any]:
    """The JSON object below a key; {} if there is none."""
    found = value.get(key) if isinstance(value, dict) else None
    return found if isinstance(found, dict) else {}


def objects(value: Any) -> list[dict[str, Any]]:
    """The JSON objects of a list; [] if it is none."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def name_of(value: Mapping[str, Any], *keys: str) -> str | None:
    """The first of these keys that holds a text; careful: what is no text may not even be hashable."""
    return next((found for key in keys if isinstance(found := value.get(key), str) and found), None)


def whole(value: Any) -> int | None:
    return value if type(value) is int and value >= 0 else None


def seconds(value: Any, unit_s: float) -> float | None:
    """A duration in seconds; None if it is no number of `unit_s` each."""
    return float(value * unit_s) if type(value) in (int, float) and 0 <= value < 1e15 else None
