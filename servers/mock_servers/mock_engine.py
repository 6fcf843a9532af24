"""What every mock server is made of: models in memory, slots, a queue, tokens at their instants.

Who is served when is the queueing model's business; slots count per model, as in the real programs.
"""

import asyncio
import itertools
import math
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field

from servers.queue_model import Job, Policy, Port, Request
from servers.simulator.live import LiveMachine

TEMPLATE = ("<|im_start|>", "user", "<|im_end|>", "<|im_start|>")  # what it adds to a message
BROKEN_AFTER = 3  # tokens, of --quirk error-midstream

QUIRKS = {
    "jit": "no model is in memory at first; the first request loads it",
    "evict": "loading a model pushes the others out",
    "loading": "the server itself is not ready yet: 503 to all (old: but to the list of models)",
    "says-loading": "llama-swap sends messages about loading before the first token",
    "empty": "no model is there, or none is listed",
    "error-midstream": f"every stream breaks after {BROKEN_AFTER} tokens, in the server's own words",
    "unified": "all requests share one context; when it is full, all break at once",
    "one-prefill": "prompts are read one at a time, while answers are written together",
    "reasoning": "the first half of each answer is reasoning",
    "strict": "fields of the body that plain OpenAI had not at first are refused",
    "embeddings": "its models make vectors only: chats are refused",
    "hidden": "no metrics and no list of slots",
    "cache": "the beginning of a prompt that was read before is not read again",
    "old": "an older version: other interfaces, other errors",
    "router": "llama.cpp started without a model: it loads them on demand",
}


class Refusal(Exception):
    """A request that is not served: the status the server answers with, and its words."""

    def __init__(self, status: int, message: str, code: str | None = None) -> None:
        super().__init__(message)
        self.status, self.code = status, code


class Broken(Exception):
    """The server gives up in the middle of a stream, with these words."""


@dataclass(frozen=True, slots=True)
class Setup:
    """How a mock server is set up."""

    models: tuple[str, ...] = ("mock-model",)  # on disk
    slots: int = 1  # per model in memory
    compute: float = math.inf  # solo streams that the machine is worth
    ttft_s: float = 0.05
    tpot_s: float = 0.01
    load_s: float = 0.5
    context: int = 4096  # tokens
    queue: int | None = None  # requests that may wait or be served; one more is refused
    key: str | None = None  # wanted of every request
    idle_s: float = 5.0  # after which an idle connection is closed
    quirks: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Ask:
    """What a client asks for, at any endpoint."""

    model: str
    prompt_tokens: int
    max_tokens: int
    stream: bool
    usage: bool = False  # within the stream
    words: tuple[str, ...] = ()  # the prompt
    cache: bool = True  # what was read before may be used


@dataclass(slots=True)
class Served:
    """What the server knows of one answer; instants on the loop's clock."""

    number: int
    ask: Ask
    arrival_s: float
    load_s: float = 0.0
    cached_tokens: int = 0  # of the prompt
    request: Request | None = None
    tokens: int = 0  # so far
    prefill_at_s: float | None = None  # when the slot was free
    first_s: float | None = None
    last_s: float | None = None
    broken: str | None = None  # why the server gives it up, with its next token

    @property
    def prefill_s(self) -> float:
        return (self.first_s or 0.0) - (self.prefill_at_s or 0.0)

    @property
    def decode_s(self) -> float:
        return (self.last_s or 0.0) - (self.first_s or 0.0)


