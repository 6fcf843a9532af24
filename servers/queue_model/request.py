"""One job, and its way through the machine."""

import math
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Job:
    """What one request needs if it is alone; alone it takes `solo_s`."""

    port: int
    prefill_s: float
    tpot_s: float
    tokens: int  # at least 1
    overhead_s: float = 0.0  # before it joins the queue: HTTP, template; no compute, delays no other request
    model: str = ""
    prompt: tuple[str, ...] = ()  # its words, for the prompt cache only

    @property
    def solo_s(self) -> float:
        """From arrival to the last token on an idle machine, its model loaded and nothing cached."""
        return self.overhead_s + self.prefill_s + self.tpot_s * (self.tokens - 1)


@dataclass(slots=True, eq=False)
class Request:
    """A job on its way. Only the machine writes here; instants in s, None until they came."""

    job: Job
    arrival_s: float
    rank: float = 0.0  # the smallest leaves the queue first
    admission_s: float | None = None  # it got its slot
    ready_s: float | None = None  # and its model was in memory: later than admission if it was loaded
    cached: float = 0.0  # share of the prompt found in the cache, known at admission
    token_s: list[float] = field(default_factory=list)  # of the tokens so far
    pieces: int = 0  # of its prefill that are done
    # On the machine's own clock: when its pace changed last, solo seconds done until then, the pace since.
    loaded: bool = False
    since_s: float = 0.0
    done_s: float = 0.0
    pace: float = 0.0
    version: int = 0  # an event of an older version is void

    @property
    def first_token_s(self) -> float | None:
        """The instant of the first token."""
        return self.token_s[0] if self.token_s else None

    @property
    def end_s(self) -> float | None:
        """The instant of the last token."""
        return self.token_s[-1] if len(self.token_s) == self.job.tokens else None

    def work_s(self, token: int) -> float:
        """Solo seconds from the start of prefill to token number `token`, counted from 0."""
        return self.job.prefill_s * (1.0 - self.cached) + self.job.tpot_s * token

    def next_work_s(self, piece_s: float = math.inf) -> float:
        """Solo seconds from the start of prefill to the next token, or to the end of a piece of prefill."""
        token_s = self.work_s(len(self.token_s))
        piece_ends_s = piece_s * (self.pieces + 1)
        return piece_ends_s if not self.token_s and piece_ends_s < token_s - 1e-9 else token_s

    def due_s(self, piece_s: float = math.inf) -> float:
        """The next of these on the machine's own clock, if nothing changes; infinite at a standstill."""
        if not self.pace:
            return math.inf
        return self.since_s + max(0.0, self.next_work_s(piece_s) - self.done_s) / self.pace
