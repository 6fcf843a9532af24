"""The figures of a whole run: phases, baseline, what the phases say of the machine, the client's error."""

from collections.abc import Sequence
from dataclasses import dataclass

from analysis.assess import Assessment, PhaseJudged
from analysis.machine.model import Machine, consistent
from analysis.machine.scalability import Scalability, scalability
from analysis.machine.throughput import (
    Throughput,
    more_may_help,
    recommended,
    throughputs,
    with_another_port,
)
from analysis.report.figures.phase import PhaseFigures, percentile, phase_figures
from analysis.statistics.estimates import Estimate, LogEstimate
from analysis.verdict.limit import MACHINES, Compared
from analysis.verdict.outcomes import Outcome

FREE = "free"


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
    """What the machine gives, as far as it is consistent; a slot count is exact or at least so many."""

    model: Machine
    gain_by_users: dict[str, float]  # measured, over all ports
    gain_by_users_one_port: dict[str, float]
    throughputs: tuple[Throughput, ...]  # () where the phases contradict each other
    recommended_workers: int | None
    more_may_help: bool
    another_port: LogEstimate | None  # the best throughput then, at most, over the best now
    second_machine: Compared | None  # measured
    scalability: Scalability | None
    time_scale: float  # seconds here per second of simulated servers


@dataclass(frozen=True, slots=True)
class TimingError:
    """How late portlap itself saw bytes arrive."""

    p50_s: float
    p99_s: float
    n: int


@dataclass(frozen=True, slots=True)
class RunFigures:
    verdict: Outcome | None  # None: the free plan states none
    phases: tuple[PhaseFigures, ...]
    baseline: tuple[BaselineFigures, ...]
    machine: MachineFigures
    timing_error: TimingError | None

    @property
    def listed(self) -> tuple[PhaseFigures, ...]:
        """The phases without the pairs of a matrix, which have a table of their own."""
        return tuple(p for p in self.phases if p.pair_of is None)


def run_figures(assessment: Assessment) -> RunFigures:
    phases = tuple(phase_figures(j) for j in assessment.phases)
    late = [r.clock_error_s for r in assessment.run.log.records if r.clock_error_s is not None]
    return RunFigures(
        verdict=None if assessment.run.manifest.plan == FREE else assessment.answer.outcome,
        phases=phases,
        baseline=_baseline(assessment.phases, phases),
        machine=_machine(assessment, phases),
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


def _machine(assessment: Assessment, figures: Sequence[PhaseFigures]) -> MachineFigures:
    model = assessment.machine
    plain = [p for p in figures if p.pair_of is None and p.verdict.decided]
    told = [p for p in plain if p.speedup is not None]
    most_ports = max((p.ports for p in told), default=0)
    rows = [] if consistent(model).passed is False else throughputs(model)
    return MachineFigures(
        model=model,
        gain_by_users=_gains([p for p in told if p.ports == most_ports]),
        gain_by_users_one_port=_gains([p for p in told if p.ports == 1]),
        throughputs=tuple(rows),
        recommended_workers=recommended(rows),
        more_may_help=more_may_help(model, rows),
        another_port=with_another_port(model, rows),
        second_machine=next((c for c in assessment.limit.compared if c.separation == MACHINES), None),
        scalability=scalability(model.points),
        time_scale=assessment.run.manifest.time_scale,
    )


def _gains(phases: Sequence[PhaseFigures]) -> dict[str, float]:
    return {str(p.users): p.speedup.value for p in phases if p.speedup is not None}
