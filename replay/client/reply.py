"""What has come of an answer so far: its bytes, each piece with its arrival, and whether it has ended."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

TAIL_BYTES = 64
DONE = re.compile(rb"[\r\n]data:\s*\[DONE\]")  # a line: a token may hold the word
HEAD_END = re.compile(rb"\n\r?\n")  # as h11 has it
CHUNK_SIZE = re.compile(rb"([0-9a-fA-F]{1,8})\r\n")  # without extensions: those are left to h11
MOST_AT_ONCE = 4096  # bytes of chunks that are read without h11, which lets others in between
FINISHES = (re.compile(rb'"finish_reason"\s*:\s*"(?!null")'), re.compile(rb'"done"\s*:\s*true'))


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

    def add(self, arrival: Arrival, data: bytes) -> None:
        """One more piece of the body."""
        self.pieces.append((arrival, data))
        self.note_end(data)

    def note_end(self, data: bytes) -> None:
        """Looks for the words that end an answer; a word may be cut between two pieces."""
        tail = self.tail = self.tail[-TAIL_BYTES:] + data
        # careful: for each piece while others wait; a plain `in` costs a tenth of a search without a prefix
        self.done = self.done or (b"[DONE]" in tail and DONE.search(tail) is not None)
        self.finished = self.finished or any(pattern.search(tail) for pattern in FINISHES)
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


def ends_between_chunks(first: bytes, reply: Reply) -> bool:
    """True if the first read of an answer is its head and whole chunks, and `reply` holds just those."""
    head = HEAD_END.search(first) if first.startswith(b"HTTP/1.") else None
    if head is None or reply.headers.get("transfer-encoding", "").lower() != "chunked":
        return False
    rest = first[head.end() :]
    return (whole_chunks(rest) if rest else b"") == reply.body


def whole_chunks(data: bytes) -> bytes | None:
    """What they hold if `data` is whole chunks and nothing else; None if not, and for the last chunk.

    h11, given these bytes between two chunks, would say the same and stand between two chunks again. So it
    need not see them, which costs a tenth of its time for each token.
    """
    at, parts = 0, []
    while at < len(data) <= MOST_AT_ONCE:
        size = CHUNK_SIZE.match(data, at)
        if size is None:
            return None
        begin = size.end()
        at = begin + int(size[1], 16) + 2
        if at == begin + 2 or data[at - 2 : at] != b"\r\n":
            return None
        parts.append(data[begin : at - 2])
    return b"".join(parts) if parts else None
