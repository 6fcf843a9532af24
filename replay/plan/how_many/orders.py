"""One stay at a number of users: what it is for, and when it has lasted long enough."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum

from analysis.capacity.answers import Answer
from analysis.capacity.shown import Pace, by_count, by_room, refuted, spans
from analysis.thresholds import LADDERS, MOST_MISSES, ROOM_ANSWERS

ALONE, RETURN = 8, 3  # answers of one user at the start, and at the end
LOOK, LOOK_LONG = 8, 16  # answers without a miss, and with one, that pass a look
GIVEN = 22  # answers of each level that the user names


class Purpose(Enum):
    """Why this number of users."""

    ALONE = "alone"
    LOOK = "look"
    SHOW = "show"
    GIVEN = "given"
    RETURN = "return"
    PEOPLE = "people"


@dataclass(frozen=True, slots=True)
class Order:
    """So many users, until `enough`. A stay at the same number goes on without a break."""

    users: int
    purpose: Purpose
    until_s: float  # of the run: then it ends in any case
    before: tuple[Answer, ...] = ()  # of earlier stays at this number
    lower_missed: bool = False
    pace: Pace = field(default_factory=Pace)


@dataclass(frozen=True, slots=True)
class Stay:
    """What an order brought: the answers that count, and those sure to miss that had not ended."""

    users: int
    visit: int  # several orders may be one visit
    answers: tuple[Answer, ...] = field(repr=False)
    overdue: int
    now_s: float

    @property
    def misses(self) -> int:
        return sum(not a.met for a in self.answers) + self.overdue


def passes(n: int, misses: int) -> bool:
    """Whether a look has passed: eight of eight, or fifteen of sixteen."""
    return (n >= LOOK and not misses) or (n >= LOOK_LONG and misses <= 1)


def fails(n: int, misses: int) -> bool:
    """Whether a look has failed: surely more than a tenth, or a third miss."""
    return misses >= MOST_MISSES or refuted(n - misses, n)


def enough(order: Order, answers: Sequence[Answer], overdue: int, now_s: float) -> bool:
    """Whether the stay may end. `answers`: of this visit, those that count."""
    n, left_s = len(answers), order.until_s - now_s
    if left_s <= 0:
        return True
    match order.purpose:
        case Purpose.ALONE:
            return n >= ALONE
        case Purpose.RETURN:
            return n >= RETURN
        case Purpose.PEOPLE:
            return False
        case Purpose.GIVEN:
            return n >= GIVEN
        case Purpose.LOOK:
            misses = sum(not a.met for a in answers) + overdue
            return passes(n, misses) or fails(n + overdue, misses) or n >= ALONE + LOOK_LONG
    return _shown_or_hopeless(order, [*order.before, *answers], left_s)


def _shown_or_hopeless(order: Order, answers: Sequence[Answer], left_s: float) -> bool:
    """At 99 % where that takes less than half of the time left, else at 95 %, at the very end at 90 %."""
    n, misses = len(answers), sum(not a.met for a in answers)
    if misses >= MOST_MISSES:
        return True
    if not n:
        return False
    by_room_too = not misses and not order.lower_missed
    if by_room_too and by_room(answers, order.pace) is not None and spans(answers):
        return True
    each_s = sum(a.duration_s for a in answers) / n / order.users
    best, good, least = (max(ladder[misses] - n, 0) * each_s for ladder in LADDERS.values())
    if (min(least, max(ROOM_ANSWERS - n, 0) * each_s) if by_room_too else least) > left_s:
        return True  # not even the least confidence can be reached
    wanted = 0.99 if best <= left_s / 2 else 0.95 if good <= left_s else 0.9
    if n < LADDERS[wanted][misses] or not spans(answers):
        return False
    found = by_count(answers, order.pace)
    return found is not None and found.confidence >= wanted
