"""Levels: n users who ask again as soon as they are answered, and which of their answers count."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from analysis.capacity.answers import Answer, ServiceTarget, answer_of
from analysis.files.plan import Visit
from analysis.files.request_record import FREE, LEVEL, RequestRecord

OF_LEVELS = (LEVEL, FREE)  # kinds of rows: the number of users was ordered, or set by hand


@dataclass(frozen=True, slots=True)
class Level:
    """All that was measured with so many users; `answers` are those that count, in the order of sending."""

    users: int
    visits: int
    answers: tuple[Answer, ...]
    seen: tuple[
        Answer, ...
    ]  # those too that ended after the visit, unless they were cut: for the reason, never for a share
    seconds: float

    @property
    def misses(self) -> int:
        return sum(not a.met for a in self.answers)

    @property
    def met(self) -> int:
        return len(self.answers) - self.misses


def in_order(answers: Iterable[Answer], open_since_s: float, full_s: float) -> list[Answer]:
    """The answers that count: sent once all users were in, in that order, up to the first still open.

    A slow answer is never left out for being slow: what was sent after it waits for it.
    """
    counted = [a for a in answers if full_s <= a.sent_s < open_since_s]
    return sorted(counted, key=lambda a: a.sent_s)


def of_visit(visit: Visit, answers: Sequence[Answer]) -> list[Answer]:
    """The answers of one visit that count, from those sent during it."""
    late = [a.sent_s for a in answers if a.end_s > visit.end_s and a.sent_s >= visit.full_s]
    return in_order(
        (a for a in answers if a.end_s <= visit.end_s), min(late, default=visit.end_s), visit.full_s
    )


def levels_of(rows: Sequence[RequestRecord], visits: Sequence[Visit], target: ServiceTarget) -> list[Level]:
    """Every level that was measured, fewest users first. A row belongs to the visit it was sent in."""
    known = [(r.round, a) for r in rows if r.kind in OF_LEVELS and (a := answer_of(r, target)) is not None]
    by_visit: dict[int, list[Answer]] = {}
    for index, answer in known:
        if index is not None:
            by_visit.setdefault(index, []).append(answer)
    levels = []
    for users in sorted({v.users for v in visits}):
        these = [(i, v) for i, v in enumerate(visits) if v.users == users]
        counted = [a for i, v in these for a in of_visit(v, by_visit.get(i, []))]
        seen = [a for i, v in these for a in by_visit.get(i, []) if a.sent_s >= v.full_s and not a.cut]
        seconds = sum(max(v.end_s - v.full_s, 0.0) for _, v in these)
        levels.append(Level(users, len(these), tuple(counted), tuple(seen), seconds))
    return levels
