"""The machine model over farms of known truth: slots, tables, wall clocks, workers, and its silence."""

import math
import random
from collections.abc import Sequence
from dataclasses import replace
from itertools import cycle, islice

import pytest

from analysis.assess import Assessment, assess
from analysis.files.run import Run
from analysis.machine.model import MachineModel
from analysis.machine.scalability import scalability
from analysis.machine.throughput import (
    more_may_help,
    recommended,
    throughputs,
    wall_clock,
    with_another_port,
)
from analysis.machine.waves import Piece, Slots, makespan_s
from analysis.phase.rounds import SoloJob, ideal_s, serial_s
from analysis.report.figures.run import run_figures
from analysis.report.sections.machines.machine import machine_sentences
from servers.queue_model import Job, Policy, simulate
from servers.queue_model import Machine as QueueModel
from servers.queue_model.policy import Port
from tests.support.farm import farm, limits_of, phase, standard_phases, targets_on
from tests.support.farm_log import FarmTarget

GROWN = [*standard_phases(), phase(4, 1, name="control-4"), phase(8, 1, name="control-8")]
MEASURED = {  # the phases that the control's growth adds only where all overlap
    "serial": standard_phases(),
    "port-serial": standard_phases(),
    "time-sliced": GROWN,
    "slots": [*standard_phases(), phase(4, 1, name="control-4")],
    "parallel": GROWN,
    "contention": GROWN,
}


def model_of(run: Run) -> MachineModel:
    return assess(run).machine


def pace_at(machine: MachineModel, workers: int) -> float:
    return next(r.pace.value for r in throughputs(machine) if r.workers == workers)


# --- the replay in waves


def even(_: object) -> dict[str, float]:
    return {"a": 1.0, "b": 1.0}


@pytest.mark.parametrize(("n", "slots"), [(4, 1), (4, 2), (8, 4), (7, 3)])
def test_equal_requests_on_k_slots_come_in_waves(n: int, slots: int) -> None:
    pieces = [Piece(0.0, "a", 2.0) for _ in range(n)]
    assert makespan_s(pieces, Slots({"a": slots}), even) == pytest.approx(2.0 * math.ceil(n / slots))


def test_one_slot_in_all_is_the_serial_replay_and_no_limit_the_ideal_one() -> None:
    draw = random.Random(4)
    for _ in range(50):
        jobs = [SoloJob(draw.choice([0.0, draw.uniform(0, 3)]), 0.0, draw.uniform(0.5, 2)) for _ in range(6)]

        def pieces(jobs: Sequence[SoloJob] = jobs) -> list[Piece]:
            return [Piece(j.offset_s, draw.choice("ab"), j.latency_s) for j in jobs]

        free = {"a": math.inf, "b": math.inf}
        assert makespan_s(pieces(), Slots(free, 1), even) == pytest.approx(serial_s(jobs))
        assert makespan_s(pieces(), Slots(free), even) == pytest.approx(ideal_s(jobs))
        assert makespan_s(pieces(), Slots(free), even, workers=2) == pytest.approx(ideal_s(jobs, 2))


def test_a_full_port_holds_up_only_its_own() -> None:
    pieces = [Piece(0.0, port, 1.0) for port in "aaab"]
    assert makespan_s(pieces, Slots({"a": 1, "b": 1}), even) == pytest.approx(3.0)


@pytest.mark.parametrize(("slots", "takes_s"), [(1, 0.5 + 4 * 1.5), (2, 0.5 + 2 * 1.5), (4, 2.0)])
def test_overhead_is_overlapped_by_others_and_takes_no_slot(slots: int, takes_s: float) -> None:
    pieces = [Piece(0.0, "a", 1.5, overhead_s=0.5) for _ in range(4)]
    assert makespan_s(pieces, Slots({"a": slots}), even) == pytest.approx(takes_s)


# --- machines of known truth


