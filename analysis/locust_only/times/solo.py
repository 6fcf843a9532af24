"""How long requests take alone, from the first time with one user. The first answer may load the model."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise, takewhile

from analysis.files.locust_stats import ALL, Name, Snapshot, Sums
from analysis.locust_only.bounds import ROW_S, Bound, Single
from analysis.statistics.estimates import student
from analysis.thresholds import GAIN, LOOK_LEVEL, SOLO_SCATTER

MIN_ANSWERS, MIN_BLOCKS = 3, 3  # fewer have no scatter to speak of
ODD = 2.0  # times the median: a load, or a pause of the machine, if the others scatter little
NONE = Sums(0, 0, 0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Block:
    """What ended between two rows of the history."""

    count: int
    failures: int
    latency_s: float  # Σ
    slack_s: float = 0.0  # by so much Σ may be off: older files are rounded

    @property
    def mean_s(self) -> float:
        return self.latency_s / self.count


def between(before: Snapshot, after: Snapshot, row: Name) -> Block:
    a, b = before.sums.get(row, NONE), after.sums.get(row, NONE)
    return Block(
        b.requests - a.requests,
        b.failures - a.failures,
        b.latency_s - a.latency_s,
        a.slack_s + b.slack_s,
    )


def blocks(stretch: Sequence[Snapshot], row: Name) -> list[Block]:
    """What ended, between neighbouring rows between which something did."""
    found = (between(before, after, row) for before, after in pairwise(stretch))
    return [block for block in found if block.count > 0]


def scatter(found: Sequence[Block]) -> float | None:
    """Standard deviation of one latency over their mean; None: too few blocks, or rounded ones."""
    if len(found) < MIN_BLOCKS or any(b.slack_s for b in found):
        return None
    count = sum(b.count for b in found)
    mean = math.fsum(b.latency_s for b in found) / count
    squares = math.fsum(b.count * (b.mean_s - mean) ** 2 for b in found)
    return math.sqrt(squares / (len(found) - 1)) / mean if mean > 0 else None


def named(history: Sequence[Snapshot], rows: Mapping[Name, Sums], parts: Mapping[Name, Sums]) -> list[Name]:
    """The rows of the history to take differences of; [] if it holds a sum of several names only."""
    if history and set(history[-1].sums) - {ALL}:
        return list(rows)
    return [ALL] if len(rows) == 1 and not parts else []


def name_of(row: Name, rows: Mapping[Name, Sums]) -> str:
    return next(iter(rows))[1] if row == ALL else row[1]


def solo_times(history: Sequence[Snapshot], rows: Sequence[Name]) -> dict[Name, Bound]:
    """Mean latency alone with its interval, per row that has enough answers of which none failed.

    Later on, a request of a second user may still be open: so only the time before it counts.
    """
    alone = list(takewhile(lambda s: s.users is not None and s.users <= 1, history))
    found = {row: _typical(blocks(alone, row)) for row in rows}
    return {row: bound for row, bound in found.items() if bound is not None}


def _typical(found: list[Block]) -> Bound | None:
    warm = found[1:]
    if any(b.failures for b in found) or sum(b.count for b in warm) < MIN_ANSWERS:
        return None
    if len(warm) < MIN_BLOCKS:
        return None
    middle = sorted(b.mean_s for b in warm)[len(warm) // 2]
    usual = [b for b in warm if middle / ODD <= b.mean_s <= middle * ODD]
    if (scatter(usual) or 0.0) > SOLO_SCATTER or len(usual) < MIN_BLOCKS:
        usual = warm
    earlier, later = (_mean(half) for half in (usual[: len(usual) // 2], usual[len(usual) // 2 :]))
    if len(usual) // 2 >= MIN_BLOCKS and (earlier.low > GAIN * later.high or later.low > GAIN * earlier.high):
        return None  # prompts that come from a cache, or a machine that changes: no time is the typical one
    return _mean(usual)


def _mean(usual: list[Block]) -> Bound:
    """Student's interval over the blocks."""
    count = sum(b.count for b in usual)
    mean = math.fsum(b.latency_s for b in usual) / count
    se = (scatter(usual) or 0.0) * mean / math.sqrt(count)
    half = student(max(len(usual) - 1, 1), LOOK_LEVEL) * se + max(b.slack_s for b in usual) / count
    return Bound(max(mean - half, 0.0), mean + half)


def singles(history: Sequence[Snapshot], rows: Sequence[Name], names: Mapping[Name, Sums]) -> list[Single]:
    """The requests that ended alone between two rows, none of them failed."""
    return [
        Single(name_of(row, names), block.latency_s, Bound(before.at_s, after.at_s + ROW_S))
        for before, after in pairwise(history)
        for row in rows
        if (block := between(before, after, row)).count == 1 and not block.failures and not block.slack_s
    ]
