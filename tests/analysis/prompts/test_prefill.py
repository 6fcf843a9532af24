"""What reading long prompts together gains, and in which order: phases of known truth."""

from dataclasses import replace

import pytest

from analysis.assess import assess
from analysis.prompts.prefill import prefill_of
from tests.support.farm import farm, phase

PLAN = replace(phase(2, ports=1), prompt_tokens=1000, max_tokens=1)


@pytest.mark.parametrize(
    ("policy", "gain", "order"),
    [("serial", 1.0, "in-turn"), ("time-sliced", 1.0, "together"), ("parallel", 2.0, "together")],
)
def test_the_gain_and_the_order_are_the_ones_of_the_server(policy: str, gain: float, order: str) -> None:
    found = prefill_of([j.measured for j in assess(farm(policy, [PLAN], jitter=0.02)).phases])
    assert found is not None
    assert found.gain.value == pytest.approx(gain, rel=0.06)
    assert found.order == order
    assert f"{found.gain.value:.2f}" in found.sentence


def test_a_phase_that_writes_long_answers_is_not_about_reading() -> None:
    plans = [replace(PLAN, max_tokens=100), replace(PLAN, prompt_tokens=None)]
    for plan in plans:
        assert prefill_of([j.measured for j in assess(farm("serial", [plan])).phases]) is None
