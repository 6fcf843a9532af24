"""The tokens that each turn read, told by the server or inferred from its first token, and what was kept.

n: tokens of the prompt. h: those of the turn before and of its answer, which is the history. c: those that
everybody has in common. kept = 1 − max(0, read − (n − h) − 16) / (h − c), within 0 … 1.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from analysis.files.request_record import RequestRecord
from analysis.prompts.talk.line import Line
from analysis.prompts.talk.parts import Conversation
from analysis.thresholds import TALK_KEPT, TALK_LOST, TALK_SPARE_TOKENS


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn from the second on."""

    number: int
    sent: int  # tokens of its prompt
    history: int
    told: int | None  # tokens read, as the server tells; None: it does not
    inferred: float | None  # from its first token; None: not sharp enough
    common: int
    ttft_s: float | None

    @property
    def read(self) -> float | None:
        return self.told if self.told is not None else self.inferred

    @property
    def kept_share(self) -> float | None:
        return self._kept(self.read)

    def _kept(self, read: float | None) -> float | None:
        old = self.history - self.common
        if read is None or old <= 0:
            return None
        again = max(0.0, read - (self.sent - self.history) - TALK_SPARE_TOKENS)
        return min(max(1 - again / old, 0.0), 1.0)

    @property
    def kept(self) -> bool | None:
        """None where it is neither kept nor lost, or unknown."""
        share = self.kept_share
        if share is None or TALK_LOST < share < TALK_KEPT:
            return None
        return share >= TALK_KEPT

    @property
    def contradicts(self) -> bool:
        """The server tells another number than its first token shows."""
        if self.told is None or self.inferred is None:
            return False
        return abs(self.told - self.inferred) > self.history / 3

    def by_time(self) -> "Turn":
        """The same, with what the server tells put aside."""
        return Turn(self.number, self.sent, self.history, None, self.inferred, self.common, self.ttft_s)


def prompt_tokens(r: RequestRecord) -> int | None:
    if r.prompt_tokens is not None:
        return r.prompt_tokens
    return None if r.prompt_words is None else round(1.3 * r.prompt_words)


def common_tokens(found: Sequence[Conversation]) -> int:
    """The most that any first turn of these found in the cache: template and common system message."""
    return max((c.turns[0].cached_tokens or 0 for c in found if c.turns), default=0)


def turns_of(conversation: Conversation, line: Line | None, common: int, timed: bool) -> list[Turn]:
    """`timed`: nobody waits for anybody in this part, so that a first token shows the reading alone."""
    found = []
    for before, r in pairwise(conversation.turns):
        sent, earlier = prompt_tokens(r), prompt_tokens(before)
        if r.error is not None or before.error is not None or sent is None or earlier is None:
            continue
        history = earlier + (before.tokens or 0)
        told = None if r.cached_tokens is None else sent - r.cached_tokens
        inferred = _inferred(r, line, history) if timed else None
        found.append(Turn(r.turn or 0, sent, history, told, inferred, common, r.ttft_s))
    return found


def _inferred(r: RequestRecord, line: Line | None, history: int) -> float | None:
    if line is None or r.ttft_s is None:
        return None
    read, half = line.read(r.ttft_s)
    return max(read, 0.0) if half < history / 2 else None
