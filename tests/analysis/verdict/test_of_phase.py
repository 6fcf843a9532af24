"""The verdict on farms of known truth: never a serial, time-sliced or contending farm called parallel."""

import itertools
from collections import Counter
from dataclasses import replace

import pytest

from analysis.advice.answer import answer
from analysis.advice.next_steps import PAIRS_DIFFER, hardware
from analysis.assess import Assessment, assess
from analysis.files.plan import PlannedPhase
from analysis.files.request_record import BASELINE, BURST, CHAIN_PHASE, WARMUP, WARMUP_PHASE, RequestRecord
from analysis.files.run import Run
from analysis.verdict.limit import contention_matrix, groups
from analysis.verdict.outcomes import Outcome
from servers.queue_model.policy import Policy, Port
from tests.support.farm import farm, phase, targets_on
from tests.support.farm_log import FarmTarget
from tests.support.runs import changed, judged

NO_GAIN = {"serial": Outcome.SERIAL, "time-sliced": Outcome.SLICED, "contention": Outcome.CONTENTION}


def expected(policy: str, users: int, ports: int, slots: int = 2) -> set[str]:
    """The right verdicts; near a border between degrees the weaker claim counts as right."""
    if policy in NO_GAIN:
        return {NO_GAIN[policy]}
    at_once = {"port-serial": ports, "slots": ports * slots, "parallel": users}[policy]
    if at_once == 1:
        return {Outcome.SERIAL}
    return {Outcome.PARTLY} if at_once < users else {Outcome.FULLY, Outcome.PARALLEL}


def outcome(run: Run) -> Outcome:
    return assess(run).phases[0].verdict.outcome


@pytest.mark.parametrize(
    "policy", ["serial", "port-serial", "time-sliced", "slots", "parallel", "contention"]
)
@pytest.mark.parametrize(("users", "ports"), [(2, 1), (2, 2), (4, 1), (4, 2), (8, 1), (8, 2), (8, 4)])
def test_without_noise_every_policy_is_named(policy: str, users: int, ports: int) -> None:
    found = assess(farm(policy, [phase(users, ports)]))
    assert found.phases[0].verdict.outcome in expected(policy, users, ports)
    g = found.phases[0].measured.speedup
    assert g is not None
    if policy in ("serial", "time-sliced"):
        assert abs(g.value - 1) < 0.02


@pytest.mark.long
def test_over_hundreds_of_noisy_farms_no_verdict_is_wrong() -> None:
    """Policies × users × ports × jitter × overhead × unequal targets × drift, seeded."""
    wrong: list[tuple[object, ...]] = []
    inconclusive: Counter[float] = Counter()
    farms: Counter[float] = Counter()
    cases = itertools.product(
        ("serial", "port-serial", "time-sliced", "slots", "parallel", "contention"),
        ((2, 1), (2, 2), (4, 2), (8, 2), (8, 4)),
        (0.05, 0.15),
        ((0.0, 1.0, 0.0), (0.1, 1.0, 0.0), (0.0, 1.3, 0.0), (0.0, 1.0, 0.05)),
        range(3),
    )
    for policy, (users, ports), jitter, (overhead_s, speed, drift), seed in cases:
        targets = targets_on(ports, speeds=[speed], overhead_s=overhead_s)
        run = farm(
            policy, [phase(users, ports)], targets=targets, jitter=jitter, drift_per_min=drift, seed=seed
        )
        verdict = outcome(run)
        farms[jitter] += 1
        if verdict == Outcome.INCONCLUSIVE:
            inconclusive[jitter] += 1
        elif verdict not in expected(policy, users, ports):
            wrong.append((policy, users, ports, jitter, overhead_s, speed, drift, seed, verdict))
    assert wrong == []
    assert sum(farms.values()) == 720
    assert inconclusive[0.05] <= 0.05 * farms[0.05]


def test_two_independent_servers_of_unequal_speed_are_called_nothing_less_than_parallel() -> None:
    found = assess(farm("parallel", [phase(2, 2)], targets=targets_on(2, speeds=[1.8, 1.0]), jitter=0.03))
    measured = found.phases[0].measured
    assert found.phases[0].verdict.outcome == Outcome.FULLY
    assert measured.speedup_max is not None and 1.5 < measured.speedup_max < 1.6


