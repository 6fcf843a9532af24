"""The ratio of two quantities that were measured independently, each with its interval."""

import math

from analysis.statistics.estimates import Estimate


def ratio(over: Estimate | None, base: Estimate | None) -> Estimate | None:
    """over / base with its 95 % interval; None without both, no interval where one of them has none.

    The intervals' distances from the values are added as squares, on the log scale and each on its own side
    (MOVER: Zou and Donner, Statistics in Medicine 27, 2008): right for intervals of any skew, exact for two
    lognormal ones. n is the smaller one.
    """
    if over is None or base is None or over.value <= 0 or base.value <= 0:
        return None
    value, n = over.value / base.value, min(over.n, base.n)
    ends = (over.low, over.high, base.low, base.high)
    if any(end is None or end <= 0 for end in ends):
        return Estimate(value, None, None, n)
    down = math.hypot(_distance(over.value, over.low), _distance(base.value, base.high))
    up = math.hypot(_distance(over.value, over.high), _distance(base.value, base.low))
    return Estimate(value, value * math.exp(-down), value * math.exp(up), n)


def _distance(value: float, end: float | None) -> float:
    assert end is not None
    return math.log(end / value)


def inverse(estimate: Estimate | None, times: float = 1.0) -> Estimate | None:
    """times / the estimate: of a time, how often in `times` seconds."""
    if estimate is None or estimate.value <= 0:
        return None
    known = estimate.low and estimate.high
    low = times / estimate.high if known and estimate.high else None
    high = times / estimate.low if known and estimate.low else None
    return Estimate(times / estimate.value, low, high, estimate.n)


def differs(found: Estimate | None) -> bool | None:
    """Whether a ratio surely differs from 1; None where its interval is unknown."""
    if found is None or found.low is None or found.high is None:
        return None
    return found.low > 1 or found.high < 1
