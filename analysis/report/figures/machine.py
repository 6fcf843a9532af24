"""The machine behind the ports: the keys of `machine` in report.json."""

from collections.abc import Sequence
from dataclasses import dataclass

from analysis.assess import Assessment
from analysis.conditions.of_run import machine_consistent
from analysis.machine.model import MachineModel
from analysis.machine.scalability import scalability
from analysis.machine.throughput import more_may_help, recommended, throughputs, with_another_port
from analysis.phase.measure import Peak
from analysis.report.figures.phase import PhaseFigures
from analysis.statistics.estimates import Estimate, LogEstimate
from analysis.verdict.limit import MACHINES


@dataclass(frozen=True, slots=True)
class PortSlots:
    base_url: str
    slots: int | None  # None: not exactly known
    slots_at_least: int | None


@dataclass(frozen=True, slots=True)
class StreamGain:
    streams: int
    gain: Estimate | None  # in solo streams; None: not identifiable


@dataclass(frozen=True, slots=True)
class PortFactor:
    ports: int  # busy ones
    factor: Estimate | None  # what each keeps of its pace; None: not identifiable


@dataclass(frozen=True, slots=True)
class PredictedPhase:
    phase: str
    wall_s: Estimate
    predicted_s: Estimate | None
    residual: float | None  # predicted over measured, less 1
    why_not: str | None


@dataclass(frozen=True, slots=True)
class ThroughputFigures:
    workers: int
    responses_per_min: Estimate
    output_tokens_per_s: Estimate | None
    wall_s: Estimate
    measured: bool


@dataclass(frozen=True, slots=True)
class ScalabilityFigures:
    sigma: float
    kappa: float
    points: int
    farthest: float
    peak_users: float | None  # None: it never falls


@dataclass(frozen=True, slots=True)
class MachineFigures:
    """A slot count is exact, or at least so many; throughput is () where the phases contradict each other."""

    slots: int | None
    slots_at_least: int | None
    slots_per_port: int | None
    slots_per_port_at_least: int | None
    slots_of_ports: tuple[PortSlots, ...]
    machine_limit: int | None
    ports: int  # of the widest phase
    gain_by_users: dict[str, float]  # measured, over all ports
    gain_by_users_one_port: dict[str, float]
    mechanism: str | None
    why_not: str | None
    gain: tuple[StreamGain, ...]
    factor: tuple[PortFactor, ...]
    predictions: tuple[PredictedPhase, ...]
    throughput: tuple[ThroughputFigures, ...]
    recommended_workers: int | None
    more_workers_may_help: bool
    another_port_at_most: Estimate | None  # the best throughput then, at most, over the best now
    second_machine: Estimate | None  # measured G over two machines
    second_machine_max: float | None  # its Gmax
    scalability: ScalabilityFigures | None
    time_scale: float  # seconds here per second of simulated servers


def machine_figures(assessment: Assessment, phases: Sequence[PhaseFigures]) -> MachineFigures:
    model = assessment.machine
    seen, each = model.slots, model.slots.each_port
    plain = [p for p in phases if p.pair_of is None and p.verdict.decided and p.speedup is not None]
    most_ports = max((p.ports for p in plain), default=0)
    rows = [] if machine_consistent(model).passed is False else throughputs(model)
    apart = next((c.phase for c in assessment.limit.compared if c.separation == MACHINES), None)
    law = scalability(model.points)
    return MachineFigures(
        slots=_exactly(seen.total),
        slots_at_least=seen.total.streams,
        slots_per_port=_exactly(each),
        slots_per_port_at_least=each.streams,
        slots_of_ports=tuple(PortSlots(url, _exactly(p), p.streams) for url, p in seen.per_port.items()),
        machine_limit=seen.limit,
        ports=len(model.ports),
        gain_by_users=_gains([p for p in plain if p.ports == most_ports]),
        gain_by_users_one_port=_gains([p for p in plain if p.ports == 1]),
        mechanism=model.fitted.kind if model.fitted else None,
        why_not=model.why_not,
        gain=tuple(StreamGain(n, _estimate(e)) for n, e in sorted(model.gains.items())),
        factor=tuple(PortFactor(n, _estimate(e)) for n, e in sorted(model.factors.items())),
        predictions=_predictions(model),
        throughput=tuple(
            ThroughputFigures(
                workers=r.workers,
                responses_per_min=r.responses_per_min.estimate(),
                output_tokens_per_s=_estimate(r.output_tokens_per_s),
                wall_s=r.wall_s.estimate(),
                measured=r.measured,
            )
            for r in rows
        ),
        recommended_workers=recommended(rows),
        more_workers_may_help=more_may_help(model, rows),
        another_port_at_most=_estimate(with_another_port(model, rows)),
        second_machine=_estimate(apart.speedup) if apart else None,
        second_machine_max=apart.speedup_max if apart else None,
        scalability=ScalabilityFigures(law.sigma, law.kappa, law.points, law.farthest, law.peak_users)
        if law
        else None,
        time_scale=assessment.run.manifest.time_scale,
    )


def _predictions(model: MachineModel) -> tuple[PredictedPhase, ...]:
    return tuple(
        PredictedPhase(p.phase, p.wall_s.estimate(), _estimate(p.predicted_s), p.residual, p.why_not)
        for p in model.predictions
    )


def _gains(phases: Sequence[PhaseFigures]) -> dict[str, float]:
    return {str(p.users): p.speedup.value for p in phases if p.speedup is not None}


def _estimate(known: LogEstimate | None) -> Estimate | None:
    return known.estimate() if known is not None else None


def _exactly(peak: Peak) -> int | None:
    return peak.streams if peak.exact else None
