"""Arithmetic of half-open intervals [start, end) on the run's clock. Pure; no floor, no rounding."""

from collections.abc import Iterable, Sequence

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


def covered_s(interval: Interval, intervals: Sequence[Interval]) -> float:
    """Length of the part of `interval` that lies within the union of the others."""
    return busy_s([interval]) + busy_s(intervals) - busy_s([*intervals, interval])


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