TRUTH = {  # policy: slots in all (exact?), pace at 1, 2, 4, 8 requests in flight, workers worth having
    "serial": ((1, True), (1, 1, 1, 1), 1),
    "port-serial": ((2, True), (1, 2, 2, 2), 2),
    "time-sliced": ((8, False), (1, 1, 1, 1), 1),
    "slots": ((4, True), (1, 2, 4, 4), 4),
    "parallel": ((8, False), (1, 2, 4, 8), 8),
    "contention": ((8, False), (1, 0.6, 0.6, 0.6), 1),
}


@pytest.mark.parametrize("policy", TRUTH)
@pytest.mark.parametrize("jitter", [0.0, 0.03])
def test_slots_pace_and_workers_of_every_policy_are_the_true_ones(policy: str, jitter: float) -> None:
    slots, paces, workers = TRUTH[policy]
    machine = model_of(farm(policy, MEASURED[policy], jitter=jitter))
    assert (machine.slots.total.streams, machine.slots.total.exact) == slots
    found = throughputs(machine)
    assert [pace_at(machine, n) for n in (1, 2, 4, 8)] == pytest.approx(paces, rel=0.05)
    assert recommended(found) == workers
    assert more_may_help(machine, found) == (policy == "parallel")
    assert found[workers - 1].responses_per_min.value == pytest.approx(30 * max(paces), rel=0.05)  # 2 s each


@pytest.mark.parametrize("policy", TRUTH)
def test_each_phase_is_predicted_from_the_others_within_five_percent(policy: str) -> None:
    found = assess(farm(policy, MEASURED[policy], jitter=0.02))
    told = [p for p in found.machine.predictions if p.residual is not None]
    assert len(told) >= 3
    assert [p.phase for p in told if abs(p.residual or 0.0) > 0.05] == []
    assert next(c for c in found.conditions if c.name == "machine model").passed is True


def test_a_port_that_reaches_the_machines_limit_may_have_more_slots_of_its_own() -> None:
    machine = model_of(farm("serial"))
    assert machine.slots.limit == 1
    assert (machine.slots.each_port.streams, machine.slots.each_port.exact) == (1, False)
    ports = model_of(farm("port-serial"))
    assert ports.slots.limit is None
    assert (ports.slots.each_port.streams, ports.slots.each_port.exact) == (1, True)


def test_unequal_ports_are_replayed_with_their_own_times() -> None:
    targets = targets_on(2, speeds=[1.5, 1.0])
    machine = model_of(farm("port-serial", targets=targets, jitter=0.02))
    assert max(abs(p.residual or 0.0) for p in machine.predictions) < 0.05


@pytest.mark.parametrize("policy", TRUTH)
@pytest.mark.parametrize("overhead", [0.15, 0.3])
def test_overhead_that_the_servers_tell_is_no_work_for_the_machine(policy: str, overhead: float) -> None:
    """Predictions of every phase, and answers per minute in a closed loop, with a share of 2 s overhead."""
    work = 1 - overhead
    alike = targets_on(2, overhead_s=2 * overhead, prefill_s=0.2 * work, tpot_s=0.05 * work)
    found = assess(farm(policy, MEASURED[policy], targets=alike))
    told = [p for p in found.machine.predictions if p.residual is not None]
    assert len(told) >= 3
    assert [p.phase for p in told if abs(p.residual or 0.0) > 0.02] == []
    for row in throughputs(found.machine):
        if row.measured and row.workers in (1, 2, 4, 8):
            true = closed_loop_per_min(policy, row.workers, alike)
            assert row.responses_per_min.value == pytest.approx(true, rel=0.05), row.workers


def closed_loop_per_min(policy: str, workers: int, targets: Sequence[FarmTarget]) -> float:
    """By the queueing model, in steady state: so many users, each asking its own target again at once."""
    machine, ends = QueueModel(limits_of(policy)), list[float]()
    flying = [(target, machine.arrive(target.job(), 0.0)) for target in islice(cycle(targets), workers)]
    while len(ends) < 40 * workers:
        now_s = machine.next_s()
        machine.advance(now_s)
        ended = [(t, r) for t, r in flying if r.end_s is not None]
        ends += [now_s] * len(ended)
        again = [(t, machine.arrive(t.job(), now_s)) for t, _ in ended]
        flying = [(t, r) for t, r in flying if r.end_s is None] + again
    half = len(ends) // 2
    return 60 * (len(ends) - half) / (ends[-1] - ends[half - 1])


