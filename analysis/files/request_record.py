"""One row per request: the columns of `PREFIX_requests.csv`, their writer and their reader.

All instants are seconds on one clock since the run's start; missing is None here and an empty cell in
the file, never 0. docs/FORMAT.md explains each column to a user.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import ConfigDict, with_config

from analysis.errors import RunError
from analysis.files.csv_rows import RowWriter, columns, read_rows
from analysis.thresholds import MIN_STOP_TOKENS

WARMUP, BASELINE, BURST, FREE, LEVEL = "warmup", "baseline", "burst", "free", "level"
PEOPLE = "people"  # of people who think between their requests
# in a log BASELINE is a solo, BURST a request of a round
RUNNER, NEWCOMER, LATECOMER, TURN, RECALL = "runner", "newcomer", "latecomer", "turn", "recall"
OF_PROMPTS = (RUNNER, NEWCOMER, LATECOMER, TURN, RECALL)  # of phases of the kinds stall, talk and right
KINDS = (WARMUP, BASELINE, BURST, FREE, LEVEL, PEOPLE, *OF_PROMPTS)
CHAIN_PHASE = "chain"  # the requests of the smallest phase one after another, kind `baseline`
WARMUP_PHASE = "warmup"
STOPPED = "stopped before the answer ended"  # the error of a request that the end of the run cut short

# What a connection may do behind the end of its answer, which is no fault of the answer.
OPEN = "open"  # it stayed open, with nothing more to come
UNFINISHED = "unfinished"  # it was closed without HTTP's own end of the body
AFTER_END = {
    OPEN: "connections stay open behind the end of an answer without ending its body; portlap closes them",
    UNFINISHED: "answers end without the end of their body (a last chunk): a proxy may cut it",
}

# A finish reason that is in neither list is a stop in words of the server's own.
FAULTY_ENDS = ("error", "abort", "cancelled", "content_filter", "tool_calls", "function_call")
USUAL_ENDS = (None, "stop", "length")


@with_config(ConfigDict(allow_inf_nan=False))
@dataclass(frozen=True, slots=True, kw_only=True)
class RequestRecord:
    """One chat completion, or one request for embeddings, from the instant it was due to its end.

    A failure is a row with `error`.
    """

    request_id: int
    phase: str
    round: int | None = None  # index of the round, or of the gap a solo stands in; counts from 0
    kind: str
    user: int | None = None
    target: str
    base_url: str
    model: str | None = None
    scheduled_s: float | None = None  # the instant it was due: its gate's opening plus its own offset
    queued_s: float | None = None  # how long it waited in the client's own queue; None without `workers`
    send_s: float | None = None  # just before the request was written; None if it never was
    first_token_s: float | None = None  # first non-empty content or reasoning delta arrived
    last_token_s: float | None = None
    end_s: float | None = None  # after the last byte, or at the error
    prompt_tokens: int | None = None  # as the server counts
    cached_tokens: int | None = None
    output_tokens: int | None = None  # as the server counts; None: only `chunks` is known
    chunks: int | None = None  # deltas with text that arrived
    arrivals: int | None = None  # instants at which they arrived; fewer: in lumps
    longest_gap_s: float | None = None  # between neighbouring tokens
    longest_gap_end_s: float | None = None  # the instant of the token that ended it
    stamp: str | None = None  # `kernel` or `user`: who took the arrival stamps
    http_status: int | None = None
    finish_reason: str | None = None
    error: str | None = None
    retry_after_s: float | None = None  # that a refusal asked to wait
    answered_model: str | None = None
    server_queue_s: float | None = None
    server_prefill_s: float | None = None
    server_decode_s: float | None = None
    server_load_s: float | None = None
    worker: int = 0
    clock_error_s: float | None = None  # first or last token may have come so much earlier
    prompt_words: int | None = None  # drawn at random behind the prefix: how long the prompt was made
    turn: int | None = None  # of its conversation, from 1; of `right`: which pair, from 0
    code: str | None = None  # that it asks for back
    said: str | None = None  # whose code or prefix its answer holds: docs/FORMAT.md
    text_hash: str | None = None  # of its text, where texts are compared
    drafted_tokens: int | None = None  # by a draft model, or by looking them up in the prompt
    accepted_tokens: int | None = None  # of those
    behind: str | None = None  # the server that answered, as the proxy before it names it
    ended_by: str | None = None  # `server`, or `client`, which hung up; None: by neither
    after_end: str | None = None  # OPEN, UNFINISHED: its connection, where HTTP's own end is missing
    part: str | None = None  # of a phase of kind `right`: docs/FORMAT.md
    said_of: int | None = None  # the request whose code or prefix its answer holds
    garbled: str | None = None  # how its text is garbled: empty, replacement, repeats
    scripts: str | None = None  # that hold more than a fifth of the letters of its text
    vectors: int | None = None  # of embeddings, as many as texts; None: it is a chat

    @property
    def start_s(self) -> float | None:
        """Where its latency counts from: the instant it was due if the client queued it, else its send."""
        return self.send_s if self.queued_s is None else self.scheduled_s

    @property
    def latency_s(self) -> float | None:
        if self.start_s is None or self.end_s is None:
            return None
        return self.end_s - self.start_s

    @property
    def ttft_s(self) -> float | None:
        """Send to first token: queue, prefill and network together."""
        if self.send_s is None or self.first_token_s is None:
            return None
        return self.first_token_s - self.send_s

    @property
    def decode_s(self) -> float | None:
        """First token to last token."""
        if self.first_token_s is None or self.last_token_s is None:
            return None
        return self.last_token_s - self.first_token_s

    @property
    def tokens(self) -> int | None:
        """Output tokens as the server counts them, else the chunks that arrived.

        A count of 0 beside chunks counts nothing, and LM Studio counts one less at the limit.
        """
        if self.finish_reason == "length" and self.output_tokens and self.chunks == self.output_tokens + 1:
            return self.chunks
        return self.output_tokens or (self.chunks if self.chunks is not None else self.output_tokens)

    @property
    def units(self) -> int | None:
        """What the answer holds of what was asked for: tokens, or vectors."""
        return self.tokens if self.vectors is None else self.vectors

    @property
    def tpot_s(self) -> float | None:
        """Seconds per output token after the first; undefined below two tokens."""
        if self.decode_s is None or self.tokens is None or self.tokens < 2:
            return None
        return self.decode_s / (self.tokens - 1)

    def not_whole_because(self, asked_tokens: int | None) -> str | None:
        """Why this answer does not count as work done; None if it is whole (docs/METHODOLOGY.md)."""
        if self.error is not None:
            return self.error
        if self.latency_s is None or not self.units:
            return "no tokens came" if self.vectors is None else "no vectors came"
        if self.latency_s <= 0:
            return "it ended before it was sent"
        if not same_model(self.model, self.answered_model):
            return f"{self.answered_model!r} answered in place of {self.model!r}"
        if self.vectors is not None or self.tokens is None:
            return None  # vectors are as many as texts, or the answer has an error
        if self.finish_reason in FAULTY_ENDS:
            return f"finish_reason is {self.finish_reason!r}"
        if self.finish_reason == "length":
            # Some servers count one less; chunks alone tell nothing, for one may hold several tokens.
            most = max(self.output_tokens, self.chunks or 0) if self.output_tokens else None
            short = most is not None and asked_tokens is not None and most < asked_tokens - 1
            return f"cut at {self.tokens} of {asked_tokens} tokens" if short else None
        if self.tokens < MIN_STOP_TOKENS:
            return f"stopped after {self.tokens} tokens"
        return None


def under_asked_name(r: "RequestRecord", alias: str | None) -> "RequestRecord":
    """The row with the asked name where the answer came under the target's alias."""
    return r if alias is None or r.answered_model != alias else replace(r, answered_model=r.model)


