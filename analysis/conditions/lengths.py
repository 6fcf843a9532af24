"""Lengths of a target's answers, alone and together, and whether they surely differ."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, variance

from scipy.special import stdtrit

from analysis.phase.measure import PhaseMeasured


@dataclass(frozen=True, slots=True)
class Lengths:
    """Tokens of each answer of one target, or chunks where the server counts none."""

    target: str
    alone: Sequence[int]
    together: Sequence[int]

    @property
    def ratio(self) -> float:
        return fmean(self.together) / fmean(self.alone)

    def surely_outside(self, band: tuple[float, float], level: float) -> bool:
        """Whether the ratio of the means is (Welch's test of its logarithm)."""
        samples = [n for n in (self.alone, self.together) if len(n) > 1]
        parts = [(variance(n) / len(n) / fmean(n) ** 2, len(n) - 1) for n in samples]
        error = sum(part for part, _ in parts)
        spread = sum(part**2 / df for part, df in parts)
        half = float(stdtrit(error**2 / spread, 0.5 + level / 2)) * math.sqrt(error) if spread else 0.0
        low, high = (math.log(b) for b in band)
        return math.log(self.ratio) - half > high or math.log(self.ratio) + half < low


def lengths_of(phase: PhaseMeasured) -> list[Lengths]:
    """Of each target that answered both alone and together."""
    found = []
    for target in dict.fromkeys(phase.plan.deal):
        alone = [r.tokens for r in phase.solos if r.target == target and r.tokens]
        together = [r.tokens for a in phase.scored for r in a.requests if r.target == target and r.tokens]
        if alone and together:
            found.append(Lengths(target, alone, together))
    return found