def random_machine(draw: random.Random) -> Policy:
    """Slots of the machine or its ports, compute, batching per port or in all, ports that share."""
    second = draw.uniform(0.7, 1.9)
    curve = (1.0, second, second * draw.uniform(1, 1.3), second * draw.uniform(1.1, 1.5))
    slots = draw.choice([1, 2, 3, 4])
    return draw.choice(
        [
            Policy(throughput=curve),
            Policy(port=Port(throughput=curve)),
            Policy(port=Port(slots=slots)),
            Policy(slots=slots + 1),
            Policy(compute=draw.uniform(1, 5)),
            Policy(ports_throughput=(1, draw.uniform(0.8, 2)), port=Port(slots=slots)),
            Policy(ports_throughput=(1, draw.uniform(1, 2)), port=Port(throughput=curve, slots=4)),
        ]
    )


def grown_run(policy: Policy, seed: int) -> Assessment:
    """The standard phases, and the control grown as the conductor would grow it."""
    plans = standard_phases()
    for users in (4, 8):
        found = assess(farm(policy, plans, jitter=0.02, seed=seed))
        control = next(j.measured for j in found.phases if j.measured.plan.name.startswith("control"))
        if (found.phases[-1].measured if users == 8 else control).all_overlap:
            plans = [*plans, phase(users, 1, name=f"control-{users}")]
    return assess(farm(policy, plans, jitter=0.02, seed=seed))


def true_wall_s(policy: Policy, requests: int) -> float:
    """By the queueing model: so many requests of 2 s at one instant, dealt over two ports."""
    arrivals = [(i * 1e-6, Job(port=i % 2, prefill_s=0.2, tpot_s=0.05, tokens=37)) for i in range(requests)]
    return max(r.end_s or math.inf for r in simulate(policy, arrivals))


def test_machines_drawn_at_random_are_consistent_and_their_wall_clocks_within_five_percent() -> None:
    draw = random.Random(20251021)
    off, contradicting, short = [], [], []
    for seed in range(25):
        policy = random_machine(draw)
        found = grown_run(policy, seed)
        machine = found.machine
        for n in (1, 2, 4, 8):
            wall = wall_clock(machine, n)
            if wall is not None and abs(wall.value / true_wall_s(policy, n) - 1) > 0.05:
                off.append((seed, n, wall.value, policy))
        if next(c for c in found.conditions if c.name == "machine model").passed is False:
            contradicting.append((seed, policy))
        truth = min(policy.slots, 2 * policy.port.slots)
        seen = machine.slots.total
        if seen.streams is not None and (seen.streams > truth or (seen.exact and seen.streams != truth)):
            short.append((seed, seen, policy))
    assert (off, contradicting, short) == ([], [], [])


def test_batching_within_each_port_and_over_the_machine_are_distinguished() -> None:
    curve = (1.0, 1.4, 1.7, 2.0)
    each = grown_run(Policy(port=Port(throughput=curve)), 1).machine
    assert each.fitted is not None and each.fitted.kind == "ports"
    gains = {n: e.value for n, e in each.gains.items() if e is not None}
    assert (gains[2], gains[4]) == pytest.approx((1.4, 2.0), rel=0.05)
    assert each.factors[2] is not None and each.factors[2].value == pytest.approx(1, rel=0.05)
    whole = grown_run(Policy(throughput=curve), 1).machine
    assert whole.fitted is not None and whole.fitted.kind == "streams"
    gains = {n: e.value for n, e in whole.gains.items() if e is not None}
    assert (gains[2], gains[4], gains[8]) == pytest.approx((1.4, 2.0, 2.0), rel=0.05)


# --- what another port or machine brings, and what is not identifiable


