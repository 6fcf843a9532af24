"""Values with their intervals: on the log scale (speedups, durations), and of an arithmetic mean.

All of the analysis takes its quantile of Student's t, its percentile and its bands from here.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from scipy.special import stdtrit

from analysis.thresholds import REPORT_LEVEL

_LARGEST = 200.0  # a logarithm: beyond it (1e87) a number says nothing, and a product of some may overflow


def bounded_exp(log: float) -> float:
    """The number of this logarithm, never 0 and never inf."""
    return math.exp(max(min(log, _LARGEST), -_LARGEST))


def student(df: float, level: float) -> float:
    """The t that a variable of Student's distribution stays within, on both sides, at this level."""
    return float(stdtrit(df, 0.5 + level / 2))


def bonferroni(level: float, n: int) -> float:
    """The level for each of n statements that shall all hold together at `level`."""
    return 1 - (1 - level) / n


def percentile(values: Sequence[float], share: float) -> float:
    """Nearest rank: the smallest value that at least `share` of the values do not exceed."""
    return sorted(values)[max(math.ceil(share * len(values)) - 1, 0)]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value with its 95 % interval over n replicates; low and high are None where the data allow none."""

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
        return bounded_exp(self.log)

    @property
    def change(self) -> float:
        """The value less 1, exact for small ones."""
        return math.expm1(min(self.log, _LARGEST))

    def low(self, level: float = REPORT_LEVEL) -> float:
        """Lower end of the two-sided interval of this level."""
        return _exp(self.log - self.half_width(level))

    def high(self, level: float = REPORT_LEVEL) -> float:
        """Upper end; inf where it lies beyond what a number holds."""
        return _exp(self.log + self.half_width(level))

    def times(self, factor: float) -> "LogEstimate":
        """The same estimate of a quantity that is `factor` (> 0, taken as known) times as large."""
        return LogEstimate(self.log + math.log(factor), self.se, self.df, self.n)

    def over(self, other: "LogEstimate") -> "LogEstimate":
        """The ratio to another estimate, independent of this one."""
        se, df, n = math.hypot(self.se, other.se), min(self.df, other.df), min(self.n, other.n)
        return LogEstimate(self.log - other.log, se, df, n)

    def surely_outside(self, band: tuple[float, float], level: float) -> bool:
        """Whether the interval of this level has no value in common with the band."""
        return self.low(level) > band[1] or self.high(level) < band[0]

    def estimate(self) -> Estimate:
        high = self.high()
        return Estimate(self.value, self.low(), high if high < math.inf else None, self.n)

    def half_width(self, level: float = REPORT_LEVEL) -> float:
        """Of the interval, on the log scale."""
        return student(self.df, level) * self.se


def _exp(log: float) -> float:
    return math.exp(log) if log <= _LARGEST else math.inf


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
    half = student(n - 1, REPORT_LEVEL) * sd / math.sqrt(n)
    return Estimate(mean, max(mean - half, 0.0), mean + half, n)
