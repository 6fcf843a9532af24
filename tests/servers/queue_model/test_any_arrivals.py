"""What holds for any arrivals under any policy."""

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
    named,
    simulate,
)

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


@settings(max_examples=50)
@given(st.lists(st.tuples(st.floats(0.1, 5), st.floats(0.1, 3)), max_size=6), st.floats(0, 40))
def test_the_clock_of_a_machine_can_be_read_both_ways(steps: list[tuple[float, float]], at_s: float) -> None:
    pace = Pace(tuple((10 + sum(s for s, _ in steps[:i]), speed) for i, (_, speed) in enumerate(steps)))
    assert pace.instant_s(pace.work_s(at_s)) == pytest.approx(at_s)
