"""Points of one set, a number of users each: throughput and speedup over users, limit, where it flattens."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from analysis.errors import RunError
from analysis.locust_only.bounds import Bound
from analysis.thresholds import GAIN, SMALL_GAIN, WORTH_HAVING


@dataclass(frozen=True, slots=True)
class Point:
    """One run: what its users got done while there were most of them."""

    prefix: Path
    users: int
    answers: int
    failed: int
    per_s: float
    per_s_bound: Bound
    latency_s: float  # mean of all its answers
    solo_s: Bound | None  # how long one answer takes alone; of a run with one user only
    asking: Bound  # share of the users' time in which a request was open; below 1 they pause


@dataclass(frozen=True, slots=True)
class Growth:
    """A set in the order of its users."""

    name: str
    points: tuple[Point, ...]
    over_one: Mapping[int, Bound]  # throughput over that of one user, by users; {} without such a run
    speedup: Mapping[int, Bound]  # seconds of solo time answered per second, by users
    best: Point
    flat_from: int | None  # fewest users with 95 % of the best; None: the most users are the best ones

    @property
    def limit_per_s(self) -> Bound:
        """The most answers per second: surely as many as any run surely had."""
        return Bound(max(p.per_s_bound.low for p in self.points), self.best.per_s_bound.high)

    @property
    def gain(self) -> bool | None:
        """Whether a number of users surely gains, or none of them does; None: these files cannot tell."""
        bounds = self.speedup.values()
        if any(b.low > GAIN for b in bounds):
            return True
        return False if bounds and all(b.high < SMALL_GAIN for b in bounds) else None


def growth_of(name: str, points: Sequence[Point]) -> Growth:
    """The set; of several runs with as many users the one that answered more requests."""
    by_users: dict[int, Point] = {}
    for point in sorted(points, key=lambda p: p.answers):
        by_users[point.users] = point
    ordered = tuple(by_users[users] for users in sorted(by_users))
    best = max(ordered, key=lambda p: p.per_s)
    enough = next(p for p in ordered if p.per_s >= WORTH_HAVING * best.per_s)
    one = by_users.get(1)
    solo_s = one.solo_s if one else None
    others = [p for p in ordered if p.users > 1]
    return Growth(
        name=name,
        points=ordered,
        over_one={p.users: _over(p.per_s_bound, one.per_s_bound) for p in others} if one else {},
        speedup={p.users: _speedup(p, solo_s) for p in others} if solo_s else {},
        best=best,
        flat_from=None if enough is ordered[-1] else enough.users,
    )


def _over(bound: Bound, base: Bound) -> Bound:
    return Bound(bound.low / base.high, bound.high / base.low) if base.low > 0 else Bound(0.0, float("inf"))


def _speedup(p: Point, solo_s: Bound) -> Bound:
    """Solo time answered per second; never more than the users can have in flight."""
    low, high = p.per_s_bound.low * solo_s.low, p.per_s_bound.high * solo_s.high
    return Bound(low, max(min(high, float(p.users)), low))


def sets_of(points: Sequence[Point]) -> list[list[Point]]:
    """The points of each set: by folder and name without digits; else a number of users that comes again
    starts the next set. Raises RunError for a single number of users."""
    if len({p.users for p in points}) < 2:
        users = points[0].users
        raise RunError(f"all runs have {users} users at most; give one run for each number of users")
    if len({p.users for p in points}) == len(points):
        return [list(points)]
    alike: dict[tuple[Path, str], list[Point]] = {}
    for p in points:
        alike.setdefault((p.prefix.parent, re.sub(r"\d+", "", p.prefix.name)), []).append(p)
    if len(alike) > 1 and all(len({p.users for p in found}) > 1 for found in alike.values()):
        return list(alike.values())
    sets: list[list[Point]] = [[]]
    for p in points:
        if p.users in {other.users for other in sets[-1]}:
            sets.append([])
        sets[-1].append(p)
    return sets


def names_of(sets: Sequence[Sequence[Point]]) -> list[str]:
    """What is the same in the names of each set, or A, B, C … where that tells nothing."""
    if len(sets) == 1:
        return [""]
    names = []
    for points in sets:
        folder, stems = points[0].prefix.parent.name, {re.sub(r"\d+", "", p.prefix.name) for p in points}
        names.append(" ".join(filter(None, (folder, stems.pop().strip("-_.") if len(stems) == 1 else ""))))
    if len(set(names)) == len(names) and all(names):
        parts = [set(n.split()) for n in names]
        common = set.intersection(*parts)
        short = [" ".join(w for w in n.split() if w not in common) for n in names]
        return short if all(short) and len(set(short)) == len(short) else names
    return [chr(ord("A") + i) for i in range(len(sets))]
