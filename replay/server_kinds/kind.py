"""`ServerKind`: the parts that the file of each kind of server states, and the types they are made of."""

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple, dataclass, field
from typing import Any

from analysis.advice.by_status import ACCESS
from replay.client.server_words import refusal

UNREADABLE = "\ufffd"  # stands for bytes and characters that cannot be sent back
SURROGATE = re.compile("[\ud800-\udfff]")
DEPTH = 50  # of a reply's JSON
NO_KEY = 401
REFUSED = (NO_KEY, 403)  # for want of a key, or for whatever else the words say
LOADING = "it is loading its model; try again in a moment"
ROLE, ROUTER = "role", "router"  # a fact: the server counts the load of each model by itself


@dataclass(frozen=True, slots=True)
class GetReply:
    """The answer to one GET."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)  # names in lower case
    text: str = ""

    @property
    def loads(self) -> bool:
        """Whether the server still loads its model: not ready is not failed."""
        return self.status == 503 and "loading" in self.text.lower()

    @property
    def words(self) -> str:
        """Of a refusal: its status and what the server says of it."""
        return refusal(self.status, self.headers, self.text)

    @property
    def document(self) -> Any:
        """The JSON of a 200 answer; None for all else, and for LM Studio's 200 with an error in the body.

        It can be written as JSON again: no infinite number, no lone surrogate, nothing nested deeper than 50.
        """
        try:
            body = _writable(json.loads(self.text)) if self.status == 200 else None
        except (ValueError, RecursionError):
            return None
        return None if isinstance(body, dict) and body.get("error") else body


def _writable(value: Any, depth: int = 0) -> Any:
    """The same value, U+FFFD for what UTF-8 cannot write. Raises ValueError for what JSON cannot."""
    if depth > DEPTH:
        raise ValueError("nested too deep")
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("not a finite number")
    if isinstance(value, str):
        return value if value.isascii() else SURROGATE.sub(UNREADABLE, value)
    if isinstance(value, list):
        return [_writable(item, depth + 1) for item in value]
    if isinstance(value, dict):
        return {_writable(key): _writable(item, depth + 1) for key, item in value.items()}
    return value


Get = Callable[[str], GetReply]  # of a path; raises what the connection raises


@dataclass(frozen=True, slots=True)
class Model:
    """One model that a server offers; None is what the server does not show."""

    id: str
    loaded: bool | None = None
    slots: int | None = None  # of this model
    context: int | None = None  # tokens, as loaded
    shared_context: bool = False  # all requests at once have to fit into it
    details: Mapping[str, Any] = field(default_factory=dict)  # format, quantization …
    size: int | None = None  # bytes: in memory if it is loaded, else of its files
    copies: tuple[str, ...] = ()  # of it in memory, under other names: nothing shows which one answers
    embeds: bool = False  # it makes vectors and writes no text


@dataclass(frozen=True, slots=True)
class Server:
    """What a server shows of itself, now."""

    models: tuple[Model, ...]
    facts: Mapping[str, Any] = field(default_factory=dict)  # version, build …
    first_endpoint: int = 0  # of its kind's endpoints, the first that this version has
    identity: str | None = None  # inner state that no second program would have
    notes: tuple[str, ...] = ()  # hazards in words: what it may do that would spoil the measurement
    unusable: str = ""  # why no model of it can be asked now, with the remedy
    one_per_host: str = ""  # its name, if one host runs one server of this kind, whatever its ports


@dataclass(frozen=True, slots=True)
class Ask:
    """The content of one request, for any endpoint."""

    content: str
    model: str | None
    max_tokens: int
    temperature: float
    extra: Mapping[str, Any] = field(default_factory=dict)
    before: tuple[Mapping[str, str], ...] = ()  # messages of the conversation so far: role and content
    texts: tuple[str, ...] = ()  # of which vectors are wanted, at an endpoint for embeddings

    @property
    def messages(self) -> list[dict[str, str]]:
        return [*map(dict, self.before), {"role": "user", "content": self.content}]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a request goes, its body, and how its answer is read (a name in `server_kinds.READERS`)."""

    path: str
    body: Callable[[Ask], dict[str, Any]]
    reader: str = "openai"
    talks: bool = True  # takes the messages of a conversation


@dataclass(frozen=True, slots=True)
class Times:
    """The server's own account of one request; None is what it does not measure."""

    queue_s: float | None = None
    load_s: float | None = None
    prefill_s: float | None = None
    decode_s: float | None = None


Stamped = Sequence[tuple[float, dict[str, Any]]]  # (arrival, event) of one answer, in order


@dataclass(frozen=True, slots=True)
class Reader:
    """How the events of one interface are read."""

    chunk: Callable[[dict[str, Any]], dict[str, Any]]  # an event → OpenAI's chunk
    times: Callable[[float | None, Stamped], Times]  # the server's own, from all events
    lines: bool = False  # a JSON document per line instead of server-sent events
    answer: str = "choices"  # what a document that is a whole answer holds


@dataclass(frozen=True, slots=True)
class Load:
    """The server's load at one moment, by its own counters; None is what it does not count."""

    busy: int | None = None
    waiting: int | None = None
    slots: int | None = None
    loaded: int | None = None
    decodes: int | None = None
    busy_per_decode: float | None = None
    drafted: int | None = None
    accepted: int | None = None
    preempted: int | None = None


OFTEN_S = 0.25  # for counters that cost the server microseconds
MOST = 1e12  # of anything that a server counts
SELDOM_S = 1.0  # for long lists, or metrics that the server computes for each GET


@dataclass(frozen=True, slots=True)
class LoadCounters:
    """A path that shows the load, and how its text is read."""

    path: str  # `{model}` in it: of the model's own server, known only while the model is in memory
    every_s: float
    read: Callable[[str], Load]  # may raise whatever an odd text makes it raise: call `load`

    def load(self, text: str) -> Load:
        """The load that the text shows. Raises ValueError where it has another format, or cannot be true."""
        try:
            load = self.read(text)
        except (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError) as error:
            raise ValueError(f"not as expected: {type(error).__name__}") from None
        if any(v is not None and not 0 <= v < MOST for v in astuple(load)):
            raise ValueError("a figure that cannot be")
        return load


@dataclass(frozen=True, slots=True)
class ServerKind:
    """One kind of server. No part has a default: a kind that forgets one cannot be made."""

    name: str  # in scenarios, reports, next_steps.yaml and of its mock server
    identify: Callable[[Get], Server | None]  # None: another kind of server answers
    endpoints: tuple[Endpoint, ...]  # the one that shows most first
    embeddings: tuple[Endpoint, ...]  # the same, for texts of which vectors are wanted
    reader: Reader  # of its own interface; OpenAI's where it has none
    request_counter: Callable[[Get], str | None]  # changes with every answered request; None: not shown
    load_counters: tuple[LoadCounters, ...]  # the first that answers is kept; (): it shows none
    keeps_models_by: str  # the setting that keeps two models in memory; "": it never unloads one
    listens_to_all_by: str  # what makes it answer other machines; "": unknown
    ports: tuple[int, ...]  # where it usually listens


def refused(reply: GetReply) -> str:
    """The server's own words in a refusal, and what usually helps: 401 alone asks for a key."""
    return f"{reply.words}; {ACCESS[reply.status]}" if reply.status in ACCESS else reply.words


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


def rounded(value: float | None) -> int | None:
    return None if value is None else round(value)
