"""A stranger's run: Locust's CSV files alone, made by any locustfile. What they allow, as bounds.

Locust adds up: it keeps no single request. So sums are exact (count × average), single requests can be told
apart only where one ended between two rows of the history, and everything else lies between two bounds.
Nothing here says who waited for whom: no mechanism is ever named (docs/LIMITS.md).
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from pathlib import Path

from analysis.errors import RunError
from analysis.files.locust_stats import (
    ALL,
    MOST,
    Name,
    Snapshot,
    Sums,
    read_failures,
    read_history,
    read_table,
    sums_of,
)
from analysis.files.run import file_of
from analysis.locust_only.parts import CROWDED, PARTS, may_be_parts

ROW_S = 1.0  # Locust stamps a row of its history with the whole second: an instant is known to ±1 s


@dataclass(frozen=True, slots=True)
class Bound:
    """What surely holds: at least `low`, at most `high`."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Single:
    """A request that ended alone between two rows of the history: its latency is exact."""

    name: str
    latency_s: float
    ended_epoch_s: Bound


@dataclass(frozen=True, slots=True)
class Level:
    """The longest stretch with so many users, more than one.

    `speedup`: seconds of solo time answered per second of it.
    """

    users: int
    answers: int
    window_s: Bound
    speedup: Bound | None


@dataclass(frozen=True, slots=True)
class Bounds:
    """All that Locust's CSVs say of a run. None where they do not allow it; `missing` says why."""

    prefix: Path
    rows: Mapping[Name, Sums]
    total: Sums
    users: int | None  # the most at any time
    makespan_s: Bound  # first send to last end
    mean_in_flight: Bound  # Σ latency / makespan
    solo_s: Mapping[str, float]  # mean latency while there was one user only
    levels: tuple[Level, ...]
    singles: tuple[Single, ...]
    missing: tuple[str, ...]


def is_locust_only(prefix: Path) -> bool:
    """True if Locust's statistics are there and nothing of portlap's own."""
    ours = (file_of(prefix, "requests.csv"), file_of(prefix, "run.json"))
    return file_of(prefix, "stats.csv").exists() and not any(path.exists() for path in ours)


def read_bounds(prefix: Path) -> Bounds:
    """What the files allow. Raises RunError if one of them is damaged or they do not fit each other."""
    path = file_of(prefix, "stats.csv")
    table = list(read_table(path))
    rows = {(line["Type"], line["Name"]): sums_of(line, "", where) for line, where in table}
    total = rows.pop(ALL, None)
    if total is None or not total.requests:
        raise RunError(f"{path}: holds no request; give the prefix of a run that sent some")
    if sum(s.requests for s in rows.values()) != total.requests:
        raise RunError(f"{path}: its rows do not add up to its last one; the file is damaged")
    failed = read_failures(file_of(prefix, "failures.csv"))
    if failed is not None and failed > total.failures:
        raise RunError(f"{file_of(prefix, 'failures.csv')}: {failed} failures where {path.name} counts "
                       f"{total.failures}; they are of different runs")  # fmt: skip
    history, was_reset = read_history(file_of(prefix, "stats_history.csv"), rows, total)
    users = max((s.users for s in history), default=0) or None
    solo_s, levels = _levels(history, rows)
    makespan_s = _makespan(table[-1], total, users, was_reset)
    crowded = bool(users) and total.latency_s / (users or 1) > makespan_s.high * 1.01 + ROW_S
    doubt = [CROWDED] if crowded else [PARTS] if may_be_parts(rows, users or 1) else []
    if doubt:  # each user waits for one answer: that may be false here, and so is all that rests on it
        solo_s, levels = {}, ()
        makespan_s = _makespan(table[-1], total, None, was_reset)
    return Bounds(
        prefix=prefix,
        rows=rows,
        total=total,
        users=users,
        makespan_s=makespan_s,
        mean_in_flight=_in_flight(total, makespan_s, None if doubt else users),
        solo_s=solo_s,
        levels=levels,
        singles=tuple(_singles(history, rows)),
        missing=(*doubt, *_missing(history, rows, solo_s, failed)),
    )


def _makespan(last: tuple[Mapping[str, str], str], total: Sums, users: int | None, reset: bool) -> Bound:
    """At most the time Locust's own Requests/s is over (and, after a reset, what was in flight then)."""
    line, where = last
    try:
        rate = float(line["Requests/s"])
        window_s = total.requests / rate if 0 < rate < MOST else math.nan
        if not window_s < MOST:
            raise ValueError
    except (KeyError, ValueError):
        raise RunError(f"{where}: Requests/s cannot be read; the file is damaged") from None
    high = window_s + (total.slowest_s if reset else 0.0)
    low = max(total.slowest_s, total.latency_s / users if users else 0.0)
    return Bound(low if low <= high else min(total.slowest_s, high), high)


