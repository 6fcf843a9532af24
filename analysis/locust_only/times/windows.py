"""When a row of the history was written, and how old its counts may be."""

from collections.abc import Sequence
from itertools import groupby, pairwise

from analysis.files.locust_stats import ALL, Snapshot
from analysis.locust_only.bounds import ROW_S, Bound

SLEPT_S = 0.99  # between two rows at least: Locust sleeps a second, and a timer may end a little early
REPORT_ROWS = 3  # workers report every 3 s, so every third row has new counts
LAG_S = 3.2  # how old a worker's counts may be
BLOCK = 12  # rows with new counts, enough to tell: by chance they miss one of three places in 2 %
HISTORY_GAP_S = 20  # rows so far apart are of different runs, or of a machine that slept


def count(snapshot: Snapshot) -> int:
    """How many rows of Locust's had ended by then."""
    return snapshot.sums[ALL].requests if ALL in snapshot.sums else 0


def lag_s(history: Sequence[Snapshot]) -> float:
    """LAG_S if the counts move in every third row only, as those of workers do; else 0."""
    moved = [i for i, (a, b) in enumerate(pairwise(history), start=1) if count(b) != count(a)]
    blocks = [moved[i : i + BLOCK] for i in range(0, len(moved) - BLOCK // 2 + 1, BLOCK)]
    reported = [_misses_a_place(block) for block in blocks]
    return LAG_S if reported and sum(reported) > len(reported) / 2 else 0.0


def _misses_a_place(moved: Sequence[int]) -> bool:
    places = [sum(i % REPORT_ROWS == place for i in moved) for place in range(REPORT_ROWS)]
    return min(places) == 0


def window_s(stretch: Sequence[Snapshot], lagging_s: float) -> Bound:
    """From the instant of its first row to that of its last.

    Stamps are whole seconds. Between two rows Locust sleeps a second, which often says more.
    """
    length_s, rows = float(stretch[-1].at_s - stretch[0].at_s), len(stretch) - 1
    low_s = length_s - ROW_S
    if rows <= length_s:
        low_s = max(low_s, rows * SLEPT_S)
    return Bound(max(low_s - lagging_s, 0.0), length_s + ROW_S + lagging_s)


def stretches(history: Sequence[Snapshot], lagging_s: float) -> dict[int, list[Snapshot]]:
    """By number of users the longest stretch, from its first answer on: before it a model may be loaded.

    Rows whose counts may still be those of another number of users are left out.
    """
    longest: dict[int, list[Snapshot]] = {}
    for users, group in groupby(history, key=lambda s: s.users):
        found = list(group)
        begun = [s for s in found if count(s) and s.at_s - found[0].at_s >= lagging_s]
        if users and len(begun) > 1 and _length(begun) > _length(longest.get(users, [])):
            longest[users] = begun
    return longest


def _length(stretch: Sequence[Snapshot]) -> int:
    return stretch[-1].at_s - stretch[0].at_s if stretch else 0
