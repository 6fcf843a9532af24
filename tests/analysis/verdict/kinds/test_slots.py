"""A number of slots is exact only where requests were seen to wait for one; a gain needs ends together."""

import random

import pytest

from analysis.assess import Assessment, assess
from analysis.files.plan import PlannedPhase
from analysis.verdict.outcomes import Outcome
from scripts.truth.odd import Odd, play
from servers.queue_model import Policy, Port
from tests.support.farm import farm, phase, standard_phases, targets_on
from tests.support.farm_log import FarmTarget

LONG, SHORT = FarmTarget("Ulysses", 0, prefill_s=2.0), FarmTarget("Eternal", 0, prefill_s=0.1)
NO_SLOTS = {
    "half of the prompts cached": Odd(policy=Policy(), targets=targets_on(2), cached=0.5),
    "three in four cached, long prompts": Odd(
        policy=Policy(), targets=targets_on(2, prefill_s=1.5), cached=0.75
    ),
    "unequal first tokens on one port": Odd(policy=Policy(), targets=(LONG, SHORT)),
    "two requests per second": Odd(policy=Policy(), targets=targets_on(2), per_s=2.0),
    "five requests per second": Odd(policy=Policy(), targets=targets_on(2), per_s=5.0),
    "prompts read one at a time": Odd(policy=Policy(port=Port(prefills=1)), targets=targets_on(2)),
    "ports that take turns": Odd(policy=Policy(), targets=targets_on(2), turns=True),
}


def judged(odd: Odd, seed: int, plans: list[PlannedPhase] | None = None) -> Assessment:
    rng = random.Random(seed)
    return assess(play(odd, plans or standard_phases(), rng))


@pytest.mark.parametrize("name", NO_SLOTS)
def test_where_nobody_waits_for_a_slot_none_is_said_as_exact(name: str) -> None:
    for seed in range(2):
        for j in judged(NO_SLOTS[name], seed).phases:
            k = j.measured.total.streams
            assert not (j.measured.total.exact and k and k > 1), (seed, j.verdict.sentence)
            assert not j.verdict.sentence.startswith(("2 slots", "3 slots", "4 slots", "6 slots"))


@pytest.mark.parametrize("slots", [2, 3])
def test_where_requests_wait_for_a_slot_it_is_exact(slots: int) -> None:
    odd = Odd(policy=Policy(port=Port(slots=slots)), targets=targets_on(2))
    found = judged(odd, 1, [phase(8, 1, 5, "p")]).phases[0]
    assert found.outcome == Outcome.PARTLY and found.verdict.sentence.startswith(f"{slots} slots")


def test_workers_of_portlaps_own_are_no_slots_of_the_server() -> None:
    found = assess(farm("parallel", [phase(8, 1, 5, "queue", workers=2)], jitter=0.02))
    assert found.phases[0].outcome == Outcome.FULLY
    assert found.machine.slots.total.streams == 2 and not found.machine.slots.total.exact


@pytest.mark.parametrize("users", [4, 8])
@pytest.mark.parametrize("wakes_s", [0.5, 1.0, 2.5])
def test_ends_in_even_steps_without_streams_are_no_gain_whatever_wakes_first(
    users: int, wakes_s: float
) -> None:
    """A serial server that does not stream, and that each lone request must wake up."""
    odd = Odd(policy=Policy(slots=1), targets=targets_on(1), streams=False, wakes_s=wakes_s)
    found = judged(odd, users, [phase(users, 1, 5, "p")]).phases[0]
    assert found.outcome in (Outcome.SERIAL, Outcome.INCONCLUSIVE, Outcome.NO_GAIN), found.verdict.sentence


@pytest.mark.parametrize("share", [0.3, 0.45])
@pytest.mark.parametrize("users", [4, 8])
def test_overhead_of_a_serial_server_without_streams_is_no_gain(users: int, share: float) -> None:
    target = FarmTarget("Ulysses", 0, prefill_s=0.1, tpot_s=(1.9 - 2 * share) / 36, overhead_s=2 * share)
    odd = Odd(policy=Policy(slots=1), targets=(target,), streams=False)
    found = judged(odd, users, [phase(users, 1, 5, "p")]).phases[0]
    assert not found.outcome.gains, found.verdict.sentence


@pytest.mark.parametrize("tokens", [20, 37, 80])
def test_without_streams_ends_two_by_two_are_two_at_a_time(tokens: int) -> None:
    odd = Odd(policy=Policy(port=Port(slots=1)), targets=targets_on(2, tokens=tokens), streams=False)
    found = judged(odd, 3, [phase(4, 2, 5, "p")]).phases[0]
    assert found.outcome == Outcome.PARTLY
    assert found.verdict.sentence.startswith("2 answers at a time")