def test_another_port_brings_at_most_what_the_last_one_brought() -> None:
    expected = {"serial": 1.0, "time-sliced": 1.0, "port-serial": 1.5, "slots": 1.5, "parallel": 1.0}
    for policy, factor in expected.items():
        machine = model_of(farm(policy, MEASURED[policy]))
        bound = with_another_port(machine, throughputs(machine))
        assert bound is not None and bound.value == pytest.approx(factor, rel=0.03), policy


def test_two_ports_that_do_less_than_one_promise_nothing_of_a_third() -> None:
    machine = model_of(farm("contention", GROWN, factor=0.4))
    bound = with_another_port(machine, throughputs(machine))
    assert bound is None or bound.value <= 1.001


def test_beyond_what_was_measured_nothing_is_predicted() -> None:
    machine = model_of(farm("parallel", [phase(2), phase(2, 1, name="control")]))
    assert wall_clock(machine, 2) is not None
    assert wall_clock(machine, 5) is None  # three on one port: never seen
    assert [r.workers for r in throughputs(machine)] == [1, 2]
    reasons = {p.phase: p.why_not for p in machine.predictions}
    assert reasons["control"] == "no other phase had 2 requests answered together on one port"


def test_exact_slots_reach_beyond_the_users_that_were_measured() -> None:
    machine = model_of(farm("port-serial", [phase(2), phase(2, 1, name="control"), phase(4)]))
    wall = wall_clock(machine, 30)
    assert wall is not None and wall.value == pytest.approx(15 * 2.0, rel=0.05)


def test_one_port_says_nothing_of_several() -> None:
    found = assess(farm("slots", [phase(2, 1), phase(4, 1), phase(8, 1)], slots=4))
    said = "\n".join(machine_sentences(run_figures(found)))
    assert "slots per port: 4" in said
    assert "speed with more ports busy: not identifiable, because only one port was measured" in said


def test_phases_that_contradict_each_other_state_no_throughput() -> None:
    calm, busy = farm("parallel", GROWN), farm("time-sliced", [phase(4, 2, name="again")])
    again = tuple(
        replace(r, request_id=r.request_id + 10_000) for r in busy.log.records if r.phase == "again"
    )
    manifest = replace(
        calm.manifest, phases_planned=(*calm.manifest.phases_planned, phase(4, 2, name="again"))
    )
    log = replace(calm.log, records=(*calm.log.records, *again))
    found = assess(replace(calm, manifest=manifest, log=log))
    assert next(c for c in found.conditions if c.name == "machine model").passed is False
    figures = run_figures(found)
    assert figures.machine.throughput == ()
    assert figures.machine.recommended_workers is None
    assert "not stated, because the phases contradict" in "\n".join(machine_sentences(figures))
    assert found.answer.outcome == "one-port-suffices"  # the verdict is its own


# --- the seed's figures: 11 s per message


def seed_targets(ports: int) -> tuple[FarmTarget, ...]:
    return targets_on(ports, prefill_s=0.56, tpot_s=0.29)  # 0.56 + 36 * 0.29 = 11.0 s


def seed_model(policy: str) -> Assessment:
    return assess(farm(policy, MEASURED[policy], targets=seed_targets(2), jitter=0.02))


@pytest.mark.parametrize(
    ("policy", "phase2_s", "test4_s"),
    [("parallel", 11, 23), ("port-serial", 22, 44), ("serial", 44, 88), ("time-sliced", 44, 88)],
)
def test_the_seeds_wall_clocks_follow_from_the_machine(policy: str, phase2_s: float, test4_s: float) -> None:
    """Its phase 2: 4 messages. Its Test #4: 8 messages 1 s apart through a queue of 6 workers."""
    found = seed_model(policy)
    four = wall_clock(found.machine, 4)
    assert four is not None and four.value == pytest.approx(phase2_s, rel=0.03)
    measured = next(j.measured for j in found.phases if j.measured.plan.name == "phase2")
    assert measured.scored[0].makespan_s == pytest.approx(phase2_s, rel=0.1)
    test4 = wall_clock(found.machine, 8, spacing_s=1.0, workers=6)
    assert test4 is not None and test4.value == pytest.approx(test4_s, rel=0.03)


