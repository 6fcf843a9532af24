"""Each limit of a machine or a port does what it says, and nothing else."""

import math

import pytest

from servers.queue_model import (
    Job,
    Pace,
    Policy,
    Port,
    drifting,
    named,
    simulate,
)
from tests.servers.queue_model.bursts import SOLO_S, burst, latencies_s, makespan_s


def test_a_program_that_is_serial_per_model_answers_two_models_at_once() -> None:
    jobs = [Job(0, 0.1, 0.1, 10, model=model) for model in ("A", "B", "A", "B")]
    assert makespan_s(simulate(named("model-serial"), [(0.0, j) for j in jobs])) == pytest.approx(2 * SOLO_S)


@pytest.mark.parametrize(("n", "total"), [(1, 1.0), (2, 1.6), (3, 2.0), (6, 2.0)])
def test_a_batch_is_worth_what_its_curve_says_and_the_last_entry_holds_beyond(n: int, total: float) -> None:
    assert makespan_s(burst(Policy(port=Port(throughput=(1.0, 1.6, 2.0))), n)) == pytest.approx(n / total)


def test_two_ports_that_fight_are_slower_together_while_one_port_with_two_streams_is_not() -> None:
    fight = Policy(ports_throughput=(1.0, 0.6))
    assert makespan_s(burst(fight, 2, ports=2)) == pytest.approx(2 / 0.6)
    assert makespan_s(burst(fight, 2, ports=1)) == pytest.approx(1.0)


def test_contention_makes_two_together_slower_than_one_after_the_other() -> None:
    assert makespan_s(burst(named("contention"), 2, ports=2)) == pytest.approx(2 / 0.6)


def test_prefill_in_turn_makes_a_staircase_of_first_tokens_under_full_overlap() -> None:
    served = burst(Policy(port=Port(prefills=1)), 4)  # 0.1 s prefill, then 9 tokens of 0.1 s
    assert [r.first_token_s for r in served] == pytest.approx([5.1, 5.2, 5.3, 5.4])
    assert [r.end_s for r in served] == pytest.approx([6.0, 6.1, 6.2, 6.3])


def test_the_prefill_of_a_newcomer_stalls_who_decodes() -> None:
    stalls = Policy(port=Port(prefills=1, decode_beside_prefill=0.0))
    first, second = simulate(stalls, [(0.0, Job(0, 1, 1, 3)), (1.5, Job(0, 2, 1, 1))])
    assert second.token_s == pytest.approx([3.5])
    assert first.token_s == pytest.approx([1.0, 4.0, 5.0])  # half a token was done when it was stalled


def test_a_stalled_port_does_not_take_the_machine_s_compute() -> None:
    one_chip = Policy(compute=1, port=Port(prefills=1, decode_beside_prefill=0.0))
    assert makespan_s(burst(one_chip, 4)) == pytest.approx(4.0)


def test_a_model_is_loaded_on_its_first_use_only_and_all_wait_for_one_load() -> None:
    policy = Policy(port=Port(load_s=5.0))
    served = simulate(policy, [(0.0, Job(0, 1, 0, 1)), (2.0, Job(0, 1, 0, 1)), (9.0, Job(0, 1, 0, 1))])
    assert [(r.admission_s, r.ready_s, r.end_s) for r in served] == [(0, 5, 6), (2, 5, 6), (9, 9, 10)]


def test_two_models_in_room_for_one_swap_in_turn_and_pay_a_load_each() -> None:
    policy = Policy(port=Port(models_in_memory=1, load_s=2.0))
    served = simulate(policy, [(0.0, Job(0, 1, 0, 1, model=m)) for m in ("A", "B", "A", "B")])
    assert [r.end_s for r in served] == [3, 6, 9, 12]


def test_room_for_two_models_means_that_no_one_swaps() -> None:
    policy = Policy(slots=1, port=Port(models_in_memory=2, load_s=2.0))
    served = simulate(policy, [(0.0, Job(0, 1, 0, 1, model=m)) for m in ("A", "B", "A", "B")])
    assert [r.end_s for r in served] == [3, 6, 7, 8]


def test_the_model_used_least_recently_makes_room() -> None:
    policy = Policy(slots=1, port=Port(models_in_memory=2, load_s=2.0))
    served = simulate(policy, [(float(i), Job(0, 0, 0, 1, model=m)) for i, m in enumerate("ABACAB")])
    loads = [r.job.model for r in served if r.ready_s != r.admission_s]
    assert loads == ["A", "B", "C", "B"]


def test_a_repeated_prompt_skips_its_share_of_prefill_and_one_with_its_own_beginning_none() -> None:
    policy = Policy(slots=1, port=Port(cached_prompts=4))
    prompts = ["one two three four", "one two three four", "one two other words", "x one two three"]
    jobs = [Job(0, 4, 0, 1, prompt=tuple(p.split())) for p in prompts]
    served = simulate(policy, [(10.0 * i, job) for i, job in enumerate(jobs)])
    assert [r.cached for r in served] == [0, 0.75, 0.5, 0]
    assert latencies_s(served) == pytest.approx([4, 1, 2, 4])


def test_overhead_before_the_queue_overlaps_on_a_serial_machine_so_the_naive_gain_is_above_one() -> None:
    served = simulate(named("serial"), [(0.0, Job(0, 0.5, 0, 1, overhead_s=0.5))] * 4)
    assert makespan_s(served) == pytest.approx(0.5 + 4 * 0.5)  # N/(N - (N - 1) * overhead share)


@pytest.mark.parametrize(("order", "served_as"), [("fifo", [0, 1, 2, 3]), ("lifo", [0, 3, 2, 1])])
def test_the_order_decides_who_waits(order: str, served_as: list[int]) -> None:
    served = burst(Policy(slots=1, order=order), 4)
    assert sorted(range(4), key=lambda i: served[i].end_s or 0) == served_as


def test_a_random_order_is_the_same_again_with_the_same_seed() -> None:
    ends = [[r.end_s for r in burst(Policy(slots=1, order="random", seed=s), 8)] for s in (1, 1, 2)]
    assert ends[0] == ends[1] != ends[2]
    assert ends[0] != sorted(ends[0], key=lambda e: e or 0)


def test_background_streams_take_their_share_of_the_compute() -> None:
    assert makespan_s(burst(Policy(compute=1, background=1), 1)) == pytest.approx(2.0)
    assert makespan_s(burst(Policy(compute=1, background=1), 3)) == pytest.approx(4.0)


def test_a_step_in_pace_in_mid_token_is_exact() -> None:
    (served,) = simulate(Policy(pace=Pace(((1.5, 0.5), (3.5, 2.0)))), [(0.0, Job(0, 1, 1, 4))])
    assert served.token_s == pytest.approx([1.0, 2.5, 3.75, 4.25])


def test_drift_makes_durations_grow_by_its_rate_per_minute() -> None:
    policy = Policy(pace=drifting(0.05, until_s=600))
    early, late = simulate(policy, [(0.0, Job(0, 1, 0, 1)), (300.0, Job(0, 1, 0, 1))])
    assert latencies_s([late])[0] / latencies_s([early])[0] == pytest.approx(math.exp(0.05 * 5), rel=1e-3)


def test_a_queue_of_workers_in_the_client_sends_when_one_ends() -> None:
    served = simulate(named("parallel"), [(i * 1.0, Job(0, 11, 0, 1)) for i in range(8)], workers=6)
    assert [r.arrival_s for r in served] == [0, 1, 2, 3, 4, 5, 11, 12]
    assert makespan_s(served) == 23
