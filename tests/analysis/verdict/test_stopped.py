"""A phase that the end of a run cut short says so, and blames no server."""

import pytest

from analysis.assess import assess
from analysis.verdict.outcomes import Outcome
from tests.support.farm import farm, phase
from tests.support.runs import cut, failing


@pytest.mark.parametrize(("users", "rounds"), [(2, 1), (2, 2), (4, 1), (8, 2)])
def test_a_phase_that_was_stopped_says_after_how_many_rounds(users: int, rounds: int) -> None:
    run = farm("parallel", [phase(users)])
    ends = [i for i, r in enumerate(run.log.records) if r.kind == "burst" and (r.round or 0) < rounds]
    (judged,) = assess(cut(run, rows=ends[-1] + 1)).phases
    assert judged.outcome == Outcome.INCONCLUSIVE
    assert judged.verdict.sentence == f"{judged.plan.name} was stopped after {rounds} of 5 rounds"
    assert judged.verdict.hint == "let the run go to its end"


def test_a_phase_that_was_decided_before_the_stop_keeps_its_verdict() -> None:
    run = farm("parallel", [phase(2)])
    ends = [i for i, r in enumerate(run.log.records) if r.kind == "baseline" and (r.round or 0) <= 4]
    (judged,) = assess(cut(run, rows=ends[-1] + 1)).phases
    assert judged.outcome == Outcome.FULLY


def test_what_failed_before_the_stop_is_still_named() -> None:
    run = failing(farm("parallel", [phase(2)]), ("phase1", 0, 0))
    ends = [i for i, r in enumerate(run.log.records) if r.kind == "burst" and (r.round or 0) < 2]
    (judged,) = assess(cut(run, rows=ends[-1] + 1)).phases
    assert "ConnectError: refused" in judged.verdict.sentence
