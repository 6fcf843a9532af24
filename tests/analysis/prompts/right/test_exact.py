"""Exact tests: the borders that METHODOLOGY names, and against scipy's own."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from analysis.prompts.right.exact import at_most, changed_pairs_p, holm, larger_share_p
from analysis.thresholds import RIGHT_LOOK

COUNTS = st.integers(0, 40)


@given(COUNTS, COUNTS)
def test_changed_pairs_are_a_binomial_test(lost: int, gained: int) -> None:
    expected = stats.binomtest(lost, lost + gained, 0.5, "greater").pvalue if lost + gained else 1.0
    assert changed_pairs_p(lost, gained) == pytest.approx(expected)


@given(COUNTS, COUNTS, COUNTS, COUNTS)
def test_two_shares_are_fishers_test(a: int, b: int, c: int, d: int) -> None:
    expected = stats.fisher_exact(np.array([[c, d], [a, b]]), "greater").pvalue
    assert larger_share_p(a, a + b, c, c + d) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("lost", "gained", "tests", "sure"),
    [
        (8, 0, 1, True),
        (7, 0, 1, False),
        (11, 1, 1, True),
        (10, 1, 1, False),
        (10, 0, 5, True),
        (9, 0, 5, False),
    ],
)
def test_the_borders_of_worse(lost: int, gained: int, tests: int, sure: bool) -> None:
    ps = [changed_pairs_p(lost, gained), *[1.0] * (tests - 1)]
    assert holm(ps, RIGHT_LOOK)[0] is sure


def test_of_several_tests_the_second_needs_less() -> None:
    assert holm([0.004, 0.001, 0.9], 0.005) == [False, True, False]
    assert holm([0.0024, 0.001, 0.9], 0.005) == [True, True, False]


def test_nothing_wrong_in_48_excludes_more_than_six_in_a_hundred() -> None:
    assert at_most(0, 48, 0.95) == pytest.approx(1 - 0.05 ** (1 / 48))
    assert at_most(48, 48, 0.95) == 1.0
    assert at_most(2, 48, 0.95) == pytest.approx(stats.beta.ppf(0.95, 3, 46))
