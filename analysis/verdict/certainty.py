"""What is sure of a speedup: a gain, no gain, a loss; and whether another round could still change that.

Levels and borders: docs/METHODOLOGY.md, "Looks and levels".
"""

import math

from analysis.phase.measure import PhaseMeasured
from analysis.statistics.estimates import LogEstimate
from analysis.thresholds import GAIN, LOOK_LEVEL, LOOKS, LOSS, MIN_DF, MIN_ROUNDS, SMALL_GAIN


def gains(phase: PhaseMeasured) -> bool:
    """Surely above `GAIN`, and so by every measure of compute that is no mere bound.

    Decoding must gain wherever it can be seen: cached prompts, a clock that ramps up, or a slow end of the
    stream shorten rounds and not solos, and G_net takes that for gain.
    """
    net_is_exact = phase.overhead_known or not phase.streams
    compute = [phase.speedup_decode] if phase.streams else []
    compute += [phase.speedup_net] if net_is_exact else []
    return surely_above(phase.speedup, GAIN) and all(surely_above(e, GAIN) for e in compute)


def gains_nothing(phase: PhaseMeasured, last_look: bool) -> bool:
    """Surely below `GAIN`: by the wall clock, or by the compute where the overhead of rounds is known."""
    g = phase.speedup
    if g is None:
        return False
    small = g.high(LOOK_LEVEL) < SMALL_GAIN and g.low() <= GAIN  # what is surely a gain is not called none
    if g.high() < GAIN or (last_look and small):
        return True
    return phase.overhead_known and all(
        e is not None and e.high() < GAIN for e in (phase.speedup_net, phase.speedup_decode)
    )


def decided(phase: PhaseMeasured) -> bool:
    """True at a look where another round cannot change the verdict's kind any more."""
    if len(phase.scored) < MIN_ROUNDS or len(phase.rounds) not in LOOKS:
        return False
    if phase.fit is None or phase.fit.df < MIN_DF:
        return False
    return gains(phase) or gains_nothing(phase, last_look=False)


def loses(phase: PhaseMeasured) -> bool:
    """Surely below `LOSS`. A mean of logarithms understates scattered solos by up to exp(σ²/2)."""
    fit = phase.fit
    return fit is not None and fit.speedup.high() * math.exp(fit.solo_scatter**2 / 2) < LOSS


def surely_above(estimate: LogEstimate | None, border: float) -> bool:
    return estimate is not None and estimate.low(LOOK_LEVEL) > border
