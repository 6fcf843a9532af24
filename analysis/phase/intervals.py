"""Arithmetic of half-open intervals [start, end) on the run's clock. Pure; no floor, no rounding."""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from itertools import accumulate, islice, takewhile

Interval = tuple[float, float]


def _steps(intervals: Iterable[Interval]) -> list[tuple[float, int]]:
    """+1 at each start, −1 at each end, ends first where both fall together (half-open)."""
    edges: list[tuple[float, int]] = []
    for start, end in intervals:
        if end > start:
            edges += [(start, 1), (end, -1)]
    return sorted(edges)


def time_at_depth(intervals: Iterable[Interval]) -> dict[int, float]:
    """Seconds during which exactly d intervals were open, for each d ≥ 1 that occurs."""
    spent: dict[int, float] = {}
    depth, since = 0, 0.0
    for instant, step in _steps(intervals):
        if depth and instant > since:
            spent[depth] = spent.get(depth, 0.0) + instant - since
        depth, since = depth + step, instant
    return spent


def busy_s(intervals: Iterable[Interval]) -> float:
    """Length of the union of the intervals."""
    return sum(time_at_depth(intervals).values())


def union(intervals: Iterable[Interval]) -> list[Interval]:
    """The same instants as few intervals in order, none of which touch."""
    parts: list[Interval] = []
    for start, end in sorted(i for i in intervals if i[1] > i[0]):
        if parts and start <= parts[-1][1]:
            parts[-1] = (parts[-1][0], max(end, parts[-1][1]))
        else:
            parts.append((start, end))
    return parts


def covered_s(interval: Interval, parts: Sequence[Interval]) -> float:
    """Length of the part of `interval` that lies within a union, given as `union` makes it."""
    first = max(bisect_right(parts, interval) - 1, 0)
    meets = takewhile(lambda part: part[0] < interval[1], islice(parts, first, None))
    return sum(max(min(end, interval[1]) - max(start, interval[0]), 0.0) for start, end in meets)


def within(windows: Iterable[Interval]) -> Callable[[float, float], bool]:
    """A test whether one of the windows holds all of [start, end]."""
    ordered = sorted(windows)
    starts = [start for start, _ in ordered]
    latest_ends = list(accumulate((end for _, end in ordered), max))

    def held(start: float, end: float) -> bool:
        begun = bisect_right(starts, start)
        return begun > 0 and end <= latest_ends[begun - 1]

    return held


def overlap(intervals: Sequence[Interval]) -> float | None:
    """Σ lengths / length of the union: 1 if never two were open, n if always n; None if all are empty."""
    busy = busy_s(intervals)
    return sum(max(end - start, 0.0) for start, end in intervals) / busy if busy > 0 else None


def peak(intervals: Sequence[Interval], at_least_s: float = 0.0) -> int:
    """The greatest depth that was reached or exceeded for at least (and more than 0) `at_least_s` seconds."""
    spent = time_at_depth(intervals)
    held = 0.0
    for depth in sorted(spent, reverse=True):
        held += spent[depth]
        if held > 0 and held >= at_least_s:
            return depth
    return 0
