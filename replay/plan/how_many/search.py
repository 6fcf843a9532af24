"""Which number of users is next: doubles, narrows, shows, returns. A generator without a socket.

Orders go out, stays come in. What it has found is no return value: `analysis/capacity` finds it again in the
rows, so that the report of an interrupted run is made the same way.
"""

import math
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field

from analysis.capacity.answers import Answer, ServiceTarget, relative_target, with_target
from analysis.capacity.levels import Level
from analysis.capacity.shown import Pace, Shown, alike, refuted, shown
from analysis.capacity.throughput import tokens_per_s
from analysis.capacity.why import Why, why
from analysis.thresholds import MOST_MISSES, ROOM_ANSWERS
from replay.plan.how_many.forecast import crossing, duration_s, stay_s
from replay.plan.how_many.orders import RETURN, Order, Purpose, Stay, fails, passes

AIM, BETWEEN, UP = 2.6, 2.2, 1.75  # standard deviations of the slow end: before, after a miss, after a proof
KEPT = 0.25  # of the time left at most is kept back for a lower level
MIN_ANSWERS = 6  # without time for so many more, a level is not gone back to
STEP = 0.1  # of the users, at least 1: a finer number is not looked for
FROM = 2  # users from which on the line through two levels says more than a doubling

Orders = Generator[Order, Stay, None]


