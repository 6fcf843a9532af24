"""The figures of a whole run: phases, baseline, what the phases say of the machine, the client's error."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from analysis.assess import Assessment, PhaseJudged
from analysis.estimates import Estimate
from analysis.phase import Peak
from analysis.report.metrics import PhaseFigures, percentile, phase_figures
from analysis.verdict import INCONCLUSIVE, INVALID

FREE = "free"
AS_GOOD = 0.95  # of the most responses per minute: fewer users who reach it are enough


@dataclass(frozen=True, slots=True)
class BaselineFigures:
    """One target alone, in the first phase that measured it."""

    target: str
    base_url: str
    phase: str
    solo_s: Estimate
    tokens: int
    ttft_s: float | None
    tpot_s: float | None
    drift: float | None


@dataclass(frozen=True, slots=True)
class MachineFigures:
    """What the phases say of the machine; a slot count is exact or at least so many."""

    slots: Peak
    slots_per_port: Peak  # where all ports agree
    gain_by_users: dict[str, float]  # over all ports
    gain_by_users_one_port: dict[str, float]
    recommended_workers: int | None


@dataclass(frozen=True, slots=True)
class TimingError:
    """How late portlap itself saw bytes arrive."""

    p50_s: float
    p99_s: float
    n: int


@dataclass(frozen=True, slots=True)
class RunFigures:
    verdict: str | None  # None: the free plan states none
    phases: tuple[PhaseFigures, ...]
    baseline: tuple[BaselineFigures, ...]
    machine: MachineFigures
    timing_error: TimingError | None


def run_figures(assessment: Assessment) -> RunFigures:
    phases = tuple(phase_figures(j) for j in assessment.phases)
    late = [r.clock_error_s for r in assessment.run.log.records if r.clock_error_s is not None]
    return RunFigures(
        verdict=None if assessment.run.manifest.plan == FREE else assessment.answer.outcome,
        phases=phases,
        baseline=_baseline(assessment.phases, phases),
        machine=_machine(assessment.phases, phases),
        timing_error=TimingError(percentile(late, 0.5), percentile(late, 0.99), len(late)) if late else None,
    )


def _baseline(judged: Sequence[PhaseJudged], figures: Sequence[PhaseFigures]) -> tuple[BaselineFigures, ...]:
    found: dict[str, BaselineFigures] = {}
    for j, shown in zip(judged, figures, strict=True):
        phase = j.measured
        for target, solo_s in (phase.fit.solo_s if phase.fit else {}).items():
            alone = phase.alone[target]
            found.setdefault(
                target,
                BaselineFigures(
                    target=target,
                    base_url=phase.targets[target].base_url,
                    phase=phase.plan.name,
                    solo_s=solo_s.estimate(),
                    tokens=alone.tokens,
                    ttft_s=alone.ttft_s,
                    tpot_s=alone.tpot_s,
                    drift=shown.drift,
                ),
            )
    return tuple(found.values())


def _machine(judged: Sequence[PhaseJudged], figures: Sequence[PhaseFigures]) -> MachineFigures:
    told = [p for p in figures if p.verdict not in (INCONCLUSIVE, INVALID) and p.speedup is not None]
    most_ports = max((p.ports for p in told), default=0)
    widest = [p for p in told if p.ports == most_ports]
    largest = max(told, key=lambda p: (p.users, p.ports), default=None)
    return MachineFigures(
        slots=largest.total if largest else Peak(None, False),
        slots_per_port=_slots_per_port(told),
        gain_by_users=_gains(widest),
        gain_by_users_one_port=_gains([p for p in told if p.ports == 1]),
        recommended_workers=_recommended_workers(
            widest, [j for j in judged if any(j.measured.plan.name == p.name for p in widest)]
        ),
    )


def _gains(phases: Sequence[PhaseFigures]) -> dict[str, float]:
    return {str(p.users): p.speedup.value for p in phases if p.speedup is not None}


def _slots_per_port(phases: Sequence[PhaseFigures]) -> Peak:
    """The most streams seen on each port; unknown where the ports differ."""
    best: dict[str, Peak] = {}
    for phase in phases:
        for port, peak in phase.per_port.items():
            before = best.get(port, Peak(None, False))
            if (peak.streams or 0, peak.exact) > (before.streams or 0, before.exact):
                best[port] = peak
    if len({peak.streams for peak in best.values()}) != 1:
        return Peak(None, False)
    return min(best.values(), key=lambda peak: peak.exact)  # exact only where every port is


def _recommended_workers(phases: Sequence[PhaseFigures], judged: Sequence[PhaseJudged]) -> int | None:
    """The fewest users with 95 % of the most responses per minute measured; one alone counts too."""
    rates = {p.users: p.responses_per_min for p in phases if p.responses_per_min is not None}
    if not rates:
        return None
    smallest = min(judged, key=lambda j: j.measured.plan.users).measured
    rates[1] = 60 / fmean(smallest.solo_s[t] for t in smallest.plan.deal)
    return min(users for users, rate in rates.items() if rate >= AS_GOOD * max(rates.values()))
