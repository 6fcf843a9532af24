"""Phases whose messages arrive one after another, or wait in the client's queue: from arrival to answer."""

from dataclasses import dataclass

from analysis.assess import Assessment
from analysis.report.figures.phase import Percentiles, percentiles
from analysis.statistics.estimates import Estimate, mean_estimate
from analysis.verdict.phase_judged import PhaseJudged


@dataclass(frozen=True, slots=True)
class ArrivalFigures:
    """Over the scored rounds, in seconds of the servers' own time: measured / `time_scale`."""

    phase: str
    users: int
    workers: int | None
    time_scale: float
    spacing_s: float
    wall_s: Estimate | None  # first message to last answer
    answer_s: Percentiles  # arrival to the end of the answer, the client's queue included
    queue_s: Percentiles  # the part in the client's queue; None without one


def arrival_figures(assessment: Assessment) -> tuple[ArrivalFigures, ...]:
    """One for each phase that spaces its messages or limits its workers; () if none does."""
    scale = assessment.run.manifest.time_scale
    plans = [(j, j.measured.plan) for j in assessment.phases]
    return tuple(_figures(judged, scale) for judged, plan in plans if plan.spacing_s or plan.workers)


def _figures(judged: PhaseJudged, scale: float) -> ArrivalFigures:
    phase = judged.measured
    scored = [r for a in phase.scored for r in a.requests]
    walls = [w / scale for a in phase.scored if (w := a.makespan_s) is not None]
    return ArrivalFigures(
        phase=phase.plan.name,
        users=phase.plan.users,
        workers=phase.plan.workers,
        time_scale=scale,
        spacing_s=phase.plan.spacing_s / scale,
        wall_s=mean_estimate(walls),
        answer_s=percentiles([r.latency_s / scale for r in scored if r.latency_s is not None]),
        queue_s=percentiles([r.queued_s / scale for r in scored if r.queued_s is not None]),
    )