@dataclass
class Search:
    """State: what each number of users brought so far. `orders` is the search itself."""

    target: ServiceTarget
    ends_s: float  # of the run: the budget is spent
    most: int = 64
    levels: Sequence[int] = ()
    visits: dict[int, Stay] = field(default_factory=dict)
    looked: dict[int, bool] = field(default_factory=dict)  # whether a look at so many users passed
    given_up: set[int] = field(default_factory=set)  # not shown in the time there was
    now_s: float = 0.0

    def orders(self) -> Orders:
        """One user, then more, then one again."""
        yield from self._stay(1, Purpose.ALONE, self.ends_s)
        self._settle_target()
        if self.levels:
            for users in self.levels:
                yield from self._stay(users, Purpose.GIVEN, self._until_s())
        else:
            yield from self._find()
        yield from self._stay(1, Purpose.RETURN, self.now_s + self._return_s() + duration_s(self.book(), 1))

    def book(self) -> dict[int, tuple[Answer, ...]]:
        """The answers that count, by users."""
        answers: dict[int, tuple[Answer, ...]] = {}
        for stay in self.visits.values():
            answers[stay.users] = answers.get(stay.users, ()) + stay.answers
        return answers

    def shown(self, users: int) -> Shown | None:
        """What shows that so many users are carried."""
        book = self.book()
        higher = [_level(u, book[u]) for u in sorted(book) if u > users]
        return shown(_level(users, book[users]), higher, self._missed_below(users), self._pace())

    def _settle_target(self) -> None:
        """Where not even one answer alone meets the target, one of the server's own."""
        alone = list(self.book()[1])
        if not refuted(sum(a.met for a in alone), len(alone)):
            return
        relative = relative_target(alone, self.target)
        if relative is not None:
            self.target = relative
            for visit, stay in self.visits.items():
                judged = tuple(with_target(a, relative) for a in stay.answers)
                self.visits[visit] = Stay(stay.users, visit, judged, stay.overdue, stay.now_s)

    def _find(self) -> Orders:
        """Up until a level misses or the line says it will, then show, then narrow."""
        self.looked[1] = not fails(len(self.book()[1]), sum(not a.met for a in self.book()[1]))
        users, doubled = 2, True
        while self.looked[max(self.looked)] and users <= self.most and users not in self.looked:
            yield from self._look(users)
            if not doubled or not self.looked.get(users, False) or self._only_shares():
                break
            up = self._next_up(users)
            doubled, users = up == min(2 * users, self.most), up
        yield from self._narrow()

    def _next_up(self, users: int) -> int:
        """Twice as many, or fewer where the line through the last two levels crosses the target before."""
        twice = min(2 * users, self.most)
        if users < FROM:
            return twice
        below = max(u for u in self.looked if u < users)
        edge = crossing(self.book(), below, users, self.target, AIM)
        return twice if edge >= twice else max(math.floor(edge), users)

    def _narrow(self) -> Orders:
        """Shows the highest that passed; then up while levels are shown, down while they are not."""
        proven, settled = (
            0,
            set[int](),
        )  # settled: no number between it and the next failure is looked at first
        while True:
            failed = min((u for u, fine in self.looked.items() if not fine and u > proven), default=None)
            below = [u for u, fine in self.looked.items() if fine and u < (failed or math.inf)]
            passed = max((u for u in below if u not in self.given_up), default=0)
            if passed > proven:
                between = self._between(passed, failed) if failed and passed not in settled else passed
                if between > passed:
                    settled.add(between)
                    yield from self._look(between)
                    settled.add(passed)
                    continue
                if self.shown(passed) is None and self._time_for(passed, MIN_ANSWERS):
                    yield from self._stay(passed, Purpose.SHOW, self._until_s(passed))
                if self.shown(passed) is not None:
                    proven = passed
                elif self._level(passed).misses >= MOST_MISSES and passed > 1:
                    self.looked[passed] = False
                else:
                    self.given_up.add(passed)
            else:
                up = self._up_from(proven, failed) if proven else None
                if (
                    up is None
                    or up in self.looked
                    or self._only_shares()
                    or not self._time_for(up, ROOM_ANSWERS)
                ):
                    return
                yield from self._look(up)
                if up not in self.looked:
                    return

    def _between(self, passed: int, failed: int) -> int:
        """The number between one that passed and one that missed where the slow end crosses the target."""
        if failed - passed <= _step(passed):
            return passed
        edge = math.floor(crossing(self.book(), passed, failed, self.target, BETWEEN))
        return min(max(edge, passed), failed - 1)

    def _up_from(self, proven: int, failed: int | None) -> int | None:
        """The next higher number to try; None if the one that failed is the next."""
        if proven >= self.most or (failed is not None and failed - proven <= _step(proven)):
            return None
        below = max((u for u in self.book() if u < proven), default=None)
        edge = crossing(self.book(), below, proven, self.target, UP) if below is not None else proven
        up = max(math.floor(edge), proven + _step(proven))
        up = min(up, 2 * proven, self.most)
        return up if failed is None else min(up, failed - 1)

    def _look(self, users: int) -> Orders:
        """Whether so many users seem to be carried; nothing is noted if the time did not suffice."""
        yield from self._stay(users, Purpose.LOOK, self._until_s(users))
        stay = self._last(users)
        n = len(stay.answers)
        if passes(n, stay.misses):
            self.looked[users] = True
        elif fails(n + stay.overdue, stay.misses):
            self.looked[users] = False
        elif n >= 2:
            self.looked[users] = stay.misses <= n // 10 and stay.now_s < self._until_s()

    def _stay(self, users: int, purpose: Purpose, until_s: float) -> Orders:
        book = self.book()
        going_on = self.visits and self._last_visit().users == users
        before = tuple(
            a
            for visit, stay in self.visits.items()
            if stay.users == users and not (going_on and visit == max(self.visits))
            for a in stay.answers
        )
        missed = bool(book) and self._missed_below(users)
        stay = yield Order(users, purpose, until_s, before, missed, self._pace())
        self.visits[stay.visit] = stay
        self.now_s = stay.now_s

    def _last_visit(self) -> Stay:
        return self.visits[max(self.visits)]

    def _last(self, users: int) -> Stay:
        return [s for s in self.visits.values() if s.users == users][-1]

    def _missed_below(self, users: int) -> bool:
        """Whether fewer users missed, or answers are late whatever the number: then room shows nothing."""
        book = self.book()
        levels = [_level(u, book[u]) for u in sorted(book) if book[u]]
        if levels and why(levels, {}, self.target, [a for v in levels for a in v.answers]) is Why.IRREGULAR:
            return True
        return any(not a.met for u, answers in self.book().items() if u < users for a in answers)

    def _pace(self) -> Pace:
        book = self.book()
        if not book:
            return Pace()
        solo_s = duration_s(book, 1)
        return Pace(solo_s, alike(list(book.values()), solo_s))

    def _return_s(self) -> float:
        """From the closing level back to one user, and its answers."""
        book = self.book()
        return duration_s(book, self._last_visit().users) + (RETURN + 0.5) * duration_s(book, 1)

    def _until_s(self, users: int | None = None) -> float:
        """When a stay has to end: time is kept for the return and for a lower level."""
        until_s = self.ends_s - self._return_s()
        fine = [u for u, passed in self.looked.items() if passed and users is not None and u < users]
        if fine and not any(self.shown(u) for u in fine):
            kept_s = stay_s(self.book(), max(fine), ROOM_ANSWERS - len(self.book()[max(fine)]))
            until_s -= min(kept_s, KEPT * max(until_s - self.now_s, 0.0))
        return until_s

    def _time_for(self, users: int, answers: int) -> bool:
        """Whether so many more answers can be had; the users of the last stay need not come in again."""
        book = self.book()
        here = self.visits and self._last_visit().users == users
        stay = answers * duration_s(book, users) / users if here else stay_s(book, users, answers)
        return self.now_s + stay < self._until_s()

    def _level(self, users: int) -> Level:
        return _level(users, self.book()[users])

    def _only_shares(self) -> bool:
        """Two doublings without gain, the target still met: more would only share."""
        book = self.book()
        ends = sorted(u for u in book if self.looked.get(u))
        if len(ends) < 3 or ends[-1] < 4 * ends[-3] - 1:
            return False
        rates = [tokens_per_s(_level(u, book[u]), self._pace()) for u in ends[-3:]]
        if any(r is None for r in rates):
            return False
        first, middle, last = (r for r in rates if r is not None)
        return last.over(middle).high() < NO_GAIN and middle.over(first).high() < NO_GAIN


NO_GAIN = 1.05  # a doubling that surely brings less brings nothing


def _step(users: int) -> int:
    return max(round(STEP * users), 1)


def _level(users: int, answers: Sequence[Answer]) -> Level:
    return Level(users, 1, tuple(answers), tuple(answers), 0.0)
