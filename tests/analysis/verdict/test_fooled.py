"""What shortens a round and is no gain, or hides who waited: none of it may be called parallel, or serial."""

from dataclasses import replace

import pytest

from analysis.assess import assess
from analysis.files.request_record import BASELINE, BURST, WARMUP, RequestRecord
from analysis.files.run import Run
from analysis.phase.overlap import round_peak, waited_for_slots
from analysis.verdict.of_run import control_phase
from analysis.verdict.outcomes import Outcome
from servers.queue_model.policy import Policy, Port
from tests.support.farm import farm, phase, targets_on
from tests.support.farm_log import FarmTarget
from tests.support.runs import changed, judged

KINDS = (WARMUP, BASELINE, BURST)
SLOTS_THAT_SHARE = Policy(compute=1.0, port=Port(slots=2))
PREFILL_IN_TURN = Policy(compute=1.0, port=Port(slots=3, prefills=1))
NO_GAIN = ("serial", "time-sliced", SLOTS_THAT_SHARE, PREFILL_IN_TURN)


def condition(run: Run, name: str) -> bool | None:
    return next(c.passed for c in judged(run).conditions if c.name == name)


def untold(r: RequestRecord) -> RequestRecord:
    return replace(r, server_prefill_s=None, server_decode_s=None)


def earlier(r: RequestRecord, by_s: float) -> RequestRecord:
    assert r.first_token_s is not None and r.last_token_s is not None and r.end_s is not None
    return replace(
        r, first_token_s=r.first_token_s - by_s, last_token_s=r.last_token_s - by_s, end_s=r.end_s - by_s
    )


# Time that rounds save and compute does not


@pytest.mark.parametrize("told", [True, False])
@pytest.mark.parametrize("users", [2, 4, 8])
def test_prompts_cached_in_rounds_only_and_not_reported_are_no_gain(users: int, told: bool) -> None:
    """Prefill is 40 % of a solo; in a round the cache spares all of it: G is 1.6, of decoding 1."""
    target = FarmTarget("Ulysses", prefill_s=0.8, tpot_s=1.2 / 36)
    run = farm("time-sliced", [phase(users, 1)], targets=(target,), jitter=0.02)
    run = changed(run, lambda r: earlier(r, 0.75 * users), BURST)
    run = changed(run, lambda r: replace(r, cached_tokens=None), *KINDS)
    found = judged(run if told else changed(run, untold, *KINDS))
    assert found.measured.speedup is not None and found.measured.speedup.value > 1.5
    assert not found.verdict.outcome.gains


def test_a_stream_that_ends_long_after_its_last_token_is_overhead_and_no_gain() -> None:
    run = farm("time-sliced", [phase(8, 1)], jitter=0.02, chain=False)
    found = judged(changed(run, lambda r: replace(r, end_s=(r.end_s or 0) + 0.6), *KINDS))
    assert found.measured.speedup is not None and found.measured.speedup.value > 1.2
    assert found.measured.speedup_net is not None and 0.9 < found.measured.speedup_net.value < 1.1
    assert found.verdict.outcome == Outcome.SLICED


def test_a_gain_of_all_compute_is_a_gain_whether_or_not_the_server_shows_its_prefill() -> None:
    for run in (farm("parallel", [phase(4, 2)]), farm("slots", [phase(4, 1)])):
        assert judged(run).verdict.outcome.gains
        assert judged(changed(run, untold, *KINDS)).verdict.outcome.gains


def prefill_takes(share: float) -> FarmTarget:
    """A target whose solo of 2 s is prefill for this share."""
    return FarmTarget("Ulysses", prefill_s=2.0 * share, tpot_s=2.0 * (1 - share) / 36)


@pytest.mark.parametrize("users", [4, 8])
def test_decoding_gains_as_much_as_the_round_where_ports_prefill_out_of_step(users: int) -> None:
    """A port decodes while the other prefills: work that the union of decoding holds, and no idle time."""
    first = prefill_takes(0.33)
    second = replace(first, name="Eternal", port=1, tokens=33)  # after a round or two out of step
    run = farm("port-serial", [phase(users, 2)], targets=(first, second))
    found = judged(run)
    assert found.measured.speedup is not None and found.measured.speedup_decode is not None
    assert found.measured.speedup.value > 1.8
    assert found.measured.speedup_decode.value > 0.93 * found.measured.speedup.value
    unseen = judged(changed(run, untold, *KINDS)).measured.speedup_decode
    assert unseen is not None and unseen.value < found.measured.speedup_decode.value