def test_targets_too_unequal_to_tell_are_inconclusive_whatever_was_read() -> None:
    found = assess(farm("parallel", [phase(2, 2)], targets=targets_on(2, speeds=[3.0, 1.0])))
    assert found.phases[0].verdict.outcome == Outcome.INCONCLUSIVE
    assert "too unequal" in found.phases[0].verdict.sentence


def test_overhead_that_rounds_overlap_is_not_called_a_gain() -> None:
    """A serial compute behind 30 % overhead: with 8 users the wall clock gains, the compute does not."""
    targets = (FarmTarget("Ulysses", overhead_s=0.9),)
    found = assess(farm("time-sliced", [phase(8, 1)], targets=targets, jitter=0.03))
    g = found.phases[0].measured.speedup
    assert g is not None and g.value > 1.15
    assert not found.phases[0].verdict.outcome.gains


def test_slots_are_exact_where_a_further_request_surely_waited_and_at_least_elsewhere() -> None:
    four = assess(farm("slots", [phase(8, 1), phase(4, 1)], slots=4))
    eight_users, four_users = (p.measured.total for p in four.phases)
    assert (eight_users.streams, eight_users.exact) == (4, True)
    assert (four_users.streams, four_users.exact) == (4, False)
    assert "4 slots" in four.phases[0].verdict.sentence


def test_one_slot_per_port_is_named_as_such() -> None:
    assert "one per port" in assess(farm("port-serial", [phase(4, 2)])).phases[0].verdict.sentence


def run_verdict(policy: str, phases: list[PlannedPhase] | None = None) -> str:
    return assess(farm(policy, phases)).answer.outcome


def test_the_run_says_where_the_limit_is() -> None:
    assert run_verdict("port-serial") == Outcome.PORTS_PARALLEL
    assert run_verdict("serial") == Outcome.SERIAL
    assert run_verdict("time-sliced") == Outcome.SHARED
    assert run_verdict("contention") == Outcome.CONTENTION
    assert run_verdict("parallel") == Outcome.ONE_PORT


def test_a_scenario_of_one_phase_states_its_verdict() -> None:
    assert run_verdict("slots", phases=[phase(4, 1)]) == Outcome.PARTLY


PARALLEL_RUN = farm("parallel", [phase(2, 2)])


def verdict_of(run: Run) -> tuple[Outcome, str]:
    verdict = judged(run).verdict
    return verdict.outcome, verdict.sentence


def test_a_missing_row_makes_the_run_invalid() -> None:
    gone = iter([True])
    outcome, sentence = verdict_of(changed(PARALLEL_RUN, lambda r: None if next(gone, False) else r, BURST))
    assert outcome == Outcome.INVALID and "1 of 2 rows" in sentence


def test_failed_rounds_are_not_scored_and_too_many_of_them_decide_nothing() -> None:
    failed = changed(PARALLEL_RUN, lambda r: replace(r, error="HTTP 500", output_tokens=None), BURST, every=2)
    assert verdict_of(failed)[0] == Outcome.INCONCLUSIVE
    one = iter([True])
    once = changed(PARALLEL_RUN, lambda r: replace(r, error="HTTP 500") if next(one, False) else r, BURST)
    judged = assess(once).phases[0]
    assert judged.verdict.outcome == Outcome.FULLY and len(judged.measured.scored) == 4
    assert judged.measured.not_whole == ("round 1: Ulysses: HTTP 500",)


def test_another_model_that_answers_is_not_work_done() -> None:
    foreign = changed(PARALLEL_RUN, lambda r: replace(r, answered_model="gpt-oss"), BURST)
    assert verdict_of(foreign)[0] == Outcome.INCONCLUSIVE
    assert any(c.name == "right model" and c.passed is False for c in assess(foreign).conditions)


def test_prompt_cache_hits_are_seen_and_decide_nothing() -> None:
    cached = changed(PARALLEL_RUN, lambda r: replace(r, cached_tokens=r.prompt_tokens), BURST)
    assert verdict_of(cached)[0] == Outcome.INCONCLUSIVE
    assert "cache" in verdict_of(cached)[1]


def test_more_than_undisturbed_servers_could_reach_is_no_speedup() -> None:
    def quick(record):
        instants = ("first_token_s", "last_token_s", "end_s")
        third = {k: record.send_s + (getattr(record, k) - record.send_s) / 3 for k in instants}
        return replace(record, server_prefill_s=None, server_decode_s=None, **third)

    found, sentence = verdict_of(changed(PARALLEL_RUN, quick, BURST))
    assert found == Outcome.INCONCLUSIVE and "above" in sentence


