"""A prefix of Locust's CSV files as one point of a set: so many users, so many answers per second."""

import math
from collections.abc import Collection, Iterable, Sequence
from itertools import groupby, pairwise
from pathlib import Path

from analysis.errors import RunError
from analysis.files.locust_stats import ALL, Name, Snapshot, Sums, read_history, read_stats
from analysis.files.run import file_of
from analysis.locust_only.bounds import ROW_S, Bound
from analysis.locust_only.parts import PART_WORDS
from analysis.locust_sets.growth import Point
from analysis.statistics.estimates import student
from analysis.thresholds import LOOK_LEVEL

MIN_BLOCKS = 3  # of answers between rows of the history; fewer have no scatter to speak of
REPORTED_S = 3.0  # between two reports of a worker
ZERO = Sums(0, 0, 0.0, 0.0, 0.0)


def read_point(prefix: Path) -> Point:
    """What the most users of the run got done. Raises RunError where its files do not tell."""
    path, history_path = file_of(prefix, "stats.csv"), file_of(prefix, "stats_history.csv")
    rows = read_stats(path)
    if not rows:
        raise RunError(f"{path}: holds no request; give the prefix of a run that sent some")
    history, _ = read_history(history_path, rows, _added(rows.values()))
    users = max((s.users for s in history), default=0)
    if not users:
        raise RunError(f"{history_path}: without it the number of users is unknown; run with --csv again")
    requests = {name for name in rows if not PART_WORDS.search(" ".join(name))} or set(rows)
    stretch = _stretch(history, users)
    ended = _ended(stretch[0], stretch[-1], rows, requests)
    window_s = _window_s(stretch, ended.requests)
    answers, length_s = ended.requests - ended.failures, (window_s.low + window_s.high) / 2
    if window_s.low <= ROW_S or answers <= 0:
        raise RunError(f"{path}: too short with {users} users; let each run go on for ten answers or more")
    return Point(
        prefix=prefix,
        users=users,
        answers=answers,
        failed=ended.failures,
        per_s=answers / length_s,
        per_s_bound=Bound(max(answers - users, 0) / window_s.high, (answers + users) / window_s.low),
        latency_s=ended.latency_s / ended.requests,
        solo_s=_solo(stretch, rows, requests) if users == 1 else None,
        asking=ended.latency_s / (users * length_s),
    )


def _added(rows: Iterable[Sums]) -> Sums:
    found = list(rows)
    return Sums(
        sum(s.requests for s in found),
        sum(s.failures for s in found),
        math.fsum(s.latency_s for s in found),
        min((s.fastest_s for s in found), default=0.0),
        max((s.slowest_s for s in found), default=0.0),
    )


def _stretch(history: Sequence[Snapshot], users: int) -> list[Snapshot]:
    """The longest one with so many users, from its first answer on: before it a model may be loaded."""
    runs = [list(group) for n, group in groupby(history, key=lambda s: s.users) if n == users]
    longest = max(runs, key=lambda run: run[-1].at_s - run[0].at_s)
    begun = next((i for i, s in enumerate(longest) if s.sums.get(ALL, ZERO).requests), 0)
    return longest[begun:]


def _window_s(stretch: Sequence[Snapshot], ended: int) -> Bound:
    """From its first row to its last: stamps are whole seconds, and Locust sleeps a second between two rows.

    Workers report every 3 s: then most rows repeat the counts before, and all are that much older.
    """
    length_s, rows = float(stretch[-1].at_s - stretch[0].at_s), len(stretch) - 1
    counts = [s.sums.get(ALL, ZERO).requests for s in stretch]
    changes = sum(a != b for a, b in pairwise(counts))
    lag_s = REPORTED_S if ended > 2 * rows and 2 * changes <= rows else 0.0
    low_s = max(length_s - ROW_S, rows * ROW_S if length_s < 2 * rows else 0.0)
    return Bound(low_s - lag_s, length_s + ROW_S + lag_s)


def _ended(before: Snapshot, after: Snapshot, rows: dict[Name, Sums], requests: Collection[Name]) -> Sums:
    """What ended between two snapshots. Where the history holds the sum only, the requests' share of it."""
    if set(after.sums) - {ALL}:
        return _added(_less(after.sums.get(name, ZERO), before.sums.get(name, ZERO)) for name in requests)
    found = _less(after.sums.get(ALL, ZERO), before.sums.get(ALL, ZERO))
    mine, total = _added(rows[name] for name in requests), _added(rows.values())
    if mine.requests == total.requests:
        return found
    count = round(found.requests * mine.requests / total.requests)
    failures = round(found.failures * mine.failures / total.failures) if total.failures else 0
    return Sums(count, failures, count * mine.latency_s / mine.requests, mine.fastest_s, mine.slowest_s)


def _less(after: Sums, before: Sums) -> Sums:
    return Sums(
        after.requests - before.requests,
        after.failures - before.failures,
        after.latency_s - before.latency_s,
        after.fastest_s,
        after.slowest_s,
    )


def _solo(stretch: Sequence[Snapshot], rows: dict[Name, Sums], requests: Collection[Name]) -> Bound | None:
    """Mean latency of one user, by the scatter of what ended between neighbouring snapshots."""
    blocks = [_ended(before, after, rows, requests) for before, after in pairwise(stretch)]
    blocks = [b for b in blocks if b.requests > 0]
    count = sum(b.requests for b in blocks)
    if len(blocks) < MIN_BLOCKS or any(b.failures for b in blocks):
        return None
    mean = math.fsum(b.latency_s for b in blocks) / count
    squares = math.fsum(b.requests * (b.latency_s / b.requests - mean) ** 2 for b in blocks)
    se = math.sqrt(squares / (len(blocks) - 1) / count)
    half = student(len(blocks) - 1, LOOK_LEVEL) * se
    return Bound(max(mean - half, 0.0), mean + half)
