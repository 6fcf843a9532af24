"""The pace of one answer on farms of known truth: 20 tokens a second alone."""

import pytest

from analysis.assess import assess
from analysis.report.figures.pace import answer_pace
from tests.support.farm import farm, phase, targets_on

ALONE = 20.0


@pytest.mark.parametrize(
    ("policy", "together"),
    [("serial", ALONE), ("parallel", ALONE), ("time-sliced", ALONE / 4), ("contention", ALONE * 0.6 / 4)],
)
def test_one_answer_keeps_its_pace_or_shares_it(policy: str, together: float) -> None:
    pace = answer_pace(assess(farm(policy, [phase(4)])).phases[0].measured)
    assert pace.alone is not None and pace.together is not None
    assert pace.alone.value == pytest.approx(ALONE)
    assert pace.together.value == pytest.approx(together, rel=0.02)


def test_a_faster_port_counts_as_often_as_it_is_dealt() -> None:
    run = farm("parallel", [phase(3)], targets=targets_on(2, speeds=(1.0, 3.0)))
    pace = answer_pace(assess(run).phases[0].measured)
    assert pace.alone is not None
    assert pace.alone.value == pytest.approx((2 * ALONE + 3 * ALONE) / 3)
