"""The condition *client*: a loop that lags decides nothing where the kernel took the stamps."""

from dataclasses import replace

import pytest

from analysis.assess import assess
from analysis.files.run import ClientHealth
from tests.support.farm import farm, phase
from tests.support.runs import changed


@pytest.mark.parametrize(("stamp", "passed"), [("kernel", True), ("user", False)])
def test_a_lagging_loop_fails_the_client_only_where_it_took_the_stamps(stamp: str, passed: bool) -> None:
    run = changed(farm("parallel", [phase(4)]), lambda r: replace(r, stamp=stamp), "baseline", "burst")
    lagging = replace(run, manifest=replace(run.manifest, client=ClientHealth(10.0, 0.05, 0.5)))
    found = next(c for c in assess(lagging).phases[0].conditions if c.name == "client")
    assert found.passed is passed
