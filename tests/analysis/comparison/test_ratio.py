"""The ratio of two measured quantities: its interval holds the true ratio in 95 % of the cases."""

import math
import random
from collections.abc import Callable

import pytest

from analysis.comparison.ratio import differs, inverse, ratio
from analysis.statistics.estimates import Estimate, LogEstimate, mean_estimate

TRIALS = 2000


def mean_of_rounds(rng: random.Random, mean: float, sigma: float, n: int) -> Estimate:
    found = mean_estimate([rng.gauss(mean, sigma * mean) for _ in range(n)])
    assert found is not None
    return found


def log_estimate(rng: random.Random, value: float, sigma: float, n: int) -> Estimate:
    """As a fit gives it: the mean of n logarithms, its error from their own scatter."""
    logs = [rng.gauss(math.log(value), sigma) for _ in range(n)]
    mean = math.fsum(logs) / n
    se = math.sqrt(math.fsum((x - mean) ** 2 for x in logs) / (n - 1) / n)
    return LogEstimate(mean, se, n - 1, n).estimate()


@pytest.mark.parametrize("draw", [mean_of_rounds, log_estimate])
@pytest.mark.parametrize(("n", "sigma"), [(5, 0.03), (5, 0.2), (20, 0.1)])
def test_the_interval_holds_the_true_ratio(
    draw: Callable[[random.Random, float, float, int], Estimate], n: int, sigma: float
) -> None:
    rng, held = random.Random(1), 0
    for _ in range(TRIALS):
        found = ratio(draw(rng, 3.0, sigma, n), draw(rng, 2.0, sigma, n))
        assert found is not None and found.low is not None and found.high is not None
        held += found.low <= 1.5 <= found.high
    assert 0.94 <= held / TRIALS <= 0.985  # small n: too wide rather than too narrow


def test_a_ratio_without_an_interval_says_nothing_of_a_difference() -> None:
    found = ratio(Estimate(3.0, None, None, 1), Estimate(2.0, 1.9, 2.1, 5))
    assert found == Estimate(1.5, None, None, 1)
    assert differs(found) is None
    assert ratio(None, Estimate(2.0, 1.9, 2.1, 5)) is None
    assert ratio(Estimate(2.0, 1.9, 2.1, 5), Estimate(0.0, 0.0, 0.0, 5)) is None


def test_an_interval_that_begins_at_0_allows_none() -> None:
    assert ratio(Estimate(1.0, 0.0, 9.0, 2), Estimate(1.0, 0.9, 1.1, 9)) == Estimate(1.0, None, None, 2)


def test_the_inverse_of_a_time_is_how_often() -> None:
    assert inverse(Estimate(2.0, 1.0, 4.0, 5), 60.0) == Estimate(30.0, 15.0, 60.0, 5)
    assert inverse(Estimate(2.0, 0.0, 4.0, 5)) == Estimate(0.5, None, None, 5)
