"""The core of `make truth`: over a thousand random farms no verdict is wrong; docs/truth.md has more."""

import pytest

from analysis.assess import assess
from analysis.verdict.outcomes import Outcome
from scripts.truth.grid import JudgedFarm, cases, judge
from scripts.truth.page import clear, criteria, page
from scripts.truth.sockets import NEAR, see, socket_cases
from tests.support.farm import farm

FARMS = 1100


@pytest.fixture(scope="module")
def farms() -> list[JudgedFarm]:
    return [judge(case) for case in cases(FARMS)]


def test_every_criterion_holds_over_a_thousand_random_farms(farms: list[JudgedFarm]) -> None:
    failed = [(claim, found) for claim, _, found, holds in criteria(farms) if not holds]
    assert failed == []


def test_no_farm_without_gain_is_called_parallel_where_the_naive_speedup_calls_most_of_them_so(
    farms: list[JudgedFarm],
) -> None:
    without = [t for t in clear(farms) if not t.truth.gains]
    assert len(without) > 300
    assert [t.case for t in without if t.verdict.gains] == []
    assert sum(t.seed_says_parallel for t in without) > 0.8 * len(without)


def test_the_page_shows_the_counts(farms: list[JudgedFarm]) -> None:
    written = page(farms, 1.0, "")
    assert "| **no** |" not in written
    assert f"{FARMS} random farms" in written
    for mechanism in {t.case.mechanism for t in farms}:
        assert f"| {mechanism} | 100 |" in written


@pytest.mark.alone
@pytest.mark.parametrize("mechanism", ["one lock", "batching"])
def test_the_same_holds_over_real_sockets_with_a_real_locust(mechanism: str) -> None:
    """A handful; `make truth` has some dozens."""
    case = next(c for c in socket_cases(4) if c.mechanism == mechanism)
    for seen in see(case, users=(2, 4)):
        assert not seen.wrong and not seen.slots_wrong
        assert abs(seen.gain_off) <= NEAR


RUNS = {
    "serial": {Outcome.SERIAL},
    "port-serial": {Outcome.PORTS_PARALLEL},
    "time-sliced": {Outcome.SHARED},
    "slots": {
        Outcome.ONE_PORT,
        Outcome.PORTS_PARALLEL,
    },  # two slots a port: near each other with scatter, both are gains
    "parallel": {Outcome.ONE_PORT, Outcome.PORTS_PARALLEL},
    "contention": {Outcome.CONTENTION, Outcome.SHARED},
}


@pytest.mark.parametrize("policy", RUNS)
def test_no_verdict_of_a_whole_run_is_wrong_either(policy: str) -> None:
    found = [
        assess(farm(policy, jitter=jitter, seed=seed)).answer.outcome
        for jitter in (0.05, 0.15)
        for seed in range(4)
    ]
    assert set(found) <= RUNS[policy] | {Outcome.INCONCLUSIVE}
    assert Outcome.INCONCLUSIVE not in found[:4]
