"""The pace of one answer, in output tokens per second: what a person who waits for it sees."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from analysis.phase.measure import PhaseMeasured
from analysis.statistics.estimates import Estimate, mean_estimate


@dataclass(frozen=True, slots=True)
class AnswerPace:
    """Tokens per second of one answer after its first token, alone and together."""

    alone: Estimate | None  # over the whole solos, each target as often as it is dealt; None: no streams
    together: Estimate | None  # over the scored rounds


def answer_pace(phase: PhaseMeasured, target: str | None = None) -> AnswerPace:
    """1 / TPOT: harmonic within a round or a target, so that tokens over seconds stay what they are.

    `target`: of this one only.
    """
    if not phase.streams:
        return AnswerPace(None, None)
    together = [
        _pace([r.tpot_s for r in a_round.requests if target in (None, r.target)]) for a_round in phase.scored
    ]
    return AnswerPace(_alone(phase, target), mean_estimate([pace for pace in together if pace is not None]))


def _alone(phase: PhaseMeasured, target: str | None) -> Estimate | None:
    """Of several targets: the mean of their means, its interval from theirs as of independent ones."""
    dealt = tuple(t for t in phase.plan.deal if target in (None, t))
    each = {
        name: mean_estimate([1 / s.tpot_s for s in phase.solos if s.target == name and s.tpot_s])
        for name in dict.fromkeys(dealt)
    }
    found = [(e, dealt.count(name) / len(dealt)) for name, e in each.items() if e is not None]
    if len(found) < len(each):
        return None
    value = math.fsum(share * e.value for e, share in found)
    halves = [share * (e.high - e.value) for e, share in found if e.high is not None]
    n = sum(e.n for e, _ in found)
    if len(halves) < len(found):
        return Estimate(value, None, None, n)
    half = math.hypot(*halves)
    return Estimate(value, max(value - half, 0.0), value + half, n)


def _pace(tpots_s: Sequence[float | None]) -> float | None:
    known = [tpot_s for tpot_s in tpots_s if tpot_s]
    return 1 / fmean(known) if known else None