def test_the_seeds_six_workers_answer_32_messages_a_minute_in_parallel_and_5_one_at_a_time() -> None:
    parallel, serial = (throughputs(seed_model(p).machine) for p in ("parallel", "serial"))
    assert parallel[5].workers == serial[5].workers == 6
    assert parallel[5].responses_per_min.value == pytest.approx(32.7, rel=0.03)
    assert serial[5].responses_per_min.value == pytest.approx(5.45, rel=0.03)
    assert recommended(serial) == 1


@pytest.mark.parametrize(("policy", "test4_s"), [("parallel", 23.0), ("port-serial", 45.0), ("serial", 88.0)])
def test_the_seeds_test_4_measured_takes_what_the_other_phases_predict(policy: str, test4_s: float) -> None:
    plans = [*MEASURED[policy], phase(6), phase(8, 2, 3, "test4", spacing_s=1.0, workers=6)]
    found = assess(farm(policy, plans, targets=seed_targets(2)))
    predicted = found.machine.predictions[-1]
    assert predicted.phase == "test4"
    assert predicted.wall_s.value == pytest.approx(test4_s, rel=0.03)
    assert predicted.residual == pytest.approx(0, abs=0.03)


def test_six_workers_of_the_client_are_not_six_slots_of_the_server() -> None:
    found = assess(farm("parallel", [phase(8, 2, 3, "test4", workers=6)], targets=seed_targets(2)))
    assert (found.machine.slots.total.streams, found.machine.slots.total.exact) == (6, False)
    assert not found.machine.slots.each_port.exact
    behind = assess(farm("port-serial", [phase(8, 2, 3, "test4", workers=6)], targets=seed_targets(2)))
    assert (behind.machine.slots.total.streams, behind.machine.slots.total.exact) == (2, True)


@pytest.mark.parametrize(("policy", "per_min"), [("parallel", "32."), ("serial", "5.4")])
def test_servers_in_a_time_scale_are_reported_in_their_own_time_too(policy: str, per_min: str) -> None:
    """An answer of 11 s that takes 0.55 s here."""
    fast = targets_on(2, prefill_s=0.56 / 20, tpot_s=0.29 / 20)
    test4 = phase(8, 2, 3, "test4", spacing_s=0.05, workers=6)
    said = machine_sentences(run_figures(assess(farm(policy, [test4], targets=fast, time_scale=0.05))))
    (scaled,) = [s for s in said if s.startswith("in the time of the simulated servers")]
    assert scaled.split()[-4].startswith(per_min)


# --- the Universal Scalability Law


def test_the_law_is_found_where_it_holds_and_never_below_six_loads() -> None:
    sigma, kappa = 0.05, 0.01
    points = [(n, n / (1 + sigma * (n - 1) + kappa * n * (n - 1))) for n in (2, 3, 4, 6, 8, 12)]
    law = scalability(points)
    assert law is not None
    assert (law.sigma, law.kappa) == pytest.approx((sigma, kappa))
    assert law.peak_users == pytest.approx(math.sqrt(0.95 / 0.01))
    assert law.farthest < 1e-9
    assert scalability(points[:4]) is None


def test_the_law_of_a_time_sliced_machine_is_all_contention_and_of_a_parallel_one_none() -> None:
    users = (2, 3, 4, 6, 8)
    sliced, parallel = scalability([(n, 1.0) for n in users]), scalability([(n, float(n)) for n in users])
    assert sliced is not None and sliced.sigma == pytest.approx(1) and sliced.peak_users is None
    assert parallel is not None and (parallel.sigma, parallel.kappa) == pytest.approx((0, 0))


def test_a_sweep_of_users_shows_the_law_beside_the_model() -> None:
    plans = [phase(n, 1, 3, f"n{n}") for n in (2, 3, 4, 6, 8)]
    found = run_figures(assess(farm("time-sliced", plans, jitter=0.02)))
    assert found.machine.scalability is not None
    assert "Universal Scalability Law over 6 numbers of users" in "\n".join(machine_sentences(found))
