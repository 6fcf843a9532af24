"""Lengths of a target's answers together over alone."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, variance

from analysis.phase.measure import PhaseMeasured
from analysis.statistics.estimates import LogEstimate


@dataclass(frozen=True, slots=True)
class Lengths:
    """Tokens of each answer of one target, or chunks where the server counts none."""

    target: str
    alone: Sequence[int]
    together: Sequence[int]

    @property
    def ratio(self) -> LogEstimate:
        """Of the means, together over alone (Welch's interval of its logarithm)."""
        samples = [n for n in (self.alone, self.together) if len(n) > 1]
        parts = [(variance(n) / len(n) / fmean(n) ** 2, len(n) - 1) for n in samples]
        error = sum(part for part, _ in parts)
        spread = sum(part**2 / df for part, df in parts)
        log = math.log(fmean(self.together) / fmean(self.alone))
        df = error**2 / spread if spread else math.inf
        return LogEstimate(log, math.sqrt(error), df, len(self.together))


def lengths_of(phase: PhaseMeasured) -> list[Lengths]:
    """One for each target that answered both alone and together."""
    lengths = []
    for target in dict.fromkeys(phase.plan.deal):
        alone = [r.tokens for r in phase.solos if r.target == target and r.tokens]
        together = [r.tokens for a in phase.scored for r in a.requests if r.target == target and r.tokens]
        if alone and together:
            lengths.append(Lengths(target, alone, together))
    return lengths
