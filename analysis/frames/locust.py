"""A run of any locustfile as pandas tables, from Locust's own CSV files: rows, history, levels."""

from dataclasses import asdict, dataclass
from pathlib import Path

import pandas as pd

from analysis.files.locust_stats import ALL, Snapshot, Sums
from analysis.files.prefix import prefix_of
from analysis.locust_only.bounds import ROW_S, LocustRun
from analysis.locust_only.read import added, read_locust_run
from analysis.locust_only.report import request_sentences

OVER_S = 10  # of the history, for answers per second and the mean in flight
HISTORY = ("at_s", "users", "answers", "failures", "answers_per_s", "in_flight_low", "in_flight_high")
LEVELS = ("users", "answers", "window_s_low", "window_s_high", "speedup_low", "speedup_high")
ZERO = Sums(0, 0, 0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class LocustTables:
    """`bounds` holds what the tables are made from; NaN where the files do not tell."""

    rows: pd.DataFrame
    history: pd.DataFrame
    levels: pd.DataFrame
    sentences: tuple[str, ...]
    missing: tuple[str, ...]
    bounds: LocustRun


def locust_run(prefix: str | Path) -> LocustTables:
    """The run at `prefix` (a path, or any of Locust's files). Raises RunError, in one line."""
    path = prefix_of(str(prefix))
    bounds = read_locust_run(path)
    rows = [{"type": t, "name": name, **asdict(sums)} for (t, name), sums in bounds.rows.items()]
    levels = [
        (
            level.users, level.answers, level.window_s.low, level.window_s.high,
            level.speedup.low if level.speedup else None, level.speedup.high if level.speedup else None,
        )
        for level in bounds.levels
    ]  # fmt: skip
    return LocustTables(
        rows=pd.DataFrame(rows),
        history=pd.DataFrame(_history(bounds), columns=HISTORY, dtype=float),
        levels=pd.DataFrame(levels, columns=LEVELS, dtype=float).astype({"users": int, "answers": int}),
        sentences=(bounds.answer, *request_sentences(bounds)),
        missing=bounds.missing,
        bounds=bounds,
    )


def _history(run: LocustRun) -> list[tuple[float | None, ...]]:
    return [_second(run, i) for i in range(len(run.history))]


def _second(run: LocustRun, i: int) -> tuple[float | None, ...]:
    """One row of the history, with the means over the last ten seconds.

    The mean in flight is the latency that was spent in them. That of the answers that ended in them differs
    from it by what each user's request spent before or has still open: at either side at most the slowest.
    """
    now, zero = run.history[i], run.history[0]
    before = next((s for s in run.history[:i] if now.at_s - s.at_s <= OVER_S), zero)
    sums, old = _requests(run, now), _requests(run, before)
    length_s, unsure_s = float(now.at_s - before.at_s), ROW_S + run.lag_s
    at_s, users = float(now.at_s - zero.at_s), float(now.users)
    if sums is None or old is None:
        return at_s, users, None, None, None, None, None
    row = (at_s, users, float(sums.requests), float(sums.failures))
    if length_s <= unsure_s:
        return (*row, None, None, None)
    rate = (sums.requests - old.requests) / length_s
    if run.doubts:  # more may be in flight than there are users
        return (*row, rate, None, None)
    most = max(s.users for s in run.history[: i + 1])
    spent_s, cut_s = sums.latency_s - old.latency_s, most * sums.slowest_s
    low = max((spent_s - cut_s) / (length_s + unsure_s), 0.0)
    return (*row, rate, low, min((spent_s + cut_s) / (length_s - unsure_s), float(most)))


def _requests(run: LocustRun, at: Snapshot) -> Sums | None:
    """Of the requests so far; None where the history holds them and their parts in one sum."""
    if not run.parts:
        return at.sums.get(ALL, ZERO)
    return added(at.sums.get(name, ZERO) for name in run.rows) if set(at.sums) - {ALL} else None
