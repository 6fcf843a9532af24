"""The condition *client*: what decides is how sure the times are, not how the loop lags."""

from dataclasses import replace

import pytest

from analysis.assess import assess
from analysis.files.run import ClientHealth
from tests.support.farm import farm, phase
from tests.support.runs import changed


def client_of(clock_error_s: float | None, lag_s: float) -> bool | None:
    run = changed(
        farm("parallel", [phase(4)]), lambda r: replace(r, clock_error_s=clock_error_s), "baseline", "burst"
    )
    lagging = replace(run, manifest=replace(run.manifest, client=ClientHealth(10.0, lag_s / 10, lag_s)))
    return next(c for c in assess(lagging).phases[0].conditions if c.name == "client").passed


@pytest.mark.parametrize(("clock_error_s", "passed"), [(0.0003, True), (0.09, True), (0.15, False)])
def test_times_that_are_not_sure_to_a_twentieth_of_a_solo_fail_the_client(
    clock_error_s: float, passed: bool
) -> None:
    assert client_of(clock_error_s, lag_s=0.001) is passed


@pytest.mark.parametrize(("clock_error_s", "passed"), [(0.0003, True), (None, False)])
def test_a_lagging_loop_counts_only_where_its_effect_was_not_recorded(
    clock_error_s: float | None, passed: bool
) -> None:
    assert client_of(clock_error_s, lag_s=0.5) is passed
