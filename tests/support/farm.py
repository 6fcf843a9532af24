"""Runs of known truth for the tests, by `servers.queue_model`: no clock, no socket, no estimator.

farm("port-serial")                                   # two ports; phases of 2, 4, 8 users and the control
farm("slots", [phase(4, ports=1)], slots=2)           # one phase, two slots behind each port
farm("contention", jitter=0.05, seed=7, factor=0.6)   # noisy
write_run(prefix, run)                                # the four files that a real run leaves
"""

import csv
import math
import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from analysis.files.csv_rows import RowWriter, to_row
from analysis.files.plan import PlannedPhase
from analysis.files.request_record import (
    BASELINE,
    BURST,
    CHAIN_PHASE,
    FREE,
    WARMUP,
    WARMUP_PHASE,
    RequestLog,
    write_records,
)
from analysis.files.request_record import RequestRecord as Record
from analysis.files.run import ClientHealth, Manifest, Run, TargetInfo, file_of, write_manifest
from analysis.files.server_samples import ServerSample
from servers.queue_model import Job, Policy, Request, drifting, named, simulate

POLICIES = ("serial", "port-serial", "time-sliced", "slots", "parallel", "contention")
GAP_S = 0.002  # between an answer and the next send
LONGEST_S = 900.0  # no run of a farm takes longer


def limits_of(policy: str | Policy, slots: int = 2, factor: float = 0.6) -> Policy:
    """The policy of that name; `factor`: what two or more contending streams are worth together."""
    if isinstance(policy, Policy):
        return policy
    return Policy(throughput=(1.0, factor)) if policy == "contention" else named(policy, slots)


@dataclass(frozen=True)
class FarmTarget:
    """One target; alone it takes `overhead_s + prefill_s + tpot_s · (tokens − 1)`, by default 2 s."""

    name: str
    port: int = 0
    prefill_s: float = 0.2
    tpot_s: float = 0.05
    tokens: int = 37
    overhead_s: float = 0.0  # part of TTFT that needs no compute

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{1234 + self.port}"

    def job(self, slowness: float = 1.0, loads_s: float = 0.0) -> Job:
        return Job(
            port=self.port,
            prefill_s=self.prefill_s * slowness,
            tpot_s=self.tpot_s * slowness,
            tokens=self.tokens,
            overhead_s=self.overhead_s + loads_s,
        )


NAMES = ("Ulysses", "Eternal", "Fear", "Joyce", "Night", "Kafka", "Plato", "Woolf")


def targets_on(ports: int, speeds: Sequence[float] = (), **each: float) -> tuple[FarmTarget, ...]:
    """One target per port; `speeds[i]` divides the times of the i-th."""
    made = []
    for port in range(ports):
        target = FarmTarget(NAMES[port], port, **each)  # type: ignore[arg-type]
        speed = speeds[port] if port < len(speeds) else 1.0
        made.append(replace(target, prefill_s=target.prefill_s / speed, tpot_s=target.tpot_s / speed))
    return tuple(made)


def phase(
    users: int,
    ports: int = 2,
    rounds: int = 5,
    name: str = "",
    *,
    spacing_s: float = 0.0,
    workers: int | None = None,
) -> PlannedPhase:
    """`users` dealt over the first `ports` targets; named phase1, phase2, phase3 for 2, 4, 8 users."""
    usual = {2: "phase1", 4: "phase2", 8: "phase3"}.get(users, f"users{users}")
    return PlannedPhase(name or usual, users, NAMES[:ports], rounds, rounds, spacing_s, workers)


def standard_phases(ports: int = 2, rounds: int = 5) -> list[PlannedPhase]:
    """Phases of 2, 4 and 8 users, and the control: 2 users on one port."""
    return [
        phase(2, ports, rounds),
        phase(2, 1, rounds, "control"),
        phase(4, ports, rounds),
        phase(8, ports, rounds),
    ]


@dataclass
class _Script:
    """Writes the log of one run, request after request, on its own clock."""

    limits: Policy
    jitter: float
    rng: random.Random
    common: float = 0.0
    now_s: float = 1.0
    records: list[Record] = field(default_factory=list)

    def send(
        self,
        kind: str,
        name: str,
        index: int | None,
        deal: Sequence[FarmTarget],
        spacing_s: float = 0.0,
        workers: int | None = None,
        loads_s: float = 0.0,
    ) -> None:
        """One round (or solo) from `now_s` on; the clock stands behind its last answer afterwards."""
        trend = self._common()
        arrivals = []
        for i, target in enumerate(deal):
            slowness = math.exp(self.jitter * self.rng.gauss(0, 1) + trend)
            late_s = self.rng.uniform(0, 0.0004) if len(deal) > 1 else 0.0  # no release is perfect
            arrivals.append((self.now_s + i * spacing_s + late_s, target.job(slowness, loads_s)))
        served = simulate(self.limits, arrivals, workers or math.inf)
        order = sorted(range(len(deal)), key=lambda i: arrivals[i][0])
        due = [
            (i, deal[i], self.now_s + i * spacing_s, request)
            for i, request in zip(order, served, strict=True)
        ]
        made = [self._record(*d, kind, name, index, workers) for d in sorted(due, key=lambda d: d[0])]
        for record in sorted(made, key=lambda r: r.end_s or 0.0):
            self.records.append(replace(record, request_id=len(self.records)))
        self.now_s = max(r.end_s or 0.0 for r in served) + GAP_S

    def _common(self) -> float:
        """Log scatter that all requests sent together share."""
        return self.common * self.rng.gauss(0, 1) if self.common else 0.0

    def _record(
        self,
        user: int,
        target: FarmTarget,
        scheduled_s: float,
        served: Request,
        kind: str,
        name: str,
        index: int | None,
        workers: int | None,
    ) -> Record:
        first_s, end_s, admitted_s = served.first_token_s, served.end_s, served.admission_s
        assert first_s is not None and end_s is not None and admitted_s is not None
        queued_s = served.arrival_s - scheduled_s if workers is not None and kind == BURST else None
        return Record(
            request_id=0,
            phase=name,
            round=index,
            kind=kind,
            user=user if kind in (BURST, FREE) else None,
            target=target.name,
            base_url=target.base_url,
            model=target.name.lower(),
            scheduled_s=scheduled_s,
            queued_s=queued_s,
            send_s=served.arrival_s,
            first_token_s=first_s,
            last_token_s=end_s,
            end_s=end_s + 0.0002,
            prompt_tokens=48,
            cached_tokens=0,
            output_tokens=target.tokens,
            chunks=target.tokens,
            longest_gap_s=(end_s - first_s) / (target.tokens - 1),
            stamp="user",
            http_status=200,
            finish_reason="length",
            error=None,
            answered_model=target.name.lower(),
            server_queue_s=None,
            server_prefill_s=first_s - admitted_s,
            server_decode_s=end_s - first_s,
            server_load_s=None,
            worker=0,
            clock_error_s=self.rng.uniform(0.0001, 0.0003),
        )