@dataclass(slots=True)
class MockEngine:
    """One server program: its models, its slots, and its counters. Needs a running loop."""

    setup: Setup
    loaded: list[str] = field(init=False)
    open: list[Served] = field(default_factory=list)
    prompt_tokens: int = 0  # counters, since the start
    output_tokens: int = 0
    decodes: float = 0.0  # steps: all that hold a slot get their next token in one
    read: list[tuple[str, ...]] = field(default_factory=list)  # prompts, where they are kept
    used: dict[str, float] = field(default_factory=dict)  # models, since 1970: when last asked for
    began_s: float = field(default_factory=time.time)
    _machine: LiveMachine = field(init=False)
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    _one_loads: asyncio.Lock = field(default_factory=asyncio.Lock)

    def __post_init__(self) -> None:
        self.loaded = [] if self.does("jit") or self.does("router") else list(self.setup.models)
        if self.does("evict"):
            self.loaded = self.loaded[:1]
        port = Port(model_slots=self.setup.slots, prefills=1 if self.does("one-prefill") else math.inf)
        self._machine = LiveMachine(Policy(compute=self.setup.compute, port=port))

    def does(self, quirk: str) -> bool:
        return quirk in self.setup.quirks

    @property
    def now_s(self) -> float:
        return asyncio.get_running_loop().time()

    @property
    def running(self) -> list[Served]:
        """Those that hold a slot."""
        return [s for s in self.open if s.request is not None and s.request.admission_s is not None]

    @property
    def waiting(self) -> list[Served]:
        return [s for s in self.open if s not in self.running]

    def admit(self, ask: Ask) -> Served:
        """A place in the queue. Raises Refusal where it is full or the context too small."""
        if self.setup.queue is not None and len(self.open) >= self.setup.queue:
            raise Refusal(429, "too many requests", "busy")
        if ask.prompt_tokens >= self.setup.context:
            words = f"the request ({ask.prompt_tokens} tokens) exceeds the available context size"
            raise Refusal(400, f"{words} ({self.setup.context} tokens)", "context")
        self.used[ask.model] = time.time()
        return Served(next(self._numbers), ask, self.now_s, cached_tokens=self._known_tokens(ask))

    def _known_tokens(self, ask: Ask) -> int:
        """How much of the prompt's beginning was read before; the last word always is read again."""
        if not self.does("cache"):
            return 0
        known = [_alike(ask.words[:-1], old) for old in self.read if ask.cache]
        self.read.append(ask.words)
        return max(known, default=0)

    async def tokens(self, served: Served) -> AsyncIterator[int]:
        """The number of each token, at its instant. Raises Broken where the server gives up."""
        ask = served.ask
        self.open.append(served)
        try:
            await self.load(served)
            job = Job(
                port=0,
                prefill_s=self.setup.ttft_s * (1 - served.cached_tokens / ask.prompt_tokens),
                tpot_s=self.setup.tpot_s,
                tokens=ask.max_tokens,
                model=ask.model,
            )
            inbox: asyncio.Queue[int] = asyncio.Queue()
            served.request = self._machine.arrive(job, self.now_s, inbox.put_nowait)
            for _ in range(ask.max_tokens):
                index = await inbox.get()
                self._count(served, served.request.token_s[index])
                self._break_maybe(served)
                yield index
        finally:
            self.open.remove(served)
            if served.request is not None:
                self._machine.leave(served.request)

    async def load(self, served: Served) -> None:
        """Brings the model into memory, one at a time, if it is not there."""
        started_s = self.now_s
        if await self.bring(served.ask.model):
            served.load_s = self.now_s - started_s

    async def bring(self, model: str) -> bool:
        """Whether it had to load the model."""
        async with self._one_loads:
            if model in self.loaded:
                return False
            await asyncio.sleep(self.setup.load_s)
            self.loaded = [*([] if self.does("evict") else self.loaded), model]
            return True

    def _count(self, served: Served, at_s: float) -> None:
        served.last_s = at_s
        served.tokens += 1
        self.output_tokens += 1
        self.decodes += 1 / max(len(self.running), 1)
        if served.first_s is None:
            self.prompt_tokens += served.ask.prompt_tokens
            served.first_s = at_s
            served.prefill_at_s = served.request.admission_s if served.request else at_s

    def _break_maybe(self, served: Served) -> None:
        if self.does("error-midstream") and served.tokens > BROKEN_AFTER:
            served.broken = "the model has crashed"
        used = sum(s.ask.prompt_tokens + s.tokens for s in self.running)
        if self.does("unified") and used > self.setup.context:
            for one in self.running:
                one.broken = "Context size has been exceeded."
        if served.broken is not None:
            raise Broken(served.broken)


def _alike(words: tuple[str, ...], others: tuple[str, ...]) -> int:
    """How many words both begin with."""
    same = itertools.takewhile(lambda pair: pair[0] == pair[1], zip(words, others, strict=False))
    return sum(1 for _ in same)


def words_of(messages: object) -> tuple[str, ...]:
    """The prompt: its words, and the template's before each message."""
    if not isinstance(messages, list):
        raise Refusal(400, "'messages' must be a list")
    texts = [str(m.get("content")).split() for m in messages if isinstance(m, dict)]
    return tuple(word for text in texts for word in (*TEMPLATE, *text))


def word(index: int) -> str:
    """The text of one token."""
    return f" w{index}"