def same_model(asked: str | None, answered: str | None) -> bool:
    """True unless the server surely named another model: a path or a tag more is no other model."""
    if asked is None or answered is None:
        return True
    a, b = asked.lower(), answered.lower()
    return a == b or any(
        long.endswith(f"/{short}") or long.startswith((f"{short}:", f"{short}@"))
        for long, short in ((a, b), (b, a))
    )


COLUMNS = columns(RequestRecord)


@dataclass(frozen=True, slots=True)
class RequestLog:
    """The rows in the order they ended, the torn last line if the writer was killed, the columns it lacks."""

    records: tuple[RequestRecord, ...]
    torn_line: str | None = None
    lacks: tuple[str, ...] = ()


def write_records(path: Path, records: Iterable[RequestRecord]) -> None:
    """Writes a whole log at once. Refuses to overwrite."""
    writer = RowWriter(path, RequestRecord)
    for record in records:
        writer.write(record)
    writer.close()


def read_records(path: Path) -> RequestLog:
    """The log at `path`. A torn last line is set apart, any other damage raises RunError."""
    try:
        found = read_rows(path, RequestRecord)
    except OSError as error:
        raise RunError(f"{path}: cannot be read: {error.strerror}; give the prefix of a run") from None
    if len({(r.worker, r.request_id) for r in found.rows}) != len(found.rows):
        raise RunError(f"{path}: the same (worker, request_id) stands there twice; the file is damaged")
    return RequestLog(found.rows, found.torn, found.lacks)
