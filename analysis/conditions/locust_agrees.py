"""Locust's own CSV files against the request log: the same requests, counted by other code."""

import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from analysis.conditions.condition import Condition
from analysis.errors import RunError
from analysis.files.locust_stats import Sums, read_failures, read_stats
from analysis.files.request_record import STOPPED, RequestRecord
from analysis.files.run import Run, file_of
from analysis.thresholds import AVERAGES_AGREE_MS

Row = tuple[str, str]  # (type, name): a kind and PHASE/TARGET


@dataclass(frozen=True, slots=True)
class Tally:
    """One row of `_stats.csv`, or the same sums of the log; no average where no request has a time."""

    requests: int
    failures: int
    average_ms: float | None


def tally(records: Iterable[RequestRecord]) -> dict[Row, Tally]:
    """The same sums from the request log."""
    rows: dict[Row, list[RequestRecord]] = defaultdict(list)
    for r in records:
        rows[r.kind, f"{r.phase}/{r.target}"].append(r)
    return {row: _tally(requests) for row, requests in rows.items()}


def _tally(records: list[RequestRecord]) -> Tally:
    latencies = [r.latency_s for r in records if r.latency_s is not None]
    return Tally(
        len(records),
        sum(r.error is not None for r in records),
        math.fsum(latencies) / len(latencies) * 1e3 if latencies else None,
    )


def _of_locust(sums: Sums) -> Tally:
    average_ms = sums.latency_s / sums.requests * 1e3 if sums.requests else None
    return Tally(sums.requests, sums.failures, average_ms)


def locust_agrees(run: Run) -> Condition:
    """Equal counts, failures and averages after a finished run; after a cut one Locust may hold fewer."""
    name = "Locust agrees"
    try:
        sums = read_stats(file_of(run.prefix, "stats.csv"))
    except RunError as error:
        return Condition(name, None, f"Locust's statistics cannot be read: {error}")
    stats = {row: _of_locust(found) for row, found in sums.items()}
    if not run.manifest.locust_witness or not stats:
        return Condition(name, None, "Locust wrote no statistics for this run")
    if run.manifest.workers_lost:
        lost = "; ".join(run.manifest.workers_lost)
        return Condition(name, None, f"{lost}: Locust's statistics lack what it had not reported")
    ours = tally(run.log.records)
    if not run.manifest.finished:
        more = [row for row, seen in stats.items() if seen.requests > _count(ours, row)]
        return Condition(
            name,
            False if more else None,
            f"Locust counted more requests than the log holds in {_named(more[0])}"
            if more
            else f"the run was cut: Locust holds {sum(t.requests for t in stats.values())} "
            f"of {len(run.log.records)} requests",
            "the log has lost rows: run again" if more else "",
        )
    differing = _differing(ours, stats)
    reported = tally(r for r in run.log.records if r.error != STOPPED)
    if differing and not _differing(reported, stats):  # Locust hears of no stopped request; it once did
        ours, differing = reported, []
    failures = read_failures(file_of(run.prefix, "failures.csv"))
    failed = sum(t.failures for t in ours.values())
    if not differing and failures is not None and failures != failed:
        return Condition(
            name, False, f"{failures} failures in Locust's list, {failed} in the log", "run again"
        )
    return Condition(
        name,
        not differing,
        f"Locust and the log differ in {_named(differing[0])}: {_in_words(stats.get(differing[0]))} "
        f"against {_in_words(ours.get(differing[0]))}"
        if differing
        else f"{len(run.log.records)} requests, {failed} failures, averages within {AVERAGES_AGREE_MS} ms",
        "files of different runs share a prefix, or rows were lost: run again",
    )


def _differing(ours: dict[Row, Tally], stats: dict[Row, Tally]) -> list[Row]:
    return [row for row in sorted({*ours, *stats}) if _differ(ours.get(row), stats.get(row))]


def _named(row: Row) -> str:
    return f"{row[1]} ({row[0]})"


def _in_words(tally: Tally | None) -> str:
    if tally is None:
        return "no row"
    average = f"{tally.average_ms:.1f} ms" if tally.average_ms is not None else "no average"
    return f"{tally.requests} requests, {tally.failures} failed, {average}"


def _count(tallies: dict[Row, Tally], row: Row) -> int:
    return tallies[row].requests if row in tallies else 0


def _differ(a: Tally | None, b: Tally | None) -> bool:
    if a is None or b is None:
        return True
    if (a.requests, a.failures) != (b.requests, b.failures):
        return True
    return abs((a.average_ms or 0.0) - (b.average_ms or 0.0)) > AVERAGES_AGREE_MS
