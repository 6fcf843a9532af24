"""The figures of a phase, computed once: JSON, text, Markdown, HTML and notebook only print them.

Formulas, with what each reads on a serial, a time-sliced and a parallel server: docs/METHODOLOGY.md.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from analysis.files.plan import PlannedPhase
from analysis.files.request_record import RequestRecord
from analysis.phase.measure import PhaseMeasured
from analysis.phase.rounds import Round, output_tokens_per_s, per_second, texts_per_s
from analysis.phase.server_load import MachineLoad, PortLoad
from analysis.report.figures.pace import AnswerPace, answer_pace
from analysis.statistics.estimates import Estimate, bonferroni, mean_estimate, percentile, student
from analysis.thresholds import ENOUGH_FOR_P95, OUTLIER_LEVEL
from analysis.verdict.outcomes import Outcome
from analysis.verdict.phase_judged import PhaseJudged


@dataclass(frozen=True, slots=True)
class Percentiles:
    """Nearest-rank percentiles in seconds; None without values, p95 only with at least 20.

    Of arrivals as well; their keys are in docs/FORMAT.md.
    """

    p50: float | None
    p95: float | None
    max: float | None


@dataclass(frozen=True, slots=True)
class PhaseFigures:
    """All numbers shown of one phase: the keys of `phases` in report.json. None: the data do not allow it."""

    name: str
    users: int
    topology: str
    ports: int
    rounds: int  # measured
    rounds_scored: int  # of these, with whole answers only: all figures below are of them
    requests: int  # of the rounds, failed ones included
    failed: int
    wall_s: Estimate | None  # W, mean over the scored rounds
    speedup: Estimate | None  # G
    speedup_net: Estimate | None  # G_net
    speedup_decode: Estimate | None  # G_dec
    speedup_max: float | None  # Gmax
    efficiency: float | None  # G / Gmax
    decode_overlap: Estimate | None  # C
    decode_peak: int | None  # K
    decode_peak_exact: bool
    decode_peak_per_port: Mapping[str, int | None]
    naive_speedup: float | None  # Σ latency / W: mean in flight, no speedup
    naive_speedup_if_serial: float | None
    ttft_s: Percentiles
    ttft_by_rank_s: tuple[float, ...]  # mean of the k-th first token of a round; () without streams
    tpot_ratio: float | None  # together over alone
    answer_tokens_per_s: AnswerPace
    responses_per_min: float | None
    output_tokens_per_s: float | None
    texts_per_s: float | None  # of embeddings
    drift: float | None  # relative change of the solo time over the phase
    outliers: tuple[str, ...]
    verdict: Outcome
    sentence: str
    hint: str
    pair_of: str | None  # the contention matrix it is a part of
    why: tuple[str, ...]  # evidence, where there is no gain
    servers: Mapping[str, PortLoad]  # by base URL: what each port said of itself
    machine: MachineLoad | None


def phase_figures(judged: PhaseJudged) -> PhaseFigures:
    phase, verdict = judged.measured, judged.verdict
    together = [r for a in phase.rounds for r in a.requests]
    scored = [r for a in phase.scored for r in a.requests]
    walls = [w for a in phase.scored if (w := a.makespan_s) is not None]
    g = phase.speedup
    return PhaseFigures(
        name=phase.plan.name,
        users=phase.plan.users,
        topology=phase.topology,
        ports=len(phase.ports),
        rounds=len(phase.rounds),
        rounds_scored=len(phase.scored),
        requests=len(together),
        failed=sum(r.error is not None for r in together),
        wall_s=mean_estimate(walls),
        speedup=g.estimate() if g else None,
        speedup_net=phase.speedup_net.estimate() if phase.speedup_net else None,
        speedup_decode=phase.speedup_decode.estimate() if phase.speedup_decode else None,
        speedup_max=phase.speedup_max,
        efficiency=g.value / phase.speedup_max if g and phase.speedup_max else None,
        decode_overlap=mean_estimate(phase.decode_overlaps) if phase.streams else None,
        decode_peak=phase.total.streams,
        decode_peak_exact=phase.total.exact,
        decode_peak_per_port={port: peak.streams for port, peak in phase.per_port.items()},
        naive_speedup=naive_speedup(phase.scored),
        naive_speedup_if_serial=naive_speedup_if_serial(phase.plan, phase.solo_s),
        ttft_s=percentiles([r.ttft_s for r in scored if r.ttft_s is not None] if phase.streams else []),
        ttft_by_rank_s=_by_rank(phase) if phase.streams else (),
        tpot_ratio=_tpot_ratio(phase, scored),
        answer_tokens_per_s=answer_pace(phase),
        responses_per_min=per_second(60 * len(scored), phase.scored),
        output_tokens_per_s=output_tokens_per_s(phase.scored),
        texts_per_s=texts_per_s(phase.scored),
        drift=phase.drift.change if phase.drift else None,
        outliers=_outliers(phase),
        verdict=verdict.outcome,
        sentence=verdict.sentence,
        hint=verdict.hint,
        pair_of=phase.plan.pair_of,
        why=judged.evidence,
        servers=judged.load.ports if judged.load else {},
        machine=judged.load.machine if judged.load else None,
    )


def percentiles(values: Sequence[float]) -> Percentiles:
    if not values:
        return Percentiles(None, None, None)
    p95 = percentile(values, 0.95) if len(values) >= ENOUGH_FOR_P95 else None
    return Percentiles(percentile(values, 0.5), p95, max(values))


def naive_speedup(rounds: Sequence[Round]) -> float | None:
    """Mean over the rounds of Σ latency / makespan: the mean number in flight (Little's L), no speedup."""
    shares = [
        math.fsum(r.latency_s or 0.0 for r in a.requests) / a.makespan_s for a in rounds if a.makespan_s
    ]
    return fmean(shares) if shares else None


def naive_speedup_if_serial(plan: PlannedPhase, solo_s: Mapping[str, float]) -> float | None:
    """What the naive speedup reads if one request at a time is answered, first come, first served.

    (N + 1) / 2 where all are due at one instant (the mean over all orders, whatever the solo times);
    else from the replay of the schedule, which needs them.
    """
    if plan.spacing_s == 0:
        return (plan.users + 1) / 2
    if not set(plan.deal) <= set(solo_s):
        return None
    free_s, latencies_s = 0.0, []
    for i, target in enumerate(plan.deal):
        due_s = i * plan.spacing_s
        free_s = max(free_s, due_s) + solo_s[target]
        latencies_s.append(free_s - due_s)
    return math.fsum(latencies_s) / free_s


def _by_rank(phase: PhaseMeasured) -> tuple[float, ...]:
    """A queue is a staircase, requests that are answered at once are flat."""
    rounds = [sorted(r.ttft_s for r in a.requests if r.ttft_s is not None) for a in phase.scored]
    whole = [r for r in rounds if len(r) == phase.plan.users]
    return tuple(fmean(ranks) for ranks in zip(*whole, strict=True))


def _tpot_ratio(phase: PhaseMeasured, scored: Sequence[RequestRecord]) -> float | None:
    """Mean over the answers of TPOT together / mean TPOT of the same target alone."""
    ratios = [
        r.tpot_s / alone
        for r in scored
        if r.tpot_s is not None
        and r.target in phase.alone
        and (alone := phase.alone[r.target].tpot_s) is not None
        and alone > 0
    ]
    return fmean(ratios) if ratios and phase.streams else None


def _outliers(phase: PhaseMeasured) -> tuple[str, ...]:
    """Solos and rounds far from the fit, named with their residual; they are kept.

    Far: beyond Student's bound for the largest of all residuals (Bonferroni).
    """
    if phase.fit is None or phase.fit.df < 2:
        return ()
    bound = student(phase.fit.df - 1, bonferroni(OUTLIER_LEVEL, len(phase.fit.residuals)))
    names = [
        f"the solo of {s.target} in gap {(s.round or 0) + 1}"
        for s in phase.solos
        if s.target in phase.plan.deal
    ]
    names += [f"round {a.index + 1}" for a in phase.scored]
    return tuple(
        f"{name} lies {residual:+.1f} standard deviations from the fit"
        for name, residual in zip(names, phase.fit.residuals, strict=True)
        if abs(residual) > bound
    )
