"""The real locust process against the simulator: the control that grows, and the contention matrix."""

from pathlib import Path
from typing import Any

import pytest

from tests.support.locusts import Ended, locust, phase, scenario
from tests.support.serving import servers

pytestmark = pytest.mark.alone

TIMES = {"ttft_s": 0.05, "tpot_s": 0.01}


def measured(folder: Path, policy: str, control: dict[str, Any], *more: dict[str, Any], **keys: Any) -> Ended:
    """One run against two simulated ports A and B of one machine."""
    server = {"kind": "simulator", "policy": policy} | TIMES | ({"slots": 4} if policy == "slots" else {})
    targets = [{"name": name, "server": i} for i, name in enumerate("AB")]
    return ended(folder, servers=[server] * 2, targets=targets, phases=[control, *more], **keys)


def ended(folder: Path, **keys: Any) -> Ended:
    run = locust(folder, "--scenario", str(scenario(folder, **keys)))
    assert run.code == 0, run.err
    assert [c for c in run.report["conditions"] if c["passed"] is False] == []
    return run


def planned(run: Ended) -> list[str]:
    return [p["name"] for p in run.manifest["phases_planned"]]


def test_the_control_grows_while_all_requests_overlap_and_finds_the_slots(tmp_path: Path) -> None:
    control = phase("control", 2, targets=["A"], grow_to=8)
    run = measured(tmp_path, "slots", control, phase("ports", 2))
    assert planned(run) == ["control", "ports", "control-4", "control-8"]
    machine = run.report["machine"]
    assert (machine["slots_per_port"], machine["slots_of_ports"][0]["slots"]) == (None, 4)
    assert run.phase("control-8")["decode_peak"] == 4
    residuals = {p["phase"]: p["residual"] for p in machine["predictions"]}
    assert residuals["control-4"] == pytest.approx(0, abs=0.05)
    assert residuals["control-8"] is None  # only this phase shows that the slots end at 4


@pytest.mark.long
def test_the_control_of_a_serial_port_does_not_grow(tmp_path: Path) -> None:
    control = phase("control", 2, targets=["A"], grow_to=8)
    run = measured(tmp_path, "port-serial", control, phase("ports", 2))
    assert planned(run) == ["control", "ports"]
    assert "control-4 is not needed: the requests of control did not all overlap" in run.err
    assert run.report["limit"]["limits"] == ["model", "port"]
    assert run.report["machine"]["recommended_workers"] == 2


def test_growth_that_does_not_fit_the_budget_is_named_with_its_price(tmp_path: Path) -> None:
    control = phase("control", 2, targets=["A"], grow_to=4)
    run = measured(tmp_path, "parallel", control, budget_s=5)
    assert planned(run) == ["control"]
    assert any("control-4 left out: it needs up to" in cut for cut in run.manifest["cuts"])


@pytest.mark.long
def test_the_matrix_measures_every_pair_and_says_who_shares_what(tmp_path: Path) -> None:
    """A and B are two ports of a machine with one compute, C is a machine of its own."""
    times = ("--ttft-s", "0.05", "--tpot-s", "0.01")
    shared = ("simulate", "--port", "0", "--port", "0", "--policy", "time-sliced", *times)
    own = ("simulate", "--port", "0", "--policy", "parallel", *times)
    with servers(*shared) as first, servers(*own) as second:
        run = ended(
            tmp_path,
            targets=[
                {"name": name, "base_url": url}
                for name, url in zip("ABC", [*first.urls, *second.urls], strict=True)
            ],
            phases=[phase("control", 2, targets=["A"]), {"name": "m", "kind": "matrix", "rounds": 3}],
        )
    assert planned(run) == ["control", "m A + B", "m B + C", "m A + C"]
    shares = {(p["a"], p["b"]): p["shares"] for p in run.report["matrix"]}
    assert shares == {("A", "B"): "compute", ("B", "C"): "nothing", ("A", "C"): "nothing"}
    free = [p for p in run.report["matrix"] if p["shares"] == "nothing"]
    assert [p["speedup"]["value"] / p["speedup_max"] for p in free] == pytest.approx([1, 1], abs=0.05)
    assert "A, B share one compute" in run.out
