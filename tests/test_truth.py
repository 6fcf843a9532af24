"""The core of `make truth`: over a thousand random farms no verdict is wrong; docs/truth.md has more."""

import pytest

from analysis.verdict import GAINS
from tests.truth_grid import Told, cases, tell
from tests.truth_table import clear, criteria, page

FARMS = 1100


@pytest.fixture(scope="module")
def told() -> list[Told]:
    return [tell(case) for case in cases(FARMS)]


def test_every_criterion_holds_over_a_thousand_random_farms(told: list[Told]) -> None:
    failed = [(claim, found) for claim, _, found, holds in criteria(told) if not holds]
    assert failed == []


def test_no_farm_without_gain_is_called_parallel_where_the_seed_formula_calls_most_of_them_so(
    told: list[Told],
) -> None:
    without = [t for t in clear(told) if not t.truth.gains]
    assert len(without) > 300
    assert [t.case for t in without if t.verdict in GAINS] == []
    assert sum(t.seed_says_parallel for t in without) > 0.8 * len(without)


def test_the_page_says_what_was_found(told: list[Told]) -> None:
    written = page(told, 1.0, "")
    assert "| **no** |" not in written
    assert f"{FARMS} random farms" in written
    for mechanism in {t.case.mechanism for t in told}:
        assert f"| {mechanism} | 100 |" in written
