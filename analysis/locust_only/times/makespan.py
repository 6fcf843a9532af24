"""First send to last end, between two bounds."""

import math
from collections.abc import Sequence
from itertools import pairwise

from analysis.files.locust_stats import ALL, Snapshot, Sums
from analysis.locust_only.bounds import ROW_S, Bound

ROUNDING = 1e-9  # of floating point


def makespan_s(
    rate_window: Bound,
    total: Sums,
    latency_s: Bound,
    history: Sequence[Snapshot],
    ended: Sequence[int],
    whole: bool,
    users: int | None,
    lag_s: float,
) -> Bound:
    """At most the time that Locust's own Requests/s is over, or that of its history.

    `ended`: how many requests had ended in each row of the history; [] where it holds them in one sum with
    their parts. `whole`: the history goes on to the last request. `users`: None unless each has one request
    open at most.
    `--reset-stats` forgets what was open: where users came before the first answer, that may be one request.
    """
    begun = _begin(history)
    sums = history[begun].sums.get(ALL) if begun is not None else None
    early = begun is not None and not (sums and sums.requests)
    high = rate_window.high * (1 + ROUNDING) + (total.slowest_s if early else 0.0)
    lows = [total.slowest_s, latency_s.low / users if users else 0.0]
    first = next((i for i, n in enumerate(ended) if n), None)
    if first is not None:
        ended_s = history[first].at_s + ROW_S  # by then the first answer was there
        started_s = history[max((begun or 0) - 1, 0)].at_s - ROW_S
        lows.append(rate_window.low - (ended_s - started_s - total.fastest_s))
        if whole:
            last = max((i for i, (a, b) in enumerate(pairwise(ended), 1) if a != b), default=0)
            lows.append(history[max(last - 1, 0)].at_s - ended_s + total.fastest_s - lag_s)
            if begun:
                high = min(high, history[last].at_s + ROW_S - history[begun - 1].at_s)
    return Bound(min(max(lows), high), high)


def _begin(history: Sequence[Snapshot]) -> int | None:
    """The first row that has a user."""
    return next((i for i, s in enumerate(history) if s.users), None)


def in_flight(latency_s: Bound, makespan: Bound, most: int) -> Bound:
    """Little's L = Σ latency / makespan; at most as many as could be open."""
    high = latency_s.high / makespan.low if makespan.low > 0 else math.inf
    low = latency_s.low / makespan.high if makespan.high > 0 else 0.0
    return Bound(min(low, most), min(high, float(most)))
