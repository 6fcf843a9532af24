"""Phases whose messages arrive one after another, or wait in the client's queue: from arrival to answer."""

from dataclasses import dataclass

from analysis.assess import Assessment, PhaseJudged
from analysis.phase.rounds import PlannedPhase
from analysis.report import words
from analysis.report.figures.phase import Percentiles, percentiles
from analysis.statistics.estimates import Estimate, mean_estimate


@dataclass(frozen=True, slots=True)
class ArrivalFigures:
    """Over the scored rounds, in seconds of the servers' own time: measured / `time_scale`."""

    plan: PlannedPhase
    time_scale: float
    spacing_s: float
    wall_s: Estimate | None  # first message to last answer
    answer_s: Percentiles | None  # arrival to the end of the answer, the client's queue included
    queue_s: Percentiles | None  # of it in the client's queue; None without one


def arrival_figures(assessment: Assessment) -> list[ArrivalFigures]:
    """Of each phase that spaces its messages or limits its workers; [] if none does."""
    scale = assessment.run.manifest.time_scale
    return [
        _figures(j, scale) for j in assessment.phases if j.measured.plan.spacing_s or j.measured.plan.workers
    ]


def sentences(found: list[ArrivalFigures]) -> list[str]:
    said = []
    for f in found:
        through = f" through {f.plan.workers} workers" if f.plan.workers else ""
        text = f"{f.plan.name}: {f.plan.users} messages {words.number(f.spacing_s)} s apart{through}: "
        text += f"first message to last answer {words.interval(f.wall_s)} s"
        if f.answer_s is not None:
            text += f"; arrival to answer {words.number(f.answer_s.p50)} s at the median"
            text += f", {words.number(f.answer_s.max)} s at most"
        if f.queue_s is not None:
            text += f"; of it in the client's queue {words.number(f.queue_s.p50)} s at the median"
            text += f", {words.number(f.queue_s.max)} s at most"
        said.append(text + ".")
    if found and found[0].time_scale != 1:
        factor = words.number(1 / found[0].time_scale)
        said.append(f"These are seconds of the simulated servers, {factor} times what was measured here.")
    return said


def _figures(judged: PhaseJudged, scale: float) -> ArrivalFigures:
    phase = judged.measured
    scored = [r for a in phase.scored for r in a.requests]
    walls = [w / scale for a in phase.scored if (w := a.makespan_s) is not None]
    return ArrivalFigures(
        plan=phase.plan,
        time_scale=scale,
        spacing_s=phase.plan.spacing_s / scale,
        wall_s=mean_estimate(walls),
        answer_s=percentiles([r.latency_s / scale for r in scored if r.latency_s is not None]),
        queue_s=percentiles([r.queued_s / scale for r in scored if r.queued_s is not None]),
    )
