"""Odd servers of known truth: what disturbs a measurement or hides who waits is no gain and no lock."""

import random

import pytest

from analysis.assess import assess
from analysis.verdict.outcomes import Outcome
from scripts.truth.odd import play
from scripts.truth.odd_families import families
from tests.support.farm import standard_phases

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