def farm(
    policy: str | Policy,
    phases: Sequence[PlannedPhase] | None = None,
    *,
    targets: Sequence[FarmTarget] = (),
    slots: int = 2,
    factor: float = 0.6,
    jitter: float = 0.0,
    drift_per_min: float = 0.0,
    common: float = 0.0,
    seed: int = 1,
    chain: bool = True,
    **manifest: object,
) -> Run:
    """A finished run of these phases on such a farm; by default two ports, 2, 4, 8 users and the control."""
    plans = list(standard_phases() if phases is None else phases)
    ports = max(len(p.targets) for p in plans)
    known = {t.name: t for t in (targets or targets_on(ports))}
    limits = limits_of(policy, slots, factor)
    if drift_per_min:
        limits = replace(limits, pace=drifting(drift_per_min, LONGEST_S))
    script = _Script(limits, jitter, random.Random(seed), common)
    used = [known[name] for name in dict.fromkeys(n for p in plans for n in p.targets)]
    for i, target in enumerate([*used, *used, used[0]]):
        script.send(WARMUP, WARMUP_PHASE, i, [target], loads_s=1.5 if i < len(used) else 0.0)
    smallest = min(plans, key=lambda p: p.users)
    for number, plan in enumerate(plans):
        _phase(script, plan, known)
        if chain and number == min(1, len(plans) - 1):
            for i, name in enumerate(smallest.deal):
                script.send(BASELINE, CHAIN_PHASE, i, [known[name]])
    return Run(
        Path("farm"),
        _manifest(str(policy) if isinstance(policy, str) else "of-a-policy", used, plans, **manifest),
        RequestLog(tuple(script.records)),
    )


def _phase(script: _Script, plan: PlannedPhase, known: dict[str, FarmTarget]) -> None:
    """solo, round, solo, round, …, solo: one solo in each gap, the phase's targets in turn."""
    for index in range(plan.max_rounds + 1):
        script.send(BASELINE, plan.name, index, [known[plan.targets[index % len(plan.targets)]]])
        if index < plan.max_rounds:
            deal = [known[name] for name in plan.deal]
            script.send(BURST, plan.name, index, deal, plan.spacing_s, plan.workers)


def free_farm(policy: str, levels: Sequence[int] = (1, 2, 4), answers: int = 6, **options: float) -> Run:
    """A run of the free plan: solos, then closed loops of 1, 2 and 4 users, `answers` each."""
    known = targets_on(2)
    script = _Script(limits_of(policy), options.get("jitter", 0.0), random.Random(1))
    for i, target in enumerate([*known, *known]):
        script.send(BASELINE, FREE, i, [target])
    for level in levels:
        deal = [known[i % 2] for i in range(level * answers)]
        script.send(FREE, FREE, None, deal, workers=level)
    manifest = replace(_manifest(policy, known, []), plan="free")
    return Run(Path("farm"), manifest, RequestLog(tuple(script.records)))


def _manifest(
    policy: str, used: Sequence[FarmTarget], plans: Sequence[PlannedPhase], **more: object
) -> Manifest:
    infos = tuple(
        TargetInfo(t.name, t.base_url, t.name.lower(), "llamacpp", t.tokens, 30, pid=4000 + t.port)
        for t in used
    )
    made = Manifest(
        scenario_name=f"farm-{policy}",
        clock_origin_epoch_ns=1_761_057_015_000_000_000,
        finished=True,
        started_at="2025-10-21T07:30:15-07:00",
        targets=infos,
        phases_planned=tuple(plans),
        phases_finished=tuple(p.name for p in plans),
        budget_s=150.0,
        client=ClientHealth(3.0, 0.0004, 0.0011),
        versions={"portlap": "0.1.0"},
    )
    return replace(made, **more)  # type: ignore[arg-type]


def watched(run: Run, *, slots: int | None, cores: float = 1.0, cpus: int = 8, every_s: float = 0.25) -> Run:
    """The same run with truthful server samples: the busy servers share `cores` of the machine's `cpus`."""
    ports = sorted({t.base_url for t in run.manifest.targets})
    records = run.log.records
    last_s = max(r.end_s or 0.0 for r in records) + 2.0
    spent, steps, worked = dict.fromkeys(ports, 100.0), dict.fromkeys(ports, 0), dict.fromkeys(ports, 0)
    samples: list[ServerSample] = []
    for tick in range(int(last_s / every_s)):
        now_s = tick * every_s
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
