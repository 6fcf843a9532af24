"""Sentences that are true of the run: after a stop, of a control that failed, of what is not decided."""

import math
from dataclasses import replace

import pytest

from analysis.assess import assess
from analysis.conditions.condition import NOT_SURELY, surely_within
from analysis.files.request_record import RequestRecord
from analysis.statistics.estimates import LogEstimate
from analysis.verdict.outcomes import Outcome
from tests.support.farm import farm, phase
from tests.support.runs import changed, cut, failing

FALSE_OF_A_STOP = ("reports no", "do not stream", "no tokens were counted", "not recorded", "is whole")


@pytest.mark.parametrize("sent", [0, 1, 2])
def test_before_a_round_has_ended_no_condition_speaks_of_the_servers(sent: int) -> None:
    """Stopped in the first round of phase2: servers that report everything are not said to report nothing."""
    run = farm("parallel")
    first = next(i for i, r in enumerate(run.log.records) if r.phase == "phase2" and r.kind == "burst")
    found = assess(cut(run, rows=first + sent)).phases[-1]
    assert found.verdict.sentence == "phase2 was stopped after 0 of 5 rounds"
    assert {(c.passed, c.advice) for c in found.conditions[:-1]} == {(None, "")}
    assert not [c.sentence for c in found.conditions[:-1] if any(w in c.sentence for w in FALSE_OF_A_STOP)]


def test_a_target_without_a_whole_solo_does_not_make_the_others_silent() -> None:
    """The solos of one target fail: the other still streams and its server still counts tokens."""
    run = changed(
        farm("parallel", [phase(4, 2)]),
        lambda r: replace(r, error="HTTP 500", first_token_s=None) if r.target == "Eternal" else r,
        "baseline",
    )
    found = assess(run).phases[0]
    assert found.outcome == Outcome.INCONCLUSIVE
    said = {c.name: c.sentence for c in found.conditions}
    assert "no usage" not in said["token counts"] and "do not stream" not in said["answer lengths"]


@pytest.mark.parametrize("rows", [1, 4])
def test_a_run_stopped_in_its_warm_up_advises_no_more_rounds(rows: int) -> None:
    answer = assess(cut(farm("serial"), rows, why="Ctrl-C")).answer
    assert answer.sentence == "The run ended before a phase began: Ctrl-C."
    assert "let the run go to its end" in answer.next_steps[0] and "rounds" not in answer.next_steps[0]


def test_a_control_that_failed_is_open_in_few_words() -> None:
    run = failing(farm("parallel"), ("control", 1, 0), "HTTP 500: out of memory")
    answer = assess(failing(run, ("control", 2, 0), "HTTP 500: out of memory")).answer
    assert answer.outcome == Outcome.INCONCLUSIVE
    assert answer.sentence == (
        "Together your 2 ports gain 2.00. Whether one port alone would do as well is open: 3 of 5 rounds had "
        "only whole answers (round 2, Ulysses: HTTP 500: out of memory; and 1 more)."
    )


def test_what_is_not_decided_comes_with_its_interval() -> None:
    found = next(
        j
        for seed in range(20)
        for j in assess(farm("time-sliced", [phase(4)], jitter=0.3, seed=seed)).phases
        if "not decided" in j.verdict.sentence
    )
    g = found.measured.speedup
    assert g is not None
    assert found.verdict.sentence.endswith(f"the speedup lies between {g.low():.2f} and {g.high():.2f}")


@pytest.mark.parametrize(
    ("value", "se", "passed"),
    [(1.0, 0.01, True), (0.55, 0.01, False), (0.55, 0.5, None), (1.3, 0.4, None), (1.05, 0.4, True)],
)
def test_a_tick_stands_where_a_condition_is_decided(value: float, se: float, passed: bool | None) -> None:
    assert surely_within(LogEstimate(math.log(value), se, 8, 5), (0.9, 1.1)) is passed


def test_a_chain_that_is_far_off_with_wide_scatter_gets_no_tick() -> None:
    for seed in range(30):
        found = assess(farm("parallel", jitter=0.45, seed=seed))
        (chain,) = [c for c in found.conditions if c.name == "chain"]
        if chain.passed is None:
            assert NOT_SURELY in chain.sentence and "[" in chain.sentence
            return
    raise AssertionError("no chain was open")


@pytest.mark.parametrize("earlier_s", [1.5, 2.4])
def test_a_gain_by_the_clock_alone_says_that_decoding_is_what_is_open(earlier_s: float) -> None:
    """Rounds end earlier by what a cache spares them; answers decode as before."""

    def sooner(r: RequestRecord) -> RequestRecord:
        assert r.first_token_s is not None and r.last_token_s is not None and r.end_s is not None
        first_s, last_s = r.first_token_s - earlier_s, r.last_token_s - earlier_s
        return replace(r, first_token_s=first_s, last_token_s=last_s, end_s=r.end_s - earlier_s)

    (found,) = assess(changed(farm("time-sliced", [phase(4, 1)], jitter=0.03), sooner, "burst")).phases
    assert found.measured.speedup is not None and found.measured.speedup.low() > 1.15
    assert "not decided: that of decoding alone lies between" in found.verdict.sentence


def test_two_of_eight_at_a_time_is_no_confirmed_parallelism() -> None:
    found = assess(farm("port-serial", [phase(8)])).phases[0]
    assert found.outcome == Outcome.PARTLY
    assert "CONFIRMED" not in found.outcome.headline and "PARTLY" in found.outcome.headline
    assert found.verdict.sentence.startswith("2 slots, one per port: the other requests wait")
