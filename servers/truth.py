"""The ground truth on disk: what the simulator did to each request, and when."""

import csv
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from analysis.errors import ScenarioError
from servers.queue_model import Request

# Seconds since 1970 on the system's real-time clock, which stamps of the kernel use too. `due_s` is
# when the model has each token come, `written_s` when its bytes went to the socket; spaces between.
COLUMNS = (
    *("number", "port", "outcome", "tokens"),
    *("arrival_s", "admission_s", "first_token_s", "end_s", "due_s", "written_s"),
)
SERVED, FAILED, HUNG, CUT, LEFT = "served", "failed", "hung", "cut", "left"  # outcomes


@dataclass(slots=True)
class Story:
    """What is to be told about one request; its instants are on the loop's clock."""

    number: int
    port: int
    arrival_s: float
    outcome: str = LEFT  # the client went away, unless something else is noted
    request: Request | None = None  # None: it never reached the machine
    written_s: list[float] = field(default_factory=list)


class TruthLog:
    """Appends a row per request as it ends. Without a path it writes nothing."""

    def __init__(self, path: Path | None) -> None:
        self._file: TextIO | None = None
        if path is None:
            return
        try:
            self._file = path.open("x", newline="", encoding="utf-8", buffering=1)
        except OSError as error:
            raise ScenarioError(f"--truth {path}: {error.strerror}; name a new file") from None
        self._csv = csv.writer(self._file, lineterminator="\n")
        self._csv.writerow(COLUMNS)

    def write(self, story: Story, epoch_s: float) -> None:
        """`epoch_s` is the instant, since 1970, that is 0 on the loop's clock."""
        if self._file is None:
            return

        def stamps(seconds: list[float]) -> str:
            return " ".join(f"{s + epoch_s:.6f}" for s in seconds)

        request = story.request
        due = request.token_s if request else []
        admission = [request.admission_s] if request and request.admission_s is not None else []
        end = [request.end_s] if request and request.end_s is not None else []
        instants = ([story.arrival_s], admission, due[:1], end, due, story.written_s)
        self._csv.writerow([story.number, story.port, story.outcome, len(due), *map(stamps, instants)])
