"""The queueing model against closed forms: no clock, no sockets."""

import itertools
import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from servers.queue_model import (
    POLICIES,
    Job,
    Machine,
    Pace,
    Policy,
    Port,
    Request,
    drifting,
    named,
    simulate,
)

SOLO_S = 1.0


def burst(policy: Policy, n: int, ports: int = 1) -> list[Request]:
    """n like requests at one instant, dealt round robin; each takes 1 s if alone."""
    return simulate(policy, [(5.0, Job(i % ports, 0.1, 0.1, 10)) for i in range(n)])


def latencies_s(served: list[Request]) -> list[float]:
    return [r.end_s - r.arrival_s for r in served if r.end_s is not None]


def makespan_s(served: list[Request]) -> float:
    return max(r.end_s or 0 for r in served) - min(r.arrival_s for r in served)


def mean_in_flight(served: list[Request]) -> float:
    """The seed's "speedup"."""
    return sum(latencies_s(served)) / makespan_s(served)


@pytest.mark.parametrize("n", [1, 2, 4, 8])
def test_a_serial_machine_takes_n_times_as_long_and_holds_half_of_n_plus_one_in_flight(
    n: int,
) -> None:
    served = burst(named("serial"), n, ports=2)
    assert makespan_s(served) == pytest.approx(n * SOLO_S)
    assert mean_in_flight(served) == pytest.approx((n + 1) / 2)


@pytest.mark.parametrize("n", [2, 4, 8])
def test_a_time_sliced_machine_gains_nothing_and_holds_n_in_flight(n: int) -> None:
    served = burst(named("time-sliced"), n, ports=2)
    assert makespan_s(served) == pytest.approx(n * SOLO_S)
    assert mean_in_flight(served) == pytest.approx(n)


