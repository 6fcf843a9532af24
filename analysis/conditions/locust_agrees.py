"""Locust's own CSV files against the request log: the same requests, counted by other code."""

import csv
import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from analysis.conditions.condition import Condition
from analysis.files.request_record import RequestRecord
from analysis.files.run import Run, file_of
from analysis.thresholds import AVERAGES_AGREE_MS

Row = tuple[str, str]  # (type, name): a kind and PHASE/TARGET


@dataclass(frozen=True, slots=True)
class Tally:
    """What one row of `_stats.csv` says: requests, failures, average latency (None for no requests)."""

    requests: int
    failures: int
    average_ms: float | None


def read_stats(path: Path) -> dict[Row, Tally]:
    """The rows of Locust's `_stats.csv` but for `Aggregated`; {} if the file is missing or empty."""
    try:
        with path.open(newline="", encoding="utf-8") as file:
            return {
                (line["Type"], line["Name"]): Tally(
                    int(line["Request Count"]),
                    int(line["Failure Count"]),
                    float(line["Average Response Time"]) if int(line["Request Count"]) else None,
                )
                for line in csv.DictReader(file)
                if line.get("Name") not in (None, "Aggregated") and line.get("Average Response Time")
            }
    except (OSError, ValueError):
        return {}


def read_failures(path: Path) -> int | None:
    """Σ occurrences of Locust's `_failures.csv`; None if there is none to read."""
    try:
        with path.open(newline="", encoding="utf-8") as file:
            return sum(int(line["Occurrences"]) for line in csv.DictReader(file))
    except (OSError, ValueError, KeyError, TypeError):
        return None


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


def locust_agrees(run: Run) -> Condition:
    """Equal counts, failures and averages after a finished run; after a cut one Locust may hold fewer."""
    name = "Locust agrees"
    stats = read_stats(file_of(run.prefix, "stats.csv"))
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
            "the log has lost rows: run again",
        )
    differing = [row for row in sorted({*ours, *stats}) if _differ(ours.get(row), stats.get(row))]
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
