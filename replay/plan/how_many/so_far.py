"""What the page shows of the levels while they grow: the same functions as the report's, on the rows so far.

Made when rows come, never when the page looks: a look only hands it out.
"""

import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from analysis.capacity.answers import ServiceTarget
from analysis.capacity.result import how_many
from analysis.capacity.said.figures import as_dict
from analysis.capacity.said.words import headline, so_far
from analysis.files.plan import PlannedSweep, Visit
from analysis.files.request_record import RequestRecord
from replay.plan.live import LiveRun

MOST_ROWS = 5000  # of a run that goes on for hours the page shows the last; the report has all
LEAST_S = 1.0  # the page asks once a second
GROWTH = 0.02  # of the rows: fewer new ones change nothing that can be seen, and many cost time


@dataclass
class SoFar:
    """State: the rows since the run began."""

    sweep: PlannedSweep
    ports: int
    live: LiveRun
    rows: deque[RequestRecord] = field(default_factory=lambda: deque(maxlen=MOST_ROWS))
    came: int = 0  # since the page was made
    made_s: float = 0.0
    made_of: int = 0  # visits

    def add(self, row: RequestRecord) -> None:
        self.rows.append(row)
        self.came += 1

    def show(self, visits: Sequence[Visit], open_since_s: Mapping[int, float]) -> None:
        """`open_since_s`: by visit, when the first request was sent that is still open."""
        now_s = time.monotonic()
        new = len(visits) != self.made_of
        if not visits or now_s - self.made_s < LEAST_S or not (new or self.came > GROWTH * len(self.rows)):
            return
        ended = [r for r in self.rows if not _waits(r, open_since_s)]
        self.came, self.made_s, self.made_of = 0, now_s, len(visits)
        wanted = ServiceTarget(self.sweep.ttft_s, self.sweep.speed)
        found = how_many(ended, visits, wanted, self.sweep.think_s, self.ports)
        if found is not None:
            line = so_far(found, visits[-1].users)
            self.live.levels = {"headline": headline(found), "line": line, "how_many": as_dict(found)}


def _waits(row: RequestRecord, open_since_s: Mapping[int, float]) -> bool:
    """Whether its turn has not come: one that was sent before it in its visit is still open."""
    since_s = None if row.round is None else open_since_s.get(row.round)
    return since_s is not None and row.send_s is not None and row.send_s >= since_s