@pytest.mark.parametrize(("n", "k", "waves"), [(4, 1, 4), (4, 2, 2), (8, 3, 3), (2, 4, 1)])
def test_k_slots_serve_n_requests_in_waves_of_k(n: int, k: int, waves: int) -> None:
    served = burst(named("slots", k), n)
    assert makespan_s(served) == pytest.approx(waves * SOLO_S)
    assert [r.admission_s for r in served] == pytest.approx([5.0 + i // k * SOLO_S for i in range(n)])


def test_ports_that_are_serial_each_share_the_work_evenly() -> None:
    assert makespan_s(burst(named("port-serial"), 8, ports=2)) == pytest.approx(4 * SOLO_S)


def test_a_parallel_machine_disturbs_nobody() -> None:
    assert latencies_s(burst(named("parallel"), 8)) == pytest.approx([SOLO_S] * 8)


def test_compute_worth_c_streams_slows_only_those_beyond_c() -> None:
    assert makespan_s(burst(Policy(compute=2), 2)) == pytest.approx(SOLO_S)
    assert makespan_s(burst(Policy(compute=2), 6)) == pytest.approx(3 * SOLO_S)


def test_a_newcomer_slows_a_time_sliced_request_from_its_arrival_on() -> None:
    first, second = simulate(named("time-sliced"), [(0.0, Job(0, 1, 1, 2)), (1.0, Job(0, 1, 1, 1))])
    assert first.token_s == pytest.approx([1.0, 3.0])
    assert second.token_s == pytest.approx([3.0])


def test_tokens_of_an_undisturbed_request_come_at_exact_multiples() -> None:
    (served,) = simulate(named("serial"), [(100.0, Job(0, 0.05, 0.01, 500))])
    assert served.token_s[499] == pytest.approx(100.0 + 0.05 + 4.99, abs=1e-9)


def test_who_leaves_the_queue_is_never_served_and_delays_nobody() -> None:
    machine = Machine(named("serial"))
    job = Job(0, 1.0, 0.0, 1)
    first, second, third = (machine.arrive(job, 0.0) for _ in range(3))
    machine.leave(second, 0.5)
    machine.advance(10.0)
    assert (first.end_s, second.end_s, third.end_s) == (1.0, None, 2.0)
    machine.leave(third, 10.0)  # one that has ended already


def test_who_leaves_in_mid_service_frees_the_slot() -> None:
    machine = Machine(named("serial"))
    first, second = machine.arrive(Job(0, 5, 1, 5), 0.0), machine.arrive(Job(0, 1, 1, 1), 0.0)
    machine.leave(first, 2.0)
    machine.advance(10.0)
    assert (second.admission_s, second.end_s) == (2.0, 3.0)


arrivals = st.lists(
    st.tuples(
        st.floats(0, 5),
        st.builds(
            Job,
            st.integers(0, 2),
            st.floats(0.01, 1),
            st.floats(0, 0.1),
            st.integers(1, 5),
            st.sampled_from([0.0, 0.2]),
            st.sampled_from(["A", "B"]),
        ),
    ),
    min_size=1,
    max_size=12,
)
policies = st.sampled_from(
    [
        *(named(name, 2) for name in POLICIES),
        Policy(compute=1.5, port=Port(slots=3)),
        Policy(port=Port(slots=4, prefills=1, decode_beside_prefill=0.0, throughput=(1.0, 1.5, 1.8))),
        Policy(order="random", background=1.0, compute=2.0, ports_throughput=(1.0, 1.2)),
        Policy(
            order="lifo",
            slots=2,
            pace=Pace(((1.0, 0.5), (3.0, 0.9))),
            port=Port(models_in_memory=1, load_s=0.3),
        ),
    ]
)


@settings(max_examples=50)
@given(policies, arrivals)
def test_every_request_is_served_in_full_and_none_faster_than_alone(
    policy: Policy, came: list[tuple[float, Job]]
) -> None:
    for r in simulate(policy, came):
        assert r.end_s is not None and r.admission_s is not None
        assert len(r.token_s) == r.job.tokens and r.token_s == sorted(r.token_s)
        assert r.admission_s >= r.arrival_s
        assert r.end_s - r.admission_s >= r.job.solo_s - r.job.overhead_s - 1e-9


@settings(max_examples=50)
@given(arrivals)
def test_a_serial_machine_obeys_lindley_and_a_time_sliced_one_works_as_much(
    came: list[tuple[float, Job]],
) -> None:
    free_s, ends = 0.0, []
    in_turn = sorted(came, key=lambda arrival: arrival[0])
    for joins_s, job in sorted(((at_s + j.overhead_s, j) for at_s, j in in_turn), key=lambda j: j[0]):
        free_s = max(free_s, joins_s) + job.solo_s - job.overhead_s
        ends.append(free_s)
    served = simulate(named("serial"), came)
    assert sorted(r.end_s or 0 for r in served) == pytest.approx(sorted(ends))
    sliced = simulate(named("time-sliced"), came)
    assert max(r.end_s or 0 for r in sliced) == pytest.approx(ends[-1])


@settings(max_examples=50)
@given(arrivals)
def test_a_limit_that_is_never_reached_changes_nothing(came: list[tuple[float, Job]]) -> None:
    wide = Policy(compute=1e3, port=Port(prefills=1e3, models_in_memory=2))
    assert [r.token_s for r in simulate(wide, came)] == [r.token_s for r in simulate(Policy(), came)]


@settings(max_examples=50)
@given(policies, arrivals, st.lists(st.floats(0, 20), max_size=10))
def test_looking_more_often_changes_nothing(
    policy: Policy, came: list[tuple[float, Job]], looks: list[float]
) -> None:
    machine = Machine(policy)
    ends: list[Request] = []
    for at_s, job in sorted([*came, *((look, None) for look in looks)], key=lambda a: a[0]):
        machine.advance(at_s)
        if job is not None:
            ends.append(machine.arrive(job, at_s))
    machine.advance(1e9)
    assert [r.token_s for r in ends] == [r.token_s for r in simulate(policy, came)]


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


def test_room_for_two_models_means_that_nobody_swaps() -> None:
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


@settings(max_examples=50)
@given(st.lists(st.tuples(st.floats(0.1, 5), st.floats(0.1, 3)), max_size=6), st.floats(0, 40))
def test_the_clock_of_a_machine_can_be_read_both_ways(steps: list[tuple[float, float]], at_s: float) -> None:
    pace = Pace(tuple((10 + sum(s for s, _ in steps[:i]), speed) for i, (_, speed) in enumerate(steps)))
    assert pace.instant_s(pace.work_s(at_s)) == pytest.approx(at_s)


def test_a_queue_of_workers_in_the_client_sends_when_one_ends() -> None:
    served = simulate(named("parallel"), [(i * 1.0, Job(0, 11, 0, 1)) for i in range(8)], workers=6)
    assert [r.arrival_s for r in served] == [0, 1, 2, 3, 4, 5, 11, 12]
    assert makespan_s(served) == 23


@pytest.mark.parametrize("policy", [named("serial"), named("time-sliced"), Policy(slots=1, order="lifo")])
def test_random_arrivals_take_as_long_as_the_m_m_1_formula_says(policy: Policy) -> None:
    served = latencies_s(simulate(policy, poisson(0.5, 8_000)))
    assert sum(served) / len(served) == pytest.approx(1 / (1.0 - 0.5), rel=0.08)


@pytest.mark.parametrize(("servers", "arrivals_per_s"), [(2, 1.4), (4, 3.0)])
@pytest.mark.parametrize("by", ["machine", "port"])
def test_random_arrivals_take_as_long_as_the_m_m_c_formula_says(
    servers: int, arrivals_per_s: float, by: str
) -> None:
    policy = Policy(slots=servers) if by == "machine" else Policy(port=Port(slots=servers))
    served = latencies_s(simulate(policy, poisson(arrivals_per_s, 8_000)))
    expected = 1 + erlang_c(servers, arrivals_per_s) / (servers - arrivals_per_s)
    assert sum(served) / len(served) == pytest.approx(expected, rel=0.08)


@pytest.mark.parametrize("c", [2, 3])
def test_shared_compute_worth_c_streams_holds_the_means_of_m_m_c_too(c: int) -> None:
    """With exponential service the number present is the same birth-death chain, whoever is served."""
    rate = 0.7 * c
    served = latencies_s(simulate(Policy(compute=c), poisson(rate, 8_000)))
    assert sum(served) / len(served) == pytest.approx(1 + erlang_c(c, rate) / (c - rate), rel=0.08)


def poisson(per_s: float, n: int) -> list[tuple[float, Job]]:
    """Open arrivals; service times exponential with mean 1 s."""
    chance = random.Random(7)
    instants = itertools.accumulate(chance.expovariate(per_s) for _ in range(n))
    return [(at_s, Job(0, chance.expovariate(1.0), 0.0, 1)) for at_s in instants]


def erlang_c(servers: int, load: float) -> float:
    """The share of arrivals that wait (M/M/c; load in erlang)."""
    terms = [load**k / math.factorial(k) for k in range(servers)]
    last = load**servers / math.factorial(servers) * servers / (servers - load)
    return last / (sum(terms) + last)