@pytest.mark.parametrize("share", [0.05, 0.33, 0.6])
@pytest.mark.parametrize("policy", NO_GAIN)
@pytest.mark.parametrize("users", [2, 4, 8])
def test_prefill_within_the_decoding_of_others_makes_no_gain(
    users: int, policy: str | Policy, share: float
) -> None:
    found = judged(farm(policy, [phase(users, 1)], targets=(prefill_takes(share),))).measured
    assert found.speedup_decode is not None
    assert found.speedup_decode.value < 1.05


@pytest.mark.parametrize("policy", NO_GAIN)
@pytest.mark.parametrize("users", [2, 4, 8])
def test_prefill_slowed_by_a_clock_that_ramps_up_in_solos_only_is_no_gain(
    users: int, policy: str | Policy
) -> None:
    """Of 2 s a solo loses 0.6 s before its first token, which its server tells as prefill."""

    def ramped(r: RequestRecord) -> RequestRecord:
        later = earlier(r, -0.6)
        return replace(later, server_prefill_s=(r.server_prefill_s or 0.0) + 0.6)

    run = farm(policy, [phase(users, 1)], targets=(prefill_takes(0.2),), jitter=0.02, chain=False)
    found = judged(changed(run, ramped, WARMUP, BASELINE))
    assert found.measured.speedup is not None and found.measured.speedup.value > 1.2
    assert found.measured.speedup_decode is not None and found.measured.speedup_decode.value < 1.1
    assert not found.verdict.outcome.gains


# Lengths nobody can reckon with


def shorter(r: RequestRecord) -> RequestRecord:
    """24 of 37 tokens; the times are those of the shorter answer."""
    assert r.send_s is not None and r.end_s is not None
    end_s = r.send_s + (r.end_s - r.send_s) * 24 / 37
    return replace(r, output_tokens=24, chunks=24, end_s=end_s, finish_reason="stop")


@pytest.mark.parametrize("policy", ["serial", "time-sliced"])
def test_answers_that_do_not_stream_and_are_shorter_together_are_no_gain(policy: str) -> None:
    run = farm(policy, [phase(4, 1)], jitter=0.02)
    run = changed(changed(run, untold, *KINDS), shorter, BURST)
    run = changed(run, lambda r: replace(r, first_token_s=None, last_token_s=None), *KINDS)
    assert judged(run).verdict.outcome == Outcome.INCONCLUSIVE
    assert condition(run, "answer lengths") is False


def test_chunks_that_hold_more_tokens_the_faster_they_come_are_no_measure_of_length() -> None:
    """No usage, and one chunk per 0.15 s at most: an answer that takes longer comes in more chunks."""

    def flushed(r: RequestRecord) -> RequestRecord:
        chunks = min(37, int((r.decode_s or 0) / 0.15) + 1)
        return replace(untold(r), output_tokens=None, chunks=chunks)

    run = changed(farm("time-sliced", [phase(4, 1)], jitter=0.02), flushed, *KINDS)
    assert judged(run).verdict.outcome == Outcome.INCONCLUSIVE
    assert condition(run, "answer lengths") is False


def test_answers_of_equal_length_pass_without_usage_and_shorter_ones_with_it() -> None:
    run = farm("time-sliced", [phase(4, 1)], jitter=0.02)
    counted = changed(run, lambda r: replace(r, output_tokens=None), *KINDS)
    assert condition(counted, "answer lengths") and judged(counted).verdict.outcome == Outcome.SLICED
    stopped = changed(run, lambda r: replace(r, output_tokens=24, finish_reason="stop"), BURST)
    assert condition(stopped, "answer lengths")


# Streams that do not show who decoded when


def lumped(r: RequestRecord, lasts_s: float = 0.003) -> RequestRecord:
    return replace(untold(r), first_token_s=(r.last_token_s or 0.0) - lasts_s)


def test_one_target_that_answers_in_one_lump_hides_the_streams_of_all() -> None:
    run = farm("time-sliced", [phase(2, 2)], jitter=0.02)
    found = judged(changed(run, lambda r: lumped(r) if r.target == "Eternal" else r, *KINDS))
    assert not found.measured.streams
    assert found.verdict.outcome == Outcome.SLICED


def test_tokens_held_back_in_rounds_only_show_no_streams_and_no_gain() -> None:
    run = farm("time-sliced", [phase(8, 1)], targets=(FarmTarget("Ulysses", overhead_s=0.5),), jitter=0.02)
    run = changed(changed(run, untold, *KINDS), lambda r: lumped(r, 0.05), BURST)
    found = judged(run)
    assert found.measured.speedup is not None and found.measured.speedup.value > 1.15
    assert not found.measured.streams
    assert not found.verdict.outcome.gains


