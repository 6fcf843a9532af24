"""The users of a closed loop: who asks next, what is open, what counts. No socket and no clock of its own.

The run and the simulated servers of scripts/truth drive this same loop.
"""

from dataclasses import dataclass, field

from analysis.capacity.answers import Answer, ServiceTarget
from analysis.capacity.levels import in_order
from analysis.files.plan import Visit
from replay.plan.how_many.orders import Order, Purpose, Stay, enough

NEVER_S = float("inf")


@dataclass
class ClosedLoop:
    """State: each user is waiting for its turn, has one request open, or has left."""

    target: ServiceTarget
    most_tokens: int  # of an answer
    visits: list[Visit] = field(default_factory=list)
    alone_target: str | None = None  # the only one that is asked
    wanted: int = 0  # users
    users: set[int] = field(default_factory=set)  # that take part; more than wanted while some leave
    joining: set[int] = field(default_factory=set)  # that have not asked yet
    waiting: dict[int, float] = field(default_factory=dict)  # by user: when it asks next
    open: dict[int, tuple[float, int]] = field(default_factory=dict)  # by user: (sent, visit)
    ended: list[Answer] = field(default_factory=list)  # of this visit
    full_s: float | None = None  # since when all users were in flight

    def change(self, users: int, now_s: float) -> None:
        """Another number of users: one by one over the time of one answer. The same number: nothing."""
        if users == self.wanted:
            return
        over_s = sum(a.duration_s for a in self.ended) / len(self.ended) if self.ended else 0.0
        new = [user for user in range(users) if user not in self.users]
        self.wanted, self.ended, self.full_s, self.joining = users, [], None, set(new)
        self.users |= set(new)
        self.waiting |= {user: now_s + over_s * (k + 1) / len(new) for k, user in enumerate(new)}
        self.visits.append(Visit(users, now_s, now_s, self.alone_target))

    def due(self, now_s: float) -> list[int]:
        """The users who ask now; who is too many leaves."""
        due = [user for user, at_s in self.waiting.items() if at_s <= now_s + 1e-9]
        for user in due:
            del self.waiting[user]
            self.joining.discard(user)
        self.users -= {user for user in due if user >= self.wanted}
        if self.full_s is None and not self.joining and max(self.users) < self.wanted:
            self.full_s = now_s
        return [user for user in due if user < self.wanted]

    def next_s(self) -> float:
        """When the next user asks."""
        return min(self.waiting.values(), default=NEVER_S)

    def open_since_s(self) -> dict[int, float]:
        """By visit, when the first request was sent that is still open."""
        first: dict[int, float] = {}
        for sent_s, visit in self.open.values():
            first[visit] = min(sent_s, first.get(visit, NEVER_S))
        return first

    def asked(self, user: int, now_s: float) -> int:
        """The visit that this request belongs to."""
        self.open[user] = (now_s, len(self.visits) - 1)
        return len(self.visits) - 1

    def answered(self, user: int, answer: Answer | None, again_s: float) -> None:
        """The request of this user has ended; it asks again at `again_s`."""
        _, visit = self.open.pop(user)
        if answer is not None and visit == len(self.visits) - 1:
            self.ended.append(answer)
        self.waiting[user] = again_s

    def stay(self, order: Order, now_s: float) -> Stay | None:
        """What this order has brought; None while it is not enough."""
        answers, overdue = self._counted(order.purpose is Purpose.LOOK, now_s)
        self.close_visit(now_s)
        if not enough(order, answers, overdue, now_s):
            return None
        return Stay(order.users, len(self.visits) - 1, tuple(answers), overdue, now_s)

    def close_visit(self, now_s: float) -> None:
        """The visit as it would be if it ended now."""
        if self.wanted:
            full_s = now_s if self.full_s is None else self.full_s
            self.visits[-1] = Visit(self.wanted, full_s, now_s, self.alone_target)

    def _counted(self, looking: bool, now_s: float) -> tuple[list[Answer], int]:
        """The answers that count, and how many requests before the first open one are overdue.

        Only a look counts those: misses would be known sooner than hits.
        """
        if self.full_s is None:
            return [], 0
        here, full_s = len(self.visits) - 1, self.full_s
        sent = [at_s for at_s, visit in self.open.values() if visit == here and at_s >= full_s]
        late_s = self.target.latest_s(self.most_tokens)
        overdue = [at_s for at_s in sent if looking and now_s - at_s > late_s]
        since_s = min((at_s for at_s in sent if at_s not in overdue), default=NEVER_S)
        return in_order(self.ended, since_s, full_s), sum(at_s < since_s for at_s in overdue)
