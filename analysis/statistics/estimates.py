"""Values with their intervals: on the log scale (speedups, durations), and of an arithmetic mean."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from scipy.special import stdtrit

from analysis.thresholds import REPORT_LEVEL


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value with its 95 % interval over n replicates; low and high are None where n does not allow one."""

    value: float
    low: float | None
    high: float | None
    n: int


@dataclass(frozen=True, slots=True)
class LogEstimate:
    """A ratio or duration known on the log scale: normal scatter, Student's t with `df`."""

    log: float
    se: float
    df: float
    n: int

    @property
    def value(self) -> float:
        return math.exp(self.log)

    def low(self, level: float = REPORT_LEVEL) -> float:
        """Lower end of the two-sided interval of this level."""
        return math.exp(self.log - self._half_width(level))

    def high(self, level: float = REPORT_LEVEL) -> float:
        return math.exp(self.log + self._half_width(level))

    def times(self, factor: float) -> "LogEstimate":
        """The same estimate of a quantity that is `factor` (> 0, taken as known) times as large."""
        return LogEstimate(self.log + math.log(factor), self.se, self.df, self.n)

    def estimate(self) -> Estimate:
        return Estimate(self.value, self.low(), self.high(), self.n)

    def _half_width(self, level: float) -> float:
        return float(stdtrit(self.df, 0.5 + level / 2)) * self.se


def mean_estimate(values: Sequence[float]) -> Estimate | None:
    """Arithmetic mean with Student's interval; None for no values, no interval for one.

    Of what cannot be negative: an interval that would begin below 0 begins there.
    """
    n = len(values)
    if n == 0:
        return None
    mean = math.fsum(values) / n
    if n == 1:
        return Estimate(mean, None, None, 1)
    sd = math.sqrt(math.fsum((v - mean) ** 2 for v in values) / (n - 1))
    half = float(stdtrit(n - 1, 0.5 + REPORT_LEVEL / 2)) * sd / math.sqrt(n)
    return Estimate(mean, max(mean - half, 0.0), mean + half, n)