def test_a_serial_server_whose_last_chunk_comes_late_is_not_called_time_sliced() -> None:
    def late(r: RequestRecord) -> RequestRecord:
        return replace(untold(r), last_token_s=(r.last_token_s or 0) + 0.3, end_s=(r.end_s or 0) + 0.3)

    found = judged(changed(farm("serial", [phase(4, 1)], jitter=0.02), late, *KINDS))
    assert found.measured.total.streams == 2
    assert found.verdict.outcome == Outcome.INCONCLUSIVE
    assert "at the pace of one alone" in found.verdict.sentence


def test_unequal_answers_that_share_compute_and_do_not_stream_are_not_called_serial() -> None:
    """1 : 3 : 5 s end at 3, 7 and 9 s: 1.33 and 0.4 of a solo apart, but the first after three."""
    run = farm("time-sliced", [phase(3, 3)], targets=targets_on(3, speeds=[5, 5 / 3, 1]), jitter=0.02)
    run = changed(run, lambda r: replace(untold(r), first_token_s=None, last_token_s=None), *KINDS)
    assert judged(run).verdict.outcome == Outcome.INCONCLUSIVE
    serial = farm("serial", [phase(3, 3)], targets=targets_on(3, speeds=[5, 5 / 3, 1]), jitter=0.02)
    serial = changed(serial, lambda r: replace(untold(r), first_token_s=None, last_token_s=None), *KINDS)
    assert judged(serial).verdict.outcome == Outcome.SERIAL


def test_prefill_in_turn_on_shared_compute_is_not_called_a_number_of_slots() -> None:
    """The sixth first token comes two solo TTFT after the fifth and after an end: it waited for neither."""
    solo = [r for r in farm("parallel", [phase(6, 1)]).log.records if r.kind == BURST and r.round == 0]
    starts = (0.4, 0.8, 1.2, 1.73, 2.4, 3.2)
    rows = [replace(r, first_token_s=s, last_token_s=s + 2.4) for r, s in zip(solo, starts, strict=True)]
    assert round_peak(rows) == 5
    assert not waited_for_slots(rows, 5, lambda _: 0.4)


# The run


def test_an_answer_that_ends_before_it_was_sent_is_no_answer() -> None:
    run = farm("serial", [phase(2, 1)])
    found = judged(changed(run, lambda r: replace(r, end_s=(r.send_s or 0.0) - 0.1), BASELINE))
    assert found.verdict.outcome == Outcome.INCONCLUSIVE
    assert "alone is whole" in found.verdict.sentence and "before it was sent" in found.verdict.sentence


def test_a_round_without_a_single_row_makes_the_run_invalid() -> None:
    lost = changed(farm("parallel", [phase(2, 2)]), lambda r: None if r.round == 2 else r, BURST)
    assert judged(lost).verdict.outcome == Outcome.INVALID
    assert "round 3 left no row" in judged(lost).verdict.sentence


def test_one_user_on_one_port_is_no_control() -> None:
    found = assess(farm("port-serial", [phase(2, 2), phase(1, 1, name="one"), phase(2, 1, name="control")]))
    control = control_phase(found.phases)
    assert control is not None and control.plan.name == "control"
    assert found.answer.outcome == Outcome.PORTS_PARALLEL


def test_a_control_of_two_does_not_gain_less_than_four_ports() -> None:
    found = assess(farm("parallel", [phase(4, 4), phase(2, 1, name="control")], targets=targets_on(4)))
    assert "One port alone gains too (2.00 with 2 users)" in found.answer.sentence
    assert "less" not in found.answer.sentence


def test_solos_slower_than_undisturbed_allow_are_no_baseline_however_wide_the_interval() -> None:
    """Two of six solos three times as slow: G reads far above Gmax, its interval reaches below."""
    run = farm("parallel", [phase(4, 2, 5, "p")], jitter=0.02)
    solos = [r for r in run.log.records if r.phase == "p" and r.kind == BASELINE]
    slow = {id(s) for s in (solos[1], solos[4])}

    def slowed(r: RequestRecord) -> RequestRecord:
        if id(r) not in slow or r.send_s is None or r.first_token_s is None or r.end_s is None:
            return r
        early_s = 2 * (r.end_s - r.send_s)  # it seems to have begun so much earlier
        return replace(r, scheduled_s=r.send_s - early_s, send_s=r.send_s - early_s)

    records = tuple(map(slowed, run.log.records))
    (judged,) = assess(replace(run, log=replace(run.log, records=records))).phases
    assert judged.outcome == Outcome.INCONCLUSIVE
    assert "above" in judged.verdict.sentence or "solos alike" in judged.verdict.sentence
