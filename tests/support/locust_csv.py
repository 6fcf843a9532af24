"""Locust's own CSV files of requests that are known, a row a second, as Locust 2.47 writes them."""

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

from analysis.locust_rows.rows import LocustRow

EPOCH = 1_700_000_000
TIMES = ("Median", "Average", "Min", "Max")
STATS = ("Type", "Name", "Request Count", "Failure Count", *(f"{t} Response Time" for t in TIMES),
         "Average Content Size", "Requests/s", "Failures/s")  # fmt: skip
HISTORY = ("Timestamp", "User Count", "Type", "Name", "Requests/s", "Failures/s", "Total Request Count",
           "Total Failure Count", *(f"Total {t} Response Time" for t in TIMES))  # fmt: skip


def write_csv(
    prefix: Path,
    requests: Sequence[LocustRow],
    starts_s: Sequence[float],
    full: bool = True,
    phase_s: float = 0.4,
    report_s: float = 0.0,
) -> Path:
    """`requests` in the order they ended, of users that started then and stayed.

    From second 0 on; row k of the history is written at k + phase_s. `full`: also a row for each name.
    `report_s`: workers report so often, and a row holds what they reported last.
    """
    until_s = int(requests[-1].end_s) + 1
    _write(prefix.with_name(f"{prefix.name}_stats.csv"), STATS, _stats(requests, until_s))
    instants = [second + phase_s for second in range(until_s + 1)]
    users = [sum(start <= at for start in starts_s) for at in instants]
    known = [at if not report_s else max(at // report_s * report_s, 0.0) for at in instants]
    history = (
        row
        for at, n, by in zip(instants, users, known, strict=True)
        for row in _history([r for r in requests if r.end_s <= by], at, n, full)
    )
    _write(prefix.with_name(f"{prefix.name}_stats_history.csv"), HISTORY, history)
    return prefix


def _write(path: Path, header: Iterable[str], rows: Iterable[Sequence[object]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)


def _named(requests: Sequence[LocustRow]) -> dict[tuple[str, str], list[LocustRow]]:
    named: dict[tuple[str, str], list[LocustRow]] = {}
    for r in requests:
        named.setdefault((r.type, r.name), []).append(r)
    return named | {("", "Aggregated"): list(requests)}


def _stats(requests: Sequence[LocustRow], until_s: float) -> Iterable[Sequence[object]]:
    for (kind, name), found in _named(requests).items():
        yield kind, name, len(found), _failed(found), *_times(found), 100.0, len(found) / until_s, 0.0


def _history(
    requests: Sequence[LocustRow], at_s: float, users: int, full: bool
) -> Iterable[Sequence[object]]:
    for (kind, name), found in _named(requests).items():
        if full or name == "Aggregated":
            row = (EPOCH + int(at_s), users, kind, name, 0.0, 0.0, len(found), _failed(found))
            yield *row, *(_times(found) if found else (0, 0, 0, 0))


def _failed(found: Sequence[LocustRow]) -> int:
    return sum(r.error is not None for r in found)


def _times(found: Sequence[LocustRow]) -> tuple[float, ...]:
    times = sorted(r.latency_s * 1e3 for r in found)
    return times[len(times) // 2], sum(times) / len(times), times[0], times[-1]
