"""The visits of users whose number a person sets: a spell in which it stands still is a level."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from analysis.files.plan import Visit
from analysis.files.request_record import RequestRecord


@dataclass
class Spells:
    """State: the spells so far, and what is open. What is sent in the time of one answer after a change
    does not count: until then the users are in step, and those who left may still be worked on.
    """

    solo_s: Mapping[str, float]
    visits: list[Visit] = field(default_factory=list)
    users: int = 0
    open: dict[int, tuple[int, float]] = field(default_factory=dict)  # by request: (visit, sent)
    latest_s: float = 0.0  # how long the last answer took

    def seen(self, users: int, now_s: float) -> bool:
        """So many users are here now; True if that begins a spell, or ends one."""
        changed = users != self.users
        if self.visits and self.users:
            last = self.visits[-1]
            self.visits[-1] = Visit(last.users, last.full_s, now_s)
        if changed and users:
            answer_s = max(self.latest_s, *self.solo_s.values())
            self.visits.append(Visit(users, now_s + answer_s, now_s))
        self.users = users
        return changed

    def sent(self, request_id: int, visit: int, now_s: float) -> None:
        self.open[request_id] = (visit, now_s)

    def ended(self, row: RequestRecord) -> None:
        self.open.pop(row.request_id, None)
        self.latest_s = row.latency_s or self.latest_s

    def open_since_s(self) -> dict[int, float]:
        """By visit, when the first request was sent that is still open."""
        first: dict[int, float] = {}
        for visit, sent_s in self.open.values():
            first[visit] = min(sent_s, first.get(visit, math.inf))
        return first
