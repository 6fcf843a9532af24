"""Each named policy against its closed form: no clock, no sockets."""

import pytest

from servers.queue_model import (
    Job,
    Machine,
    Policy,
    named,
    simulate,
)
from tests.servers.queue_model.bursts import SOLO_S, burst, latencies_s, makespan_s, mean_in_flight


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


def test_a_parallel_machine_disturbs_no_one() -> None:
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


def test_who_leaves_the_queue_is_never_served_and_delays_no_one() -> None:
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
