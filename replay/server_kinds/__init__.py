"""Which program answers, learnt by asking (GET only), how to ask it, and how to read what it says.

One module per program, all behind `Dialect`; three kinds of answers, read by a `Reader` each.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Protocol

from replay.server_kinds import openai
from replay.server_kinds.apps import lmstudio, ollama
from replay.server_kinds.engines import llamacpp, mlx, vllm
from replay.server_kinds.kind import Ask, Get, Model, Reply, Server, Stamped, Times, Way
from replay.server_kinds.proxies import litellm, llama_swap

__all__ = [
    "DIALECTS",
    "KINDS",
    "READERS",
    "Ask",
    "Dialect",
    "Get",
    "Model",
    "Reader",
    "Reply",
    "Server",
    "Times",
    "Way",
    "identify",
]


class Dialect(Protocol):
    """What a module of this package offers."""

    @property
    def KIND(self) -> str:  # the name of it in scenarios and reports
        ...

    @property
    def WAYS(self) -> tuple[Way, ...]:  # to ask for an answer, the one that tells most first
        ...

    def look(self, get: Get) -> Server | None:
        """What the server says: its models, which are loaded, their slots. None: another program."""

    def served(self, get: Get) -> str | None:
        """Something that changes with every request the server answers; None if it shows nothing."""


@dataclass(frozen=True, slots=True)
class Reader:
    """How the events of one interface are read."""

    chunk: Callable[[dict[str, Any]], dict[str, Any]]  # an event → OpenAI's chunk
    times: Callable[[float | None, Stamped], Times]  # the server's own, from all events
    lines: bool = False  # a JSON document per line instead of server-sent events


# In the order they are asked: those with paths of their own before those that only differ in words.
DIALECTS: Final[tuple[Dialect, ...]] = (
    llamacpp,
    lmstudio,
    llama_swap,
    ollama,
    vllm,
    litellm,
    mlx,
    openai,
)
KINDS: Final = tuple(d.KIND for d in DIALECTS)
READERS: Final = {
    "openai": Reader(openai.chunk, openai.times),
    "lmstudio": Reader(lmstudio.chunk, lmstudio.times),
    "ollama": Reader(ollama.chunk, ollama.times, lines=True),
}


def identify(get: Get, kind: str | None = None) -> tuple[Dialect, Server] | None:
    """The program that `get` asks and what it says; None if it is no LLM server.

    `kind`: what the scenario says it is; only that dialect is tried then.
    """
    for dialect in DIALECTS:
        if kind in (None, dialect.KIND) and (server := dialect.look(get)) is not None:
            return dialect, server
    return None
