"""Locust's CSV files of a run as a `LocustRun`: sums, users and times checked against each other."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from analysis.advice.next_steps import next_steps
from analysis.errors import RunError
from analysis.files.locust_stats import (
    ALL,
    Name,
    Snapshot,
    Sums,
    Table,
    read_failures,
    read_history,
    read_stats_table,
)
from analysis.files.run import file_of
from analysis.locust_only.advice import steps_to_know
from analysis.locust_only.bounds import ROW_S, Bound, Level, LocustRun
from analysis.locust_only.judge import answer_of, judged
from analysis.locust_only.levels import Known, levels_of
from analysis.locust_only.parts import CROWDED, unsure_parts
from analysis.locust_only.parts import parts_of as parts_of_rows
from analysis.locust_only.times.first_tokens import first_token_row
from analysis.locust_only.times.makespan import in_flight, makespan_s
from analysis.locust_only.times.solo import name_of, named, singles, solo_times
from analysis.locust_only.times.windows import count, lag_s

NO_TABLE = Table({}, None, None)
NO_REQUEST = "holds no request; give the prefix of a run that sent some"
MIXED_PARTS = "the history adds up requests and their parts; run again with --csv-full-history"
MIXED_NAMES = "the history adds up requests of several names; run again with --csv-full-history"
CROWDED_SHARE = 1.01  # times Locust's own window, for Σ latency / users


def is_locust_only(prefix: Path) -> bool:
    """True if Locust's statistics are there, and no row per request: neither portlap's nor a recipe's."""
    rows = file_of(prefix, "requests.csv")
    if file_of(prefix, "run.json").exists() or (rows.exists() and not _is_table_of_2018(rows)):
        return False
    return _stats_path(prefix) is not None or file_of(prefix, "stats_history.csv").exists()


def _stats_path(prefix: Path) -> Path | None:
    """`PREFIX_stats.csv`, that of 2018 (`PREFIX_requests.csv`), or a file that the web UI handed out."""
    path, old = file_of(prefix, "stats.csv"), file_of(prefix, "requests.csv")
    if path.exists():
        return path
    if old.exists() and _is_table_of_2018(old):
        return old
    return prefix if prefix.suffix.lower() == ".csv" and prefix.is_file() else None


def _is_table_of_2018(path: Path) -> bool:
    """Sums, not a row per request."""
    try:
        with path.open("rb") as file:
            return b"# requests" in file.readline().lower()
    except OSError:
        return False


def read_locust_run(prefix: Path) -> LocustRun:
    """What the files allow. Raises RunError if one of them is damaged or they do not fit each other."""
    history_path = file_of(prefix, "stats_history.csv")
    path = _stats_path(prefix) or history_path
    table = read_stats_table(path) if path != history_path else NO_TABLE
    if table.total is not None and not table.total.requests:
        raise RunError(f"{path}: {NO_REQUEST}")
    history, was_reset = read_history(history_path, table.rows, table.total)
    ahead = bool(history) and table.total is not None and count(history[-1]) > table.total.requests
    if ahead:  # killed: what was flushed last counts
        path, table = history_path, NO_TABLE
    if path == history_path and history:
        rest = {name: sums for name, sums in history[-1].sums.items() if name != ALL}
        stated = history[-1].sums.get(ALL, added(rest.values()))
        found = rest or {("", "all requests"): stated}
    else:
        found, stated = dict(table.rows), table.total or added(table.rows.values())
    if not stated.requests:
        raise RunError(f"{path}: {NO_REQUEST}")
    if sum(s.requests for s in found.values()) != stated.requests:
        raise RunError(f"{path}: its rows do not add up to its last one; the file is damaged")
    failed = _failed(prefix, path, stated)
    parts = {name: found[name] for name in parts_of_rows(found, history)}
    rows = {name: sums for name, sums in found.items() if name not in parts}
    total = added(rows.values())
    latency_s = _latency_s(found, rows, stated)
    whole = bool(history) and count(history[-1]) == stated.requests
    users = max((s.users for s in history), default=0) or None
    lagging_s = lag_s(history)
    known_rows = named(history, rows, parts)
    solo_s = solo_times(history, known_rows)
    sums_by_row = {row: rows.get(row, total) for row in known_rows}
    first = first_token_row(rows, parts) if known_rows else None
    first_token = (first, parts[first]) if first else None
    levels = levels_of(history, Known(sums_by_row, solo_s, lagging_s, first_token))
    forgotten_s = total.slowest_s if was_reset else 0.0  # what was open then may have begun before
    shortest_s, longest_s = table.window_s or (0.0, math.inf)
    window = Bound(shortest_s, longest_s + forgotten_s)
    doubts = tuple(_doubts(rows, parts, history, latency_s, window, users if whole else None, levels))
    if doubts:  # each user waits for one answer: that may be false here, and so is all that rests on it
        solo_s, levels = {}, []
    at_most = users if whole and not doubts else None
    counted = known_rows or ([] if parts else [ALL])
    ended = [sum(s.sums[row].requests for row in counted if row in s.sums) for s in history]
    window = Bound(0.0 if parts else window.low, window.high)  # a part may be the last that ended
    makespan = makespan_s(window, total, latency_s, history, ended, whole, at_most, lagging_s)
    shown = tuple(judged(level) for level in levels)
    outcome, answer = answer_of(shown, doubts)
    return LocustRun(
        prefix=prefix,
        rows=rows,
        parts=parts,
        total=total,
        latency_s=latency_s,
        users=users,
        makespan_s=makespan,
        mean_in_flight=in_flight(latency_s, makespan, at_most or total.requests),
        solo_s={name_of(row, rows): bound for row, bound in solo_s.items()},
        levels=shown,
        singles=tuple(singles(history, known_rows, rows)),
        history=tuple(history),
        lag_s=lagging_s,
        doubts=doubts,
        missing=(*_lost(path, table), *_missing(history, known_rows, whole, users, failed, lagging_s)),
        outcome=outcome,
        answer=answer,
        next_steps=next_steps(outcome, ()) if outcome.decided else steps_to_know(total),
    )


