"""Runs of known truth for the tests, by `servers.queue_model`: no clock, no socket, no estimator.

farm("port-serial")                                   # two ports; phases of 2, 4, 8 users and the control
farm("slots", [phase(4, ports=1)], slots=2)           # one phase, two slots behind each port
farm("contention", jitter=0.05, seed=7, factor=0.6)   # noisy
"""

import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from analysis.files.plan import PlannedPhase
from analysis.files.request_record import (
    BASELINE,
    BURST,
    CHAIN_PHASE,
    FREE,
    WARMUP,
    WARMUP_PHASE,
    RequestLog,
)
from analysis.files.run import ClientHealth, Manifest, Run, TargetInfo
from servers.queue_model import Policy, drifting, named
from tests.support.farm_log import FarmTarget, RunScript

POLICIES = ("serial", "port-serial", "time-sliced", "slots", "parallel", "contention")
LONGEST_S = 900.0  # no run of a farm takes longer


def limits_of(policy: str | Policy, slots: int = 2, factor: float = 0.6) -> Policy:
    """The policy of that name; `factor`: what two or more contending streams are worth together."""
    if isinstance(policy, Policy):
        return policy
    return Policy(throughput=(1.0, factor)) if policy == "contention" else named(policy, slots)


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
    script = RunScript(limits, jitter, random.Random(seed), common)
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
        manifest_of(str(policy) if isinstance(policy, str) else "of-a-policy", used, plans, **manifest),
        RequestLog(tuple(script.records)),
    )


def _phase(script: RunScript, plan: PlannedPhase, known: dict[str, FarmTarget]) -> None:
    """solo, round, solo, round, …, solo: one solo in each gap, the phase's targets in turn."""
    for index in range(plan.max_rounds + 1):
        script.send(BASELINE, plan.name, index, [known[plan.targets[index % len(plan.targets)]]])
        if index < plan.max_rounds:
            deal = [known[name] for name in plan.deal]
            script.send(BURST, plan.name, index, deal, plan.spacing_s, plan.workers)


def free_farm(policy: str, levels: Sequence[int] = (1, 2, 4), answers: int = 6, **options: float) -> Run:
    """A run of the free plan: solos, then closed loops of 1, 2 and 4 users, `answers` each."""
    known = targets_on(2)
    script = RunScript(limits_of(policy), options.get("jitter", 0.0), random.Random(1))
    for i, target in enumerate([*known, *known]):
        script.send(BASELINE, FREE, i, [target])
    for level in levels:
        deal = [known[i % 2] for i in range(level * answers)]
        script.send(FREE, FREE, None, deal, workers=level)
    manifest = replace(manifest_of(policy, known, []), plan="free")
    return Run(Path("farm"), manifest, RequestLog(tuple(script.records)))


def manifest_of(
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
