"""A run of known truth with something changed: rows, an early end, samples; and its files on disk."""

import csv
import math
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from analysis.assess import assess
from analysis.files.csv_rows import RowWriter, to_row
from analysis.files.request_record import (
    RequestLog,
    write_records,
)
from analysis.files.request_record import RequestRecord as Record
from analysis.files.run import Run, file_of, write_manifest
from analysis.files.server_samples import ServerSample
from analysis.verdict.phase_judged import PhaseJudged

Change = Callable[[Record], Record | None]


def changed(run: Run, change: Change, *kinds: str, every: int = 1) -> Run:
    """With `change` in every n-th row of these kinds (none named: of all); None takes the row out."""
    rows: list[Record | None] = []
    seen = 0
    for record in run.log.records:
        fits = not kinds or record.kind in kinds
        seen += fits
        rows.append(change(record) if fits and seen % every == 0 else record)
    return replace(run, log=replace(run.log, records=tuple(r for r in rows if r is not None)))


def judged(run: Run, number: int = 0) -> PhaseJudged:
    """The run's phase of this number, judged."""
    return assess(run).phases[number]


def watched(run: Run, *, slots: int | None, cores: float = 1.0, cpus: int = 8, every_s: float = 0.25) -> Run:
    """The same run with truthful server samples: the busy servers share `cores` of the machine's `cpus`."""
    ports = sorted({t.base_url for t in run.manifest.targets})
    records = run.log.records
    last_s = max(r.end_s or 0.0 for r in records) + 2.0
    spent, steps, worked = dict.fromkeys(ports, 100.0), dict.fromkeys(ports, 0), dict.fromkeys(ports, 0)
    samples: list[ServerSample] = []
    open_at: dict[int, list[Record]] = defaultdict(list)  # by tick: without it this is quadratic
    for r in records:
        for tick in range(int((r.send_s or 0.0) / every_s), int((r.end_s or 0.0) / every_s) + 2):
            open_at[tick].append(r)
    for tick in range(int(last_s / every_s)):
        now_s, records = tick * every_s, tuple(open_at[tick])
        busy = {p: sum(_worked_on(r, now_s) for r in records if r.base_url == p) for p in ports}
        sharing = sum(n > 0 for n in busy.values())
        for port in ports:
            sent = sum(_in_flight(r, now_s) for r in records if r.base_url == port)
            if busy[port]:
                spent[port] += every_s * cores / sharing
                steps[port], worked[port] = steps[port] + 5, worked[port] + 5 * busy[port]
            counters = ServerSample(
                now_s - 0.0005, now_s + 0.0005, port, busy[port], sent - busy[port], slots,
                decodes=steps[port], busy_per_decode=worked[port] / max(steps[port], 1),
            )  # fmt: skip
            process = ServerSample(now_s, now_s, port, cpu_s=spent[port], memory_mb=412.0)
            samples += [counters, process]
        machine_s = sum(spent.values()) + 0.05 * now_s
        samples.append(
            ServerSample(
                now_s, now_s, cpu_s=machine_s, memory_mb=9000.0, swapped_mb=12.0, stalled_s=0.0,
                sampler_cpu_s=0.15 + 0.004 * now_s,
            )
        )  # fmt: skip
    manifest = replace(run.manifest, host={"cpus": cpus})
    return replace(run, manifest=manifest, server_samples=tuple(samples))


def _worked_on(r: Record, now_s: float) -> bool:
    if r.first_token_s is None or r.last_token_s is None:
        return False
    return r.first_token_s - (r.server_prefill_s or 0.0) <= now_s < r.last_token_s


def _in_flight(r: Record, now_s: float) -> bool:
    return r.send_s is not None and r.last_token_s is not None and r.send_s <= now_s < r.last_token_s


def cut(run: Run, rows: int, why: str = "Ctrl-C") -> Run:
    """The same run stopped when `rows` requests had ended."""
    kept = run.log.records[:rows]
    after = {r.phase for r in run.log.records[rows:]}
    finished = tuple(p for p in run.manifest.phases_finished if p not in after)
    manifest = replace(run.manifest, finished=False, interrupted=why, phases_finished=finished)
    return replace(run, manifest=manifest, log=RequestLog(kept))


def failing(run: Run, where: tuple[str, int, int], error: str = "ConnectError: refused") -> Run:
    """The same run, but the request of (phase, round, user) failed."""

    def failed(r: Record) -> Record:
        if (r.phase, r.round, r.user) != where:
            return r
        return replace(r, first_token_s=None, last_token_s=None, output_tokens=None, chunks=None, error=error)

    return replace(run, log=RequestLog(tuple(failed(r) for r in run.log.records)))


def write_run(prefix: Path, run: Run, *, torn: bool = False, locust: bool = True) -> Run:
    """Writes the run's files under `prefix`. `torn`: the writer was killed in the middle of one more row."""
    run = replace(run, prefix=prefix)
    write_records(file_of(prefix, "requests.csv"), run.log.records)
    if torn:
        with file_of(prefix, "requests.csv").open("a", encoding="utf-8") as log:
            log.write(",".join(to_row(run.log.records[-1]))[:60])
    write_manifest(prefix, run.manifest)
    if run.server_samples:
        writer = RowWriter(file_of(prefix, "witness.csv"), ServerSample)
        for sample in run.server_samples:
            writer.write(sample)
        writer.close()
    if locust:
        _write_stats(file_of(prefix, "stats.csv"), run.log.records)
        _write_failures(file_of(prefix, "failures.csv"), run.log.records)
    return run


STATS = "Type,Name,Request Count,Failure Count,Median Response Time,Average Response Time,\
Min Response Time,Max Response Time,Average Content Size,Requests/s,Failures/s,\
50%,66%,75%,80%,90%,95%,98%,99%,99.9%,99.99%,100%"


def _write_stats(path: Path, records: Sequence[Record]) -> None:
    """As Locust does: exact averages, percentiles in two-digit buckets, the last row is the sum."""
    rows: dict[tuple[str, str], list[Record]] = defaultdict(list)
    for r in records:
        rows[r.kind, f"{r.phase}/{r.target}"].append(r)
        rows["", "Aggregated"].append(r)
    total = rows.pop(("", "Aggregated"))
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(STATS.split(","))
        for (kind, name), found in [*sorted(rows.items()), (("", "Aggregated"), total)]:
            table.writerow([kind, name, len(found), sum(r.error is not None for r in found), *_times(found)])


def _times(records: Sequence[Record]) -> list[object]:
    ms = sorted((r.latency_s or 0.0) * 1e3 for r in records)
    bucket = [float(f"{v:.2g}") for v in ms]
    percentiles = [int(bucket[math.ceil(q * len(ms)) - 1]) for q in (0.5, 0.66, 0.75, 0.8, 0.9, 0.95)]
    times = [percentiles[0], math.fsum(ms) / len(ms), ms[0], ms[-1]]
    return [*times, 180.0, 0.5, 0.0, *percentiles, *[int(bucket[-1])] * 5]


def _write_failures(path: Path, records: Sequence[Record]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["Method", "Name", "Error", "Occurrences", "First Seen", "Last Seen"])
        for r in records:
            if r.error is not None:
                seen = "2025-10-21 14:30:15"
                table.writerow([r.kind, f"{r.phase}/{r.target}", f"PortlapError({r.error!r})", 1, seen, seen])
