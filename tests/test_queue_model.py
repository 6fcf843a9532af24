"""The queueing model against closed forms: no clock, no sockets."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from servers.queue_model import Job, Machine, Policy, Request, simulate

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
    served = burst(Policy.named("serial"), n, ports=2)
    assert makespan_s(served) == pytest.approx(n * SOLO_S)
    assert mean_in_flight(served) == pytest.approx((n + 1) / 2)


@pytest.mark.parametrize("n", [2, 4, 8])
def test_a_time_sliced_machine_gains_nothing_and_holds_n_in_flight(n: int) -> None:
    served = burst(Policy.named("time-sliced"), n, ports=2)
    assert makespan_s(served) == pytest.approx(n * SOLO_S)
    assert mean_in_flight(served) == pytest.approx(n)


@pytest.mark.parametrize(("n", "k", "waves"), [(4, 1, 4), (4, 2, 2), (8, 3, 3), (2, 4, 1)])
def test_k_slots_serve_n_requests_in_waves_of_k(n: int, k: int, waves: int) -> None:
    served = burst(Policy.named("slots", k), n)
    assert makespan_s(served) == pytest.approx(waves * SOLO_S)
    assert [r.admission_s for r in served] == pytest.approx([5.0 + i // k * SOLO_S for i in range(n)])


def test_ports_that_are_serial_each_share_the_work_evenly() -> None:
    assert makespan_s(burst(Policy.named("port-serial"), 8, ports=2)) == pytest.approx(4 * SOLO_S)


def test_a_parallel_machine_disturbs_nobody() -> None:
    assert latencies_s(burst(Policy.named("parallel"), 8)) == pytest.approx([SOLO_S] * 8)


def test_compute_worth_c_streams_slows_only_those_beyond_c() -> None:
    assert makespan_s(burst(Policy(compute=2), 2)) == pytest.approx(SOLO_S)
    assert makespan_s(burst(Policy(compute=2), 6)) == pytest.approx(3 * SOLO_S)


def test_a_newcomer_slows_a_time_sliced_request_from_its_arrival_on() -> None:
    first, second = simulate(Policy.named("time-sliced"), [(0.0, Job(0, 1, 1, 2)), (1.0, Job(0, 1, 1, 1))])
    assert first.token_s == pytest.approx([1.0, 3.0])
    assert second.token_s == pytest.approx([3.0])


def test_tokens_of_an_undisturbed_request_come_at_exact_multiples() -> None:
    (served,) = simulate(Policy.named("serial"), [(100.0, Job(0, 0.05, 0.01, 500))])
    assert served.token_s[499] == pytest.approx(100.0 + 0.05 + 4.99, abs=1e-9)


def test_who_leaves_the_queue_is_never_served_and_delays_nobody() -> None:
    machine = Machine(Policy.named("serial"))
    job = Job(0, 1.0, 0.0, 1)
    first, second, third = (machine.arrive(job, 0.0) for _ in range(3))
    machine.leave(second, 0.5)
    machine.advance(10.0)
    assert (first.end_s, second.end_s, third.end_s) == (1.0, None, 2.0)
    machine.leave(third, 10.0)  # one that has ended already


def test_who_leaves_in_mid_service_frees_the_slot() -> None:
    machine = Machine(Policy.named("serial"))
    first, second = machine.arrive(Job(0, 5, 1, 5), 0.0), machine.arrive(Job(0, 1, 1, 1), 0.0)
    machine.leave(first, 2.0)
    machine.advance(10.0)
    assert (second.admission_s, second.end_s) == (2.0, 3.0)


arrivals = st.lists(
    st.tuples(
        st.floats(0, 5),
        st.builds(Job, st.integers(0, 2), st.floats(0.01, 1), st.floats(0, 0.1), st.integers(1, 5)),
    ),
    min_size=1,
    max_size=12,
)
policies = st.sampled_from(
    [
        Policy.named("serial"),
        Policy.named("port-serial"),
        Policy.named("time-sliced"),
        Policy.named("slots", 2),
        Policy.named("parallel"),
        Policy(port_slots=3, compute=1.5),
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
        assert r.end_s - r.admission_s >= r.job.work_s(r.job.tokens - 1) - 1e-9


@settings(max_examples=50)
@given(arrivals)
def test_a_serial_machine_obeys_lindley_and_a_time_sliced_one_works_as_much(
    came: list[tuple[float, Job]],
) -> None:
    free_s, ends = 0.0, []
    for at_s, job in sorted(came, key=lambda a: a[0]):
        free_s = max(free_s, at_s) + job.work_s(job.tokens - 1)
        ends.append(free_s)
    assert [r.end_s for r in simulate(Policy.named("serial"), came)] == pytest.approx(ends)
    sliced = simulate(Policy.named("time-sliced"), came)
    assert max(r.end_s or 0 for r in sliced) == pytest.approx(ends[-1])


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


@pytest.mark.parametrize("name", ["serial", "time-sliced"])
def test_random_arrivals_wait_as_long_as_the_m_m_1_formula_says(name: str) -> None:
    chance, at_s, came = random.Random(7), 0.0, []
    for _ in range(8_000):
        at_s += chance.expovariate(0.5)
        came.append((at_s, Job(0, chance.expovariate(1.0), 0.0, 1)))
    served = latencies_s(simulate(Policy.named(name), came))
    assert sum(served) / len(served) == pytest.approx(1 / (1.0 - 0.5), rel=0.08)
