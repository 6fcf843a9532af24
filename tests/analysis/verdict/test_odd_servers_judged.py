"""Odd servers of known truth: what disturbs a measurement or hides who waits is no gain and no lock."""

import random
from dataclasses import replace
from typing import Any

import pytest

from analysis.assess import assess
from analysis.files.request_record import BURST, RequestRecord
from analysis.verdict.outcomes import Outcome
from analysis.verdict.phase_judged import PhaseJudged
from scripts.truth.odd import Odd, play
from scripts.truth.odd_families import families, two_speeds
from servers.queue_model.policy import Policy, Port
from tests.support.farm import phase, standard_phases, targets_on
from tests.support.runs import changed, judged

ONE_AT_A_TIME = {Outcome.SERIAL, Outcome.INCONCLUSIVE}
SEEN = [f for f in families() if not f.unseen]
SERIAL = [f for f in SEEN if f.mechanism == "one lock"]
SLICED = [f for f in SEEN if f.mechanism == "time-sliced" and f.oddity != "some solos disturbed"]
RUNS = 4


@pytest.mark.parametrize("family", SERIAL, ids=lambda f: f.oddity)
def test_a_lock_is_never_called_a_gain(family) -> None:
    for i in range(RUNS):
        rng = random.Random(f"{family.name}/{i}")
        found = assess(play(family.make(rng), standard_phases(), rng))
        assert {j.outcome for j in found.phases} <= ONE_AT_A_TIME, [j.verdict.sentence for j in found.phases]
        assert not found.answer.outcome.gains


@pytest.mark.parametrize("family", SLICED, ids=lambda f: f.oddity)
def test_shared_compute_is_never_called_a_gain(family) -> None:
    for i in range(RUNS):
        rng = random.Random(f"{family.name}/{i}")
        found = assess(play(family.make(rng), standard_phases(), rng))
        assert [j.verdict.sentence for j in found.phases if j.outcome.gains] == []


def judged_with(odd: Odd) -> list[PhaseJudged]:
    return list(assess(play(odd, standard_phases(), random.Random(3))).phases)


@pytest.mark.parametrize("oddity", [{"wakes_s": 0.8}, {"late_s": 0.7}, {"scatter": two_speeds}, {}])
def test_a_lock_is_serial_where_each_is_seen_to_wait_however_slow_the_solos_were(oddity: Any) -> None:
    found = judged_with(Odd(policy=Policy(slots=1), targets=targets_on(2), **oddity))
    assert [j.outcome for j in found] == [Outcome.SERIAL] * 4, [j.verdict.sentence for j in found]


READ_IN_TURN = Policy(port=Port(prefills=1))


@pytest.mark.parametrize("tokens", [3, 8, 15, 30])
def test_short_answers_that_are_read_in_turn_and_decode_together_are_not_serial(tokens: int) -> None:
    """They hardly meet: prompts take 0.5 s, an answer of 15 tokens 0.42 s; yet two of them gain 1.3."""
    asked = [replace(t, port=0, prefill_s=0.5, tpot_s=0.03, tokens=tokens) for t in targets_on(2)]
    found = judged_with(Odd(policy=READ_IN_TURN, targets=tuple(asked)))
    gain = 2 * asked[0].job().solo_s / (2 * 0.5 + 0.03 * (tokens - 1))
    said = [j.outcome for j in found if j.plan.users == 2]
    assert gain < 1.15 or Outcome.SERIAL not in said, (gain, [j.verdict.sentence for j in found])


def test_a_prompt_that_is_read_while_another_decodes_is_not_serial() -> None:
    """One decodes at a time, the next prompt is read meanwhile: K = 1, and two gain 1.33."""

    def pipelined(r: RequestRecord) -> RequestRecord:
        first_s, last_s, end_s, earlier_s = r.first_token_s, r.last_token_s, r.end_s, 0.5 * (r.user or 0)
        assert first_s is not None and last_s is not None and end_s is not None
        return replace(
            r, first_token_s=first_s - earlier_s, last_token_s=last_s - earlier_s, end_s=end_s - earlier_s
        )

    asked = tuple(replace(t, port=0, prefill_s=0.5, tpot_s=0.025, tokens=21) for t in targets_on(2))
    run = play(Odd(policy=Policy(slots=1), targets=asked), [phase(2, 2)], random.Random(3))
    assert judged(run).verdict.outcome == Outcome.SERIAL
    found = judged(changed(run, pipelined, BURST))
    assert found.measured.total.streams == 1
    assert found.verdict.outcome == Outcome.INCONCLUSIVE, found.verdict.sentence


def without_streams(policy: Policy) -> list[PhaseJudged]:
    return judged_with(Odd(policy=policy, targets=targets_on(2), streams=False))


def test_answers_that_end_two_by_two_a_solo_apart_are_two_at_a_time_also_without_streams() -> None:
    """Two serial ports: 4 and 8 users end in even steps of a solo."""
    found = {j.plan.name: j for j in without_streams(Policy(port=Port(slots=1)))}
    for name in ("phase2", "phase3"):
        assert found[name].outcome == Outcome.PARTLY, found[name].verdict.sentence
        assert found[name].verdict.sentence.startswith("2 answers at a time")


@pytest.mark.parametrize("policy", [Policy(compute=1.0), Policy(slots=1), Policy(slots=2, compute=1.0)])
def test_no_steps_of_a_server_that_gains_nothing_are_called_a_gain_without_streams(policy: Policy) -> None:
    assert not [j.verdict.sentence for j in without_streams(policy) if j.outcome.gains]
