"""After a while of a long run: what the phases so far say of the whole."""

from types import SimpleNamespace
from typing import Any

import pytest

from analysis.assess import assess
from replay.plan.live import LiveRun
from replay.plan.phases import INTERIM_AFTER_S, _interim
from tests.support.farm import farm, phase

JUDGED = assess(farm("port-serial", [phase(2), phase(2, ports=1, name="control")])).phases


@pytest.mark.parametrize(
    ("phases", "spent_s", "said"),
    [(2, INTERIM_AFTER_S, True), (2, INTERIM_AFTER_S - 1, False), (1, INTERIM_AFTER_S, False)],
)
def test_a_long_run_says_once_what_two_phases_say(
    capsys: pytest.CaptureFixture[str], phases: int, spent_s: float, said: bool
) -> None:
    run: Any = SimpleNamespace(live=LiveRun(), spent_s=lambda: spent_s)
    for _ in range(2):
        _interim(run, JUDGED[:phases])
    shown = capsys.readouterr().err
    assert shown.count("phase1 and control say so far: PORTS-PARALLEL: Yes: ") == (1 if said else 0)
    assert (run.live.interim is not None) is said
