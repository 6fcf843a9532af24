"""A prefix of Locust's CSV files as one point of a set: so many users, so many answers per second."""

import math
from pathlib import Path

from analysis.errors import RunError
from analysis.files.run import file_of
from analysis.locust_only.bounds import Bound, Level, LocustRun
from analysis.locust_only.read import read_locust_run
from analysis.locust_sets.growth import Point


def read_point(prefix: Path) -> Point:
    """What the most users of the run got done. Raises RunError where its files do not tell."""
    run, path = read_locust_run(prefix), file_of(prefix, "stats.csv")
    if run.users is None:
        path = file_of(prefix, "stats_history.csv")
        raise RunError(f"{path}: without it the number of users is unknown; run with --csv again")
    if run.doubts:
        raise RunError(f"{path}: {run.doubts[0]}")
    level = next((level for level in run.levels if level.users == run.users), None)
    answers_per_s = _whole_per_s(level) if level else Bound(0.0, 0.0)
    if level is None or answers_per_s.low <= 0:
        raise RunError(f"{path}: too short with {run.users} users; let it go on for ten answers or more")
    return Point(
        prefix=prefix,
        users=run.users,
        answers=level.answers - level.failed,
        failed=level.failed,
        per_s=(answers_per_s.low + answers_per_s.high) / 2,
        per_s_bound=answers_per_s,
        latency_s=run.total.latency_s / run.total.requests,
        solo_s=_solo_s(run) if run.users == 1 and not level.failed else None,
        asking=level.asking,
    )


def _whole_per_s(level: Level) -> Bound:
    """Without the failed ones, which may have ended at once: no work was done for them."""
    low = level.answers_per_s.low - level.failed / level.window_s.low
    high = level.answers_per_s.high - level.failed / level.window_s.high
    return Bound(max(low, 0.0), max(high, 0.0))


def _solo_s(run: LocustRun) -> Bound | None:
    """Of one answer of the run's mix of names."""
    shares = [
        (sums.requests / run.total.requests, run.solo_s.get(name)) for (_, name), sums in run.rows.items()
    ]
    known = [(share, solo) for share, solo in shares if solo is not None]
    if len(known) < len(shares):
        return None
    return Bound(math.fsum(n * s.low for n, s in known), math.fsum(n * s.high for n, s in known))
