"""The search against simulated servers of known truth, a few runs of each; `make truth` plays 200."""

from dataclasses import replace

import pytest

from analysis.capacity.answers import ServiceTarget
from analysis.capacity.result import HowMany, how_many
from scripts.truth.how_many.fleet import HELD_OUT, SERVERS
from scripts.truth.how_many.play import play
from scripts.truth.how_many.server import Server
from scripts.truth.how_many.table import Judged, run_once

BY_NAME = {s.name: s for s in (*SERVERS, *HELD_OUT)}
# server, its true number, the numbers that may be said, why
PLAIN = (
    ("serial", (1,), "slots"),
    ("serial, 2 ports", (2,), "slots"),
    ("4 slots, compute 4", (5, 6), "slots"),
    ("4 slots, compute 2", (4,), "slots"),
    ("refuses above 6", (6,), "refused"),
    ("contention above 4", (8,), "contention"),
)


def found(server: Server, seed: int, budget_s: float = 180.0) -> HowMany:
    played = play(server, seed, budget_s)
    result = how_many(played.rows, played.visits, ServiceTarget(), ports=server.ports)
    assert result is not None
    return result


@pytest.mark.parametrize(("name", "numbers", "why"), PLAIN)
@pytest.mark.parametrize("seed", [11, 12, 13])
def test_a_plain_server_gets_its_number_and_its_reason(
    name: str, numbers: tuple[int, ...], why: str, seed: int
) -> None:
    result = found(BY_NAME[name], seed)
    assert result.carries in numbers
    assert result.why == why


def test_a_serial_server_works_on_one_at_a_time_though_its_target_lets_the_second_wait() -> None:
    """Answers of 0.9 s: two are carried, and yet nothing is gained by asking two at once."""
    short = replace(BY_NAME["serial"], prompt_s=0.1, pace=lambda n: 2.5 * min(n, 1))
    results = [found(short, seed) for seed in range(1, 6)]
    assert sorted(r.carries or 0 for r in results)[1:] == [2, 2, 2, 2], "one of them may say less, none more"
    assert {r.together for r in results} == {1}
    assert {r.worth.value for r in results if r.worth is not None} == {1}


def test_slots_are_counted_and_not_the_patience_of_the_target() -> None:
    result = found(BY_NAME["4 slots, compute 4"], 11)
    assert (result.together, result.together_exact) == (4, True)


@pytest.mark.parametrize("budget_s", [8.0, 15.0, 30.0, 45.0, 70.0, 100.0, 140.0])
def test_a_budget_that_ends_anywhere_leaves_a_result_that_promises_no_more(budget_s: float) -> None:
    for name, true in (("serial", 1), ("4 slots, compute 4", 6), ("batching", 14)):
        played = play(BY_NAME[name], 5, budget_s)
        result = how_many(played.rows, played.visits, ServiceTarget())
        assert result is None or (result.carries or 0) <= true


def test_few_runs_promise_too_much_of_the_servers_that_tempt_most() -> None:
    tempting = {"hiccups 8 %": 13, "4 slots, heavy-tailed": 5, "batching, prefill stall": 11}
    for name, true in tempting.items():
        said = tuple(run_once(BY_NAME[name], seed) for seed in range(100, 110))
        assert Judged(BY_NAME[name], true, (0.9, 0.8), said).above() <= 1
