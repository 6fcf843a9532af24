"""The ground truth on disk: what the simulator did to each request, and when."""

import csv
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

from analysis.errors import ScenarioError
from servers.queue_model import Request

# Seconds since 1970 on the system's real-time clock, which stamps of the kernel use too. `due_s` is
# when the model has each token come, `written_s` when its bytes went to the socket; spaces between.
COLUMNS = (
    *("number", "port", "model", "outcome", "prompt_tokens", "cached_tokens", "tokens", "solo_s"),
    *("arrival_s", "admission_s", "ready_s", "first_token_s", "end_s", "due_s", "written_s"),
)
SERVED, FAILED, HUNG, CUT, LEFT = "served", "failed", "hung", "cut", "left"  # outcomes
BIN_S = 1e-5  # lateness is counted to 0.01 ms


@dataclass(slots=True)
class RequestTrace:
    """What happened to one request; its instants are on the loop's clock."""

    number: int
    port: int
    model: str
    prompt_tokens: int
    arrival_s: float
    outcome: str = LEFT  # the client went away, unless something else is noted
    request: Request | None = None  # None: it never reached the machine
    cached_tokens: int | None = None
    written_s: list[float] = field(default_factory=list)


class TruthLog:
    """A row per ended request. Without a path it writes nothing, and knows only how late the server was."""

    def __init__(self, path: Path | None) -> None:
        self._late = Counter[int]()
        self._ended: list[RequestTrace] = []
        self._file: TextIO | None = None
        if path is None:
            return
        try:
            self._file = path.open("x", newline="", encoding="utf-8", buffering=1)
        except OSError as error:
            raise ScenarioError(f"--truth {path}: {error.strerror}; name a new file") from None
        self._csv = csv.writer(self._file, lineterminator="\n")
        self._csv.writerow(COLUMNS)

    @property
    def kept(self) -> int:
        """Rows not yet written."""
        return len(self._ended)

    def add(self, trace: RequestTrace) -> None:
        """Keeps it until `flush`: writing would make other streams late."""
        self._ended.append(trace)

    def flush(self, epoch_s: float) -> None:
        """Writes what was kept; `epoch_s` is the instant, since 1970, that is 0 on the loop's clock."""
        for trace in self._ended:
            due = trace.request.token_s if trace.request else []
            pairs = zip(due, trace.written_s, strict=False)  # of a lump nothing is written in its time
            self._late.update(round((written - d) / BIN_S) for d, written in pairs)
            if self._file is not None:
                self._csv.writerow(_row(trace, epoch_s))
        self._ended.clear()

    def lateness(self) -> dict[str, Any]:
        """How much later than due the tokens so far were written: their number, and ms (None without any)."""
        counted, total = sorted(self._late.items()), self._late.total()

        def at(share: float) -> float | None:
            below = 0
            for late, n in counted:
                below += n
                if below >= share * total:
                    return round(late * BIN_S * 1e3, 2)
            return None

        return {"tokens": total, "p50_ms": at(0.5), "p99_ms": at(0.99), "max_ms": at(1.0)}


def _row(trace: RequestTrace, epoch_s: float) -> list[object]:
    def stamps(*seconds: float | None) -> str:
        return " ".join(f"{s + epoch_s:.6f}" for s in seconds if s is not None)

    head = [trace.number, trace.port, trace.model, trace.outcome, trace.prompt_tokens, trace.cached_tokens]
    r = trace.request
    if r is None:
        return [*head, 0, None, stamps(trace.arrival_s), *[None] * 6]
    instants = (r.arrival_s, r.admission_s, r.ready_s, r.first_token_s, r.end_s)
    due, written = stamps(*r.token_s), stamps(*trace.written_s)
    return [*head, len(r.token_s), f"{r.job.solo_s:.6f}", *map(stamps, instants), due, written]