def added(rows: Iterable[Sums]) -> Sums:
    """The sum of some rows."""
    found = list(rows)
    return Sums(
        sum(s.requests for s in found),
        sum(s.failures for s in found),
        math.fsum(s.latency_s for s in found),
        min((s.fastest_s for s in found), default=0.0),
        max((s.slowest_s for s in found), default=0.0),
        math.fsum(s.slack_s for s in found),
    )


def _failed(prefix: Path, path: Path, stated: Sums) -> int | None:
    failed = read_failures(file_of(prefix, "failures.csv"))
    if failed is not None and failed > stated.failures:
        raise RunError(f"{file_of(prefix, 'failures.csv')}: {failed} failures where {path.name} counts "
                       f"{stated.failures}; they are of different runs")  # fmt: skip
    return failed


def _latency_s(found: Mapping[Name, Sums], rows: Mapping[Name, Sums], stated: Sums) -> Bound:
    """Σ latency of the requests. Requests without a time are in the counts and not in the averages: then the
    rows and their sum disagree, and the truth is at most either."""
    every, mine = added(found.values()), added(rows.values())
    gap_s = abs(every.latency_s - stated.latency_s)
    gap_s = gap_s if gap_s > 1e-6 * every.latency_s + every.slack_s + stated.slack_s else 0.0
    return Bound(max(mine.latency_s - mine.slack_s - gap_s, 0.0), mine.latency_s + mine.slack_s + gap_s)


def _doubts(
    rows: Mapping[Name, Sums],
    parts: Mapping[Name, Sums],
    history: Sequence[Snapshot],
    latency_s: Bound,
    window: Bound,
    users: int | None,
    levels: Sequence[Level],
) -> Iterator[str]:
    """Why no number of users can have a speedup."""
    crowded = users is not None and latency_s.low / users > window.high * CROWDED_SHARE + ROW_S
    if crowded or any(level.in_flight.low > level.users for level in levels):
        yield CROWDED
    elif unsure := unsure_parts(rows, history, users or 1):
        yield unsure
    elif history and not named(history, rows, parts):
        yield MIXED_PARTS if parts else MIXED_NAMES


def _lost(path: Path, table: Table) -> Iterator[str]:
    if table is NO_TABLE:
        yield "_stats.csv: the last row of the history stands for it"
    elif table.total is None:
        yield f"the row Aggregated of {path.name}, which was cut: the other rows are added up"


def _missing(
    history: Sequence[Snapshot],
    rows: Sequence[Name],
    whole: bool,
    users: int | None,
    failed: int | None,
    lagging_s: float,
) -> Iterator[str]:
    yield "first tokens of each answer: which answers were decoded together, and which waited, cannot be seen"
    if not history:
        yield "_stats_history.csv: without it nothing is known of users and of when requests ended"
    elif not whole:
        yield f"the end of the history: it lacks requests, and there may have been more than {users} users"
    elif not rows:
        yield "rows per name in the history (--csv-full-history): several names cannot be told apart"
    if lagging_s:
        yield "times to the second: workers report every 3 s, so every window is that much less sure"
    if failed is None:
        yield "_failures.csv: what went wrong in failed requests"
    yield "the last second: Locust writes its files once a second, and not at its end"