def _in_flight(total: Sums, makespan_s: Bound, users: int | None) -> Bound:
    """Little's L. At most the users: each of Locust's waits for its answer."""
    most = min(total.latency_s / makespan_s.low if makespan_s.low else math.inf, users or total.requests)
    return Bound(total.latency_s / makespan_s.high if makespan_s.high else 0.0, most)


def _between(before: Snapshot, after: Snapshot, name: Name) -> tuple[int, int, float]:
    """Requests, failures and Σ latency between two snapshots."""
    zero = Sums(0, 0, 0.0, 0.0, 0.0)
    a, b = before.sums.get(name, zero), after.sums.get(name, zero)
    return b.requests - a.requests, b.failures - a.failures, b.latency_s - a.latency_s


def _named(history: Sequence[Snapshot], rows: Mapping[Name, Sums]) -> dict[Name, str]:
    """The rows of the history to take differences of, with the name of their requests ('' if unknown)."""
    if history and set(history[-1].sums) - {ALL}:
        return {name: name[1] for name in rows}
    return {ALL: next(iter(rows))[1] if len(rows) == 1 else ""}


def _singles(history: Sequence[Snapshot], rows: Mapping[Name, Sums]) -> Iterator[Single]:
    for before, after in pairwise(history):
        for row, name in _named(history, rows).items():
            count, failures, latency_s = _between(before, after, row)
            if count == 1 and not failures:
                yield Single(name, latency_s, Bound(before.at_s, after.at_s + ROW_S))


def _levels(
    history: Sequence[Snapshot], rows: Mapping[Name, Sums]
) -> tuple[dict[str, float], tuple[Level, ...]]:
    """Solo times from the first user's time alone, and per number of users the bounds of the speedup."""
    stretches: dict[int, tuple[Snapshot, Snapshot]] = {}
    alone: list[Snapshot] = []
    most = 0
    for users, group in groupby(history, key=lambda s: s.users):
        snapshots = list(group)
        if users == 1 and most <= 1:  # later on, a request of a second user may still be open
            alone = snapshots
        most = max(most, users)
        known = stretches.get(users)
        if users and (known is None or _length_s(snapshots[0], snapshots[-1]) > _length_s(*known)):
            stretches[users] = snapshots[0], snapshots[-1]
    names = _named(history, rows)
    solo_s: dict[str, float] = {}
    if alone:
        for row, name in names.items():
            warm = next((s for s in alone if _between(alone[0], s, row)[0]), alone[0])
            if not _between(warm, alone[-1], row)[0]:
                warm = alone[0]  # there is one answer only
            count, failures, latency_s = _between(warm, alone[-1], row)  # a first answer may load the model
            if count and not failures and name:
                solo_s[name] = latency_s / count
    levels = [_level(users, *stretches[users], names, solo_s) for users in sorted(stretches) if users > 1]
    return solo_s, tuple(level for level in levels if level.answers)


def _length_s(first: Snapshot, last: Snapshot) -> int:
    return last.at_s - first.at_s


def _level(
    users: int, first: Snapshot, last: Snapshot, names: Mapping[Name, str], solo_s: Mapping[str, float]
) -> Level:
    """G = Σ solo time of the answers / window, either side of which `users` requests may be cut in two."""
    ended = {name: _between(first, last, row)[:2] for row, name in names.items()}
    ended = {name: found for name, found in ended.items() if found[0]}
    window_s = Bound(max(_length_s(first, last) - ROW_S, 0.0), _length_s(first, last) + ROW_S)
    answers = sum(count for count, _ in ended.values())
    speedup = None
    if window_s.low and ended and set(ended) <= set(solo_s) and not any(bad for _, bad in ended.values()):
        work_s = math.fsum(count * solo_s[name] for name, (count, _) in ended.items())
        cut_s = users * max(solo_s[name] for name in ended)
        speedup = Bound(max(work_s - cut_s, 0.0) / window_s.high, (work_s + cut_s) / window_s.low)
    return Level(users, answers, window_s, speedup)


def _missing(
    history: Sequence[Snapshot], rows: Mapping[Name, Sums], solo_s: Mapping[str, float], failed: int | None
) -> Iterator[str]:
    yield "first tokens: nobody can see which answers were decoded together, and which waited"
    if not history:
        yield "_stats_history.csv: without it nothing is known of users and of when requests ended"
    elif "" in _named(history, rows).values():
        yield "rows per name in the history (--csv-full-history): several names cannot be told apart"
    if not solo_s:
        yield "requests surely sent alone (a time with one user, before all others): without them no speedup"
    if failed is None:
        yield "_failures.csv: what went wrong in failed requests"
    yield "the last second: Locust writes its files once a second, and not at its end"