def test_requests_that_left_far_apart_are_no_burst() -> None:
    late = changed(PARALLEL_RUN, lambda r: replace(r, send_s=(r.send_s or 0.0) + 0.3), BURST, every=2)
    found, sentence = verdict_of(late)
    assert found == Outcome.INCONCLUSIVE and "release spread" in sentence


def test_a_machine_that_slows_down_beyond_a_straight_line_decides_nothing() -> None:
    found, sentence = verdict_of(farm("parallel", [phase(2, 2)], drift_per_min=0.7, jitter=0.01))
    assert found == Outcome.INCONCLUSIVE and sentence.startswith("drift: solo times changed by +")


def unstreamed(record):
    return replace(record, first_token_s=None, last_token_s=None, longest_gap_s=None)


@pytest.mark.parametrize("policy", ["serial", "time-sliced", "contention", "parallel"])
def test_without_streaming_the_ends_tell_the_same(policy: str) -> None:
    run = farm(policy, [phase(4, 1)], jitter=0.02)
    for kind in (BURST, "baseline", WARMUP):
        run = changed(run, unstreamed, kind)
    found = assess(run).phases[0]
    assert found.measured.total.streams is None
    assert found.verdict.outcome in expected(policy, 4, 1) | {Outcome.INCONCLUSIVE}
    if policy != "parallel":  # without a first token nothing can be told of overhead, hence of gain
        assert found.verdict.outcome == NO_GAIN[policy]


def test_without_streaming_overhead_that_rounds_overlap_is_not_called_a_gain() -> None:
    targets = (FarmTarget("Ulysses", overhead_s=0.4),)  # 17 % of a solo, and nobody can see it
    run = farm("time-sliced", [phase(8, 1)], targets=targets, jitter=0.02)
    for kind in (BURST, "baseline", WARMUP):
        run = changed(run, unstreamed, kind)
    g = assess(run).phases[0].measured.speedup
    assert g is not None and g.value > 1.15
    assert not outcome(run).gains


def loads_anew(r: RequestRecord) -> RequestRecord:
    """The same answer after nine seconds of loading."""
    assert r.first_token_s is not None and r.end_s is not None and r.last_token_s is not None
    return replace(r, first_token_s=r.first_token_s + 9, last_token_s=r.last_token_s + 9, end_s=r.end_s + 9)


def test_models_that_evict_each_other_are_a_verdict_of_their_own() -> None:
    """Each change of target loads a model: all of warm-up and chain are late, and half of the solos."""

    def swapped(r: RequestRecord) -> RequestRecord:
        first_of_its_target = r.kind == WARMUP and (r.round or 0) < 2
        every = r.phase in (WARMUP_PHASE, CHAIN_PHASE)
        after_the_other = r.phase.startswith("phase") and bool((r.round or 0) % 2)
        return loads_anew(r) if (every or after_the_other) and not first_of_its_target else r

    assert (
        assess(changed(farm("port-serial"), swapped, WARMUP, BASELINE)).answer.outcome == Outcome.MODEL_SWAP
    )


def test_one_late_first_token_is_no_model_swap() -> None:
    late = changed(farm("port-serial"), lambda r: loads_anew(r) if (r.kind, r.round) == (WARMUP, 4) else r)
    assert assess(late).answer.outcome == Outcome.PORTS_PARALLEL


def test_a_larger_phase_may_refine_but_a_contradiction_is_inconclusive() -> None:
    def first(a: Assessment) -> str:
        return a.answer.outcome

    gains, locks = farm("parallel", [phase(2, 2)]), farm("serial", [phase(4, 2)])
    shift = max(r.end_s for r in gains.log.records if r.end_s) + 1
    instants = ("scheduled_s", "send_s", "first_token_s", "last_token_s", "end_s")
    moved = tuple(
        replace(r, request_id=r.request_id + 1000, **{k: getattr(r, k) + shift for k in instants})
        for r in locks.log.records
        if r.phase == "phase2"
    )
    manifest = replace(
        gains.manifest,
        phases_planned=gains.manifest.phases_planned + locks.manifest.phases_planned,
        phases_finished=("phase1", "phase2"),
    )
    both = replace(gains, manifest=manifest, log=replace(gains.log, records=gains.log.records + moved))
    assert first(assess(both)) == Outcome.INCONCLUSIVE
    assert "contradict" in assess(both).answer.sentence


