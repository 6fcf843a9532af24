"""What has come of an answer so far: its bytes, each piece with its arrival, and whether it has ended."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

TAIL_BYTES = 64
DONE = re.compile(rb"[\r\n]data:\s*\[DONE\]")  # a line: a token may hold the word
FINISH = re.compile(rb'"finish_reason"\s*:\s*"(?!null")|"done"\s*:\s*true')


class Arrival(NamedTuple):
    """When a piece arrived, on time.monotonic()."""

    at_s: float
    lateness_s: float | None  # how much later we read it; None: the stamp is our own
    early_s: float = 0.0  # its first bytes may have come so much before `at_s`


@dataclass(slots=True)
class Reply:
    """What has come of an answer. It grows as bytes arrive, so that a cut leaves what there was."""

    send_s: float | None = None  # just before the request was written
    seen_s: float = 0.0  # arrival of the latest bytes of any kind, at first `send_s`
    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)  # names in lower case
    pieces: list[tuple[Arrival, bytes]] = field(default_factory=list)  # the body
    whole: bool = False  # the body has ended, by HTTP or by its own words
    done: bool = False  # the server said [DONE]: the answer ended there, whatever the connection does
    finished: bool = False  # it gave a finish reason
    after_end: str | None = None  # what its connection did behind that, where HTTP's own end is missing
    tail: bytes = b"\n"  # the latest bytes of the body, which begins a line
    listener: Callable[[], None] | None = None  # is called for every piece

    def note_end(self, data: bytes) -> None:
        """Looks for the words that end an answer; a word may be cut between two pieces."""
        self.tail = self.tail[-TAIL_BYTES:] + data
        self.done = self.done or DONE.search(self.tail) is not None
        self.finished = self.finished or FINISH.search(self.tail) is not None
        if self.listener is not None:
            self.listener()

    @property
    def stamp(self) -> str | None:
        """Who stamped the body: `kernel` only if it did so for every piece."""
        if not self.pieces:
            return None
        return "user" if any(at.lateness_s is None for at, _ in self.pieces) else "kernel"

    @property
    def body(self) -> bytes:
        return b"".join(data for _, data in self.pieces)


def clock_error_s(arrivals: Sequence[Arrival], tokens: Sequence[int], done: bool) -> float | None:
    """By how much the first or the last token may have come earlier than its stamp; None without tokens.

    The kernel stamps the last bytes of a piece: what ended before others of the same piece may be older, by
    all the time since the loop had looked. A stamp of our own is late by as much, whatever the piece holds.
    `arrivals`: of all documents; `tokens`: the places of those with text; `done`: [DONE] came after them.
    """
    last_in = {id(at): i for i, at in enumerate(arrivals)}
    if done and arrivals:
        last_in[id(arrivals[-1])] += 1  # it may have come in the same piece
    ends = [(i, arrivals[i]) for i in (*tokens[:1], *tokens[-1:])]
    errors = [at.early_s for i, at in ends if at.lateness_s is None or i < last_in[id(at)]]
    return max(errors, default=0.0) if ends else None
