"""The interval of G under heavy tails, and clocks that ramp up: a few of what `make truth` counts."""

import math

import pytest

from scripts.truth.scatter.coverage import RARE, SCATTER, SERVERS, coverage, coverage_page, coverages
from scripts.truth.scatter.ramps import ramped, ramps_page

PHASES = 250
TOLERANCE = 300 * math.sqrt(0.95 * 0.05 / PHASES)  # three standard errors, in per cent


@pytest.mark.parametrize("server", SERVERS)
@pytest.mark.parametrize(
    "scatter",
    ["lognormal, σ 0.5", "two speeds, half are twice as slow", "two speeds, 4 in 10 are 1.6 times as slow"],
)
def test_the_interval_holds_under_wide_scatter(scatter: str, server: str) -> None:
    assert 93 - TOLERANCE <= coverage(scatter, server, 4, PHASES).held <= 97 + TOLERANCE


@pytest.mark.parametrize("scatter", RARE)
def test_what_is_missing_under_rare_slow_requests_are_phases_without_one(scatter: str) -> None:
    found = coverage(scatter, "all together", 4, PHASES)
    assert found.held_seen >= 93 - TOLERANCE
    assert found.held >= found.held_seen - found.unseen - 1e-9


def test_the_pages_have_a_row_for_each_case() -> None:
    assert coverage_page(coverages(2), 2).count("\n| ") == len(SCATTER) * len(SERVERS) + 2
    runs = [ramped((server, "1.5 to 6 s", 0)) for server in ("one lock", "time-sliced")]
    assert not runs[0].gains, "a lock is seen whatever the clock does"
    assert "| one lock | 1.5 to 6 s | 0 of 1 |" in ramps_page(runs, 1)