# Runs without a phase of ports against a control


def pairs_of(*names: str) -> list[PlannedPhase]:
    return [
        PlannedPhase(f"pairs {a} + {b}", 2, (a, b), 5, 5, pair_of="pairs")
        for a, b in itertools.combinations(names, 2)
    ]


@pytest.mark.parametrize(("policy", "said"), [("port-serial", "3 of 3"), ("serial", "0 of 3")])
def test_pairs_of_ports_and_a_control_are_a_comparison_of_ports(policy: str, said: str) -> None:
    pairs = pairs_of("Ulysses", "Eternal", "Fear")
    found = assess(farm(policy, [phase(2, 1, 5, "control"), *pairs], targets=targets_on(3)))
    assert found.answer.outcome == (Outcome.PORTS_PARALLEL if policy == "port-serial" else Outcome.SERIAL)
    assert f"{said} pairs of ports gain (" in found.answer.sentence
    assert "pairs Eternal + Fear, 2 users: " in found.answer.sentence


@pytest.mark.parametrize(
    ("policy", "outcome_"), [("serial", Outcome.SERIAL), ("time-sliced", Outcome.SHARED)]
)
def test_of_pairs_that_differ_the_weakest_counts_and_the_groups_are_named(policy: str, outcome_: str) -> None:
    three = targets_on(3)
    plans = [phase(2, 1, 5, "control"), *pairs_of("Ulysses", "Eternal", "Fear")]
    gain = assess(farm("port-serial", plans, targets=three))
    none = assess(farm(policy, plans, targets=three))
    phases = (none.phases[0], *gain.phases[1:3], none.phases[3])
    mixed = answer(phases, swapped=False, groups=groups(contention_matrix(phases)))
    assert mixed.outcome == outcome_
    assert mixed.sentence.startswith("Not all of your ports work in parallel: Eternal, Fear ")
    assert "2 of 3 pairs of ports gain (" in mixed.sentence
    assert mixed.finding == PAIRS_DIFFER
    assert hardware(mixed.finding).validated is None


def test_a_sweep_on_one_port_says_each_number_of_users_and_ends_in_the_most() -> None:
    found = assess(farm("slots", [phase(2, 1), phase(4, 1), phase(8, 1)], slots=4)).answer
    assert found.outcome == Outcome.PARTLY
    assert found.sentence.startswith("2 users: fully-parallel 2.00; 4 users: fully-parallel 4.00; 8 users: ")


def test_a_sweep_of_what_does_not_gain_claims_no_gain() -> None:
    for policy, outcome_ in NO_GAIN.items():
        found = assess(farm(policy, [phase(2, 1), phase(4, 1), phase(8, 1)])).answer
        assert found.outcome == outcome_


def test_of_more_and_more_ports_the_widest_gain_is_reported_with_what_does_not_gain_beyond() -> None:
    plans = [phase(n, n, 9, f"ports{n}") for n in (2, 4, 8)] + [phase(2, 1, 9, "control")]
    found = assess(farm("port-serial", plans, targets=targets_on(8)))
    assert found.answer.sentence.startswith("Yes: your 8 ports work in parallel, 8.00 times")
    sliced = assess(farm("time-sliced", plans, targets=targets_on(8)))
    phases = (*found.phases[:2], sliced.phases[2], found.phases[3])
    until_four = answer(phases, swapped=False)
    assert until_four.outcome == Outcome.PORTS_PARALLEL
    assert "your 4 ports" in until_four.sentence
    assert "Over more ports: 8 users: time-sliced 1.00." in until_four.sentence


def test_ports_that_wait_for_each_other_work_in_parallel_only_in_part() -> None:
    two_at_a_time = Policy(slots=2, port=Port(slots=1))
    plans = [phase(4, 4, 9, "ports"), phase(2, 1, 9, "control")]
    found = assess(farm(two_at_a_time, plans, targets=targets_on(4))).answer
    assert found.outcome == Outcome.PORTS_PARALLEL
    assert found.sentence == (
        "Yes, in part: your 4 ports work in parallel, 2 at a time, 2.00 times as fast as one after another. "
        "One port alone gains nothing (serial): the limit is the port, and beyond it something that the "
        "ports share."
    )
