"""The real locust process against servers whose truth is known: what they do is what the report says."""

from pathlib import Path
from typing import Any

import pytest

from tests.support.locusts import Ended, locust, phase, scenario

pytestmark = pytest.mark.alone

USERS = (2, 4, 8)


def measured(folder: Path, policy: str, ports: int, phases: list[dict[str, Any]], **server: Any) -> Ended:
    """One run against `ports` simulated ports of one machine, targets A, B …"""
    one = {"kind": "simulator", "policy": policy, "ttft_s": 0.05, "tpot_s": 0.01} | server
    names = "ABCD"[:ports]
    path = scenario(
        folder,
        servers=[one] * ports,
        targets=[{"name": name, "server": i} for i, name in enumerate(names)],
        phases=phases,
    )
    return locust(folder, "--scenario", str(path))


def speedup(run: Ended, name: str) -> float:
    value = run.phase(name)["speedup"]["value"]
    assert isinstance(value, float)
    return value


def checked(run: Ended) -> Ended:
    """A run that ended well: a verdict, every row there, Locust agrees, no condition failed."""
    assert run.code == 0, run.err
    assert run.manifest["finished"]
    assert not [r for r in run.rows if r["error"]]
    failed = [c for c in run.report["conditions"] if c["passed"] is False]
    assert failed == []
    named = {c["name"]: c["passed"] for c in run.report["conditions"]}
    assert named["all accounted for"]
    assert named["Locust agrees"]
    return run


def test_a_global_lock_is_serial_at_every_number_of_users(tmp_path: Path) -> None:
    run = checked(measured(tmp_path, "serial", 1, [phase(f"n{n}", n) for n in USERS]))
    assert run.report["verdict"] == "serial"
    *_, verdict, files = run.err.splitlines()
    assert verdict.endswith(f"[RESULT] SERIAL: {run.report['answer']}") and "report.html" in files
    for n in USERS:
        of_n = run.phase(f"n{n}")
        assert of_n["verdict"] == "serial"
        assert of_n["decode_peak"] == 1
        assert speedup(run, f"n{n}") == pytest.approx(1, rel=0.05)
        assert of_n["naive_speedup"] == pytest.approx((n + 1) / 2, rel=0.05)
        assert of_n["naive_speedup_if_serial"] == pytest.approx((n + 1) / 2, rel=0.01)
    assert run.report["machine"]["slots"] == 1


def test_ports_that_are_serial_each_are_parallel_together(tmp_path: Path) -> None:
    phases = [phase(f"n{n}", n) for n in USERS]
    phases.insert(1, phase("control", 2, targets=["A"]))
    run = checked(measured(tmp_path, "port-serial", 2, phases))
    assert run.report["verdict"] == "ports-parallel"
    assert run.phase("control")["verdict"] == "serial"
    assert speedup(run, "control") == pytest.approx(1, rel=0.05)
    for n in USERS:
        of_n = run.phase(f"n{n}")
        assert of_n["verdict"] == ("fully-parallel" if n == 2 else "partly-parallel")
        assert of_n["decode_peak"] == 2
        assert set(of_n["decode_peak_per_port"].values()) == {1}
        assert speedup(run, f"n{n}") == pytest.approx(2, rel=0.05)
        assert of_n["naive_speedup"] == pytest.approx(2 * (n / 2 + 1) / 2, rel=0.05)


def test_a_machine_that_shares_its_compute_is_time_sliced(tmp_path: Path) -> None:
    phases = [phase("n2", 2), phase("control", 2, targets=["A"]), phase("n4", 4), phase("n8", 8)]
    run = checked(measured(tmp_path, "time-sliced", 2, phases))
    assert run.report["verdict"] == "shared-compute"
    for n in USERS:
        of_n = run.phase(f"n{n}")
        assert of_n["verdict"] == "time-sliced"
        assert of_n["decode_peak"] == n
        assert speedup(run, f"n{n}") == pytest.approx(1, rel=0.05)
        assert of_n["naive_speedup"] == pytest.approx(n, rel=0.05)


@pytest.mark.parametrize("slots", [2, 4])
def test_a_port_with_k_slots_is_partly_parallel_beyond_them(tmp_path: Path, slots: int) -> None:
    run = checked(
        measured(tmp_path, "slots", 1, [phase(f"n{n}", n) for n in (slots, 2 * slots)], slots=slots)
    )
    assert run.phase(f"n{slots}")["verdict"] == "fully-parallel"
    beyond = run.phase(f"n{2 * slots}")
    assert beyond["verdict"] == "partly-parallel"
    assert beyond["decode_peak"] == slots
    assert speedup(run, f"n{2 * slots}") == pytest.approx(slots, rel=0.05)
    assert run.report["machine"]["slots"] == slots


def test_undisturbed_servers_are_fully_parallel_and_leave_one_row_per_request(tmp_path: Path) -> None:
    phases = [phase(f"n{n}", n) for n in USERS] + [phase("n3", 3, targets=["B", "A"])]
    run = checked(measured(tmp_path, "parallel", 2, phases))
    for n in USERS:
        of_n = run.phase(f"n{n}")
        assert of_n["verdict"] == "fully-parallel"
        assert of_n["decode_peak"] == n
        assert speedup(run, f"n{n}") == pytest.approx(n, rel=0.05)
        assert of_n["naive_speedup"] == pytest.approx(n, rel=0.05)
    by_kind = {k: [r for r in run.rows if r["kind"] == k] for k in ("warmup", "baseline", "burst")}
    assert [r["target"] for r in by_kind["warmup"]] == ["A", "A", "B", "B", "A"]
    assert len(by_kind["baseline"]) == 4 * 4 + 2  # a solo in every gap of each phase, and the chain
    assert len(by_kind["burst"]) == 3 * (2 + 4 + 8 + 3)
    third = [r["target"] for r in by_kind["burst"] if (r["phase"], r["round"]) == ("n3", "0")]
    assert sorted(third) == ["A", "B", "B"]  # 3 users on 2 targets: the first of the deal has one more
    history = (tmp_path / "run_stats_history.csv").read_text().splitlines()[1:]
    assert {"2", "3", "4", "8"} <= {line.split(",")[1] for line in history}


@pytest.mark.long
def test_two_servers_of_unequal_speed_are_judged_by_what_they_could_reach(tmp_path: Path) -> None:
    fast = {"kind": "simulator", "policy": "parallel", "ttft_s": 0.05, "tpot_s": 0.01}
    path = scenario(
        tmp_path,
        servers=[fast, fast | {"speed": round(1 / 1.8, 4)}],
        targets=[{"name": "fast", "server": 0}, {"name": "slow", "server": 1}],
        phases=[phase("n2", 2, 5), phase("n4", 4)],
    )
    run = checked(locust(tmp_path, "--scenario", str(path)))
    assert run.phase("n2")["speedup_max"] == pytest.approx(2.8 / 1.8, rel=0.03)
    assert speedup(run, "n2") == pytest.approx(2.8 / 1.8, rel=0.05)
    assert [p["verdict"] for p in run.report["phases"]] == ["fully-parallel", "fully-parallel"]
