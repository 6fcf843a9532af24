"""Runs of known truth that once read wrong: tests/runs/known, made by a model of servers of its own.

A wrong sentence is worse than none: where the data carry no more, `inconclusive` with the reason is right.
"""

import pytest

from analysis.assess import Assessment, assess
from analysis.files.run import read_run
from analysis.verdict.outcomes import Outcome
from tests.support.checkout import RUNS


def known(name: str) -> Assessment:
    return assess(read_run(RUNS / "known" / name))


# name: the outcome, and words that its sentence must hold
TRUTH = {
    "unequal-first-tokens": (Outcome.FULLY, "2.42 times"),
    "solo-disturbed": (Outcome.INCONCLUSIVE, "the solos were too slow"),
    "cache-hits-parallel": (Outcome.INCONCLUSIVE, "answers alone scatter"),
    "cache-hits-some-parallel": (Outcome.INCONCLUSIVE, "may be up to 2.36"),
    "ports-take-turns": (Outcome.PARTLY, "the ports take turns: one port at a time"),
    "slow-solos-serial": (
        Outcome.SERIAL,
        "alone they were slower than in company, so the speedup of 2.50 is none",
    ),
    "nostream-sleeps-serial": (Outcome.INCONCLUSIVE, "neither in steps nor together"),
    "nostream-two-at-a-time": (Outcome.PARTLY, "2 answers at a time"),
    "late-gain": (Outcome.PARALLEL, "with 2 users there is none (1.09, at most 1.13)"),
    "contention-at-2-gain-at-8": (Outcome.PARALLEL, "they take 1.43 times as long"),
    "early-first-token-serial": (Outcome.SERIAL, "one answer at a time"),
    "late-last-chunk-sliced": (Outcome.INCONCLUSIVE, "6 streams decode together"),
    "model-swap-reasoning": (Outcome.INCONCLUSIVE, "chain"),
}


@pytest.mark.parametrize("name", TRUTH)
def test_what_the_report_says_of_a_known_run_is_true(name: str) -> None:
    outcome, words = TRUTH[name]
    answer = known(name).answer
    assert (answer.outcome, words in answer.sentence) == (outcome, True), answer.sentence


def test_a_late_gain_leads_to_the_steps_of_the_gain() -> None:
    assert known("late-gain").answer.finding == Outcome.PARALLEL


def test_a_run_whose_fit_once_did_not_end_has_a_machine_model_or_says_why() -> None:
    machine = known("unequal-first-tokens").machine
    assert machine.fitted is not None or machine.why_not


def test_a_steady_user_that_nothing_shows_is_said_as_what_he_would_do() -> None:
    """A gain of 1.32 with 2 users is what 2N/(N+1) makes of none: the condition is open and says so."""
    (quiet,) = [c for c in known("background-sliced").conditions if c.name == "quiet servers"]
    assert quiet.passed is None and "2N/(N+1): 1.33" in quiet.sentence
