"""One pinned class per target, seen by Locust, its workers and its options."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.checkout import CHECKOUT
from tests.support.locusts import (
    LOCUST,
    analysis,
    ended,
    locust,
    phase,
    rows_of,
    running,
    scenario,
    until,
)
from tests.support.serving import servers

SIMULATED = ("simulate", "--port", "0", "--port", "0", "--ttft-s", "0.05", "--tpot-s", "0.01")
PORTS = {
    "servers": [
        {"kind": "simulator", "policy": "port-serial", "ttft_s": 0.05, "tpot_s": 0.01},
        {"kind": "simulator", "policy": "port-serial", "ttft_s": 0.05, "tpot_s": 0.01},
    ],
    "targets": [{"name": "A", "server": 0}, {"name": "B-2 b", "server": 1}],
}


def names_of(targets: list[str]) -> list[str]:
    """The class names, made in a process of its own: importing locust patches the sockets of this one."""
    load = "from replay.release.users import user_classes"
    code = f"{load}; print(*user_classes({targets!r}, None, 'x'), sep='\\n')"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=CHECKOUT, capture_output=True, text=True, check=True
    )
    return done.stdout.split()


def test_class_names_are_identifiers_and_no_two_are_alike() -> None:
    names = names_of(["A", "A-1", "A 1", "127.0.0.1:1234", "class", "été"])
    assert names == ["A", "A_1", "A_1_", "Target_127_0_0_1_1234", "Target_class", "été"]


def test_a_target_named_like_something_of_the_locustfile_takes_nothing_away(tmp_path: Path) -> None:
    taken = ["events", "start", "OPTIONS", "wire", "Gate", "CLASSES", "__name__", "add_arguments"]
    targets = [{"name": name, "base_url": f"http://127.0.0.1:{i + 1}"} for i, name in enumerate(taken)]
    run = locust(
        tmp_path, "--list", "--scenario", str(scenario(tmp_path, targets=targets, phases=[phase("p", 2)]))
    )
    assert run.code == 0
    assert run.out.split()[2:] == [f"{name}_" for name in taken]


def test_the_default_scenario_is_found_from_any_folder(tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "locust", "-f", str(CHECKOUT / "locustfile.py"), "--list"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (run.returncode, len(run.stdout.splitlines())) == (0, 3), run.stderr
    assert list(tmp_path.iterdir()) == []


def test_list_shows_one_class_per_target(tmp_path: Path) -> None:
    run = locust(tmp_path, "--list", "--scenario", str(scenario(tmp_path, **PORTS, phases=[phase("p", 2)])))
    assert run.code == 0
    assert run.out.split()[2:] == ["A", "B_2_b"]
    assert list(tmp_path.glob("run*")) == []


@pytest.mark.alone
def test_two_processes_measure_the_same_and_lose_no_row(tmp_path: Path) -> None:
    path = scenario(
        tmp_path, **PORTS, phases=[phase("n2", 2), phase("control", 2, targets=["A"]), phase("n3", 3)]
    )
    run = locust(tmp_path, "--scenario", str(path), "--processes", "2")
    assert run.code == 0, run.err
    assert run.report["verdict"] == "ports-parallel"
    conditions = {c["name"]: c["passed"] for c in run.report["conditions"]}
    assert conditions["all accounted for"]
    assert conditions["Locust agrees"]
    bursts = [r for r in run.rows if r["kind"] == "burst"]
    assert len(bursts) == 3 * (2 + 2 + 3)
    assert {r["worker"] for r in bursts} == {"0", "1"}
    for index in "012":
        dealt = sorted(r["target"] for r in bursts if (r["phase"], r["round"]) == ("n3", index))
        assert dealt == ["A", "A", "B-2 b"]


@pytest.mark.alone
def test_class_names_on_the_command_line_restrict_the_targets(tmp_path: Path) -> None:
    path = scenario(tmp_path, **PORTS, phases=[phase("n2", 2)])
    run = locust(tmp_path, "--scenario", str(path), "A")
    assert run.code == 0, run.err
    assert {r["target"] for r in run.rows} == {"A"}
    assert [t["name"] for t in run.manifest["targets"]] == ["A"]
    assert run.report["verdict"] == "serial"


def test_targets_by_url_make_the_usual_phases(tmp_path: Path) -> None:
    with servers(*SIMULATED, "--policy", "parallel") as s:
        urls = [f"--target={s.urls[0]}", f"--target={s.urls[1]}=simulated"]
        run = locust(tmp_path, *urls, "--dry-run")
    assert run.code == 0
    assert run.err.count(" simulated ") == 2
    told = [line.split("] ", 2)[2].split(":")[0] for line in run.err.splitlines() if "rounds," in line]
    assert told == ["phase1", "control", "phase2", "phase3"]
    assert "requests in all, worst case" in run.err
    assert list(tmp_path.glob("run*")) == []


def test_a_check_says_what_answers_and_writes_nothing(tmp_path: Path) -> None:
    run = locust(tmp_path, "--scenario", str(scenario(tmp_path, **PORTS, phases=[phase("p", 2)])), "--check")
    assert run.code == 0
    assert run.out.count(" simulated ") == 2
    assert list(tmp_path.glob("run*")) == []


def test_a_check_that_fails_gives_each_reason_once(tmp_path: Path) -> None:
    run = locust(tmp_path, "--target", "http://127.0.0.1:9", "--target", "http://127.0.0.1:7", "--check")
    assert run.code == 2
    assert run.out.count("connection refused") == 2
    assert run.err.splitlines()[-1].endswith("[ERROR] 2 of 2 targets failed the check")


def test_the_scenario_may_come_from_the_environment(tmp_path: Path) -> None:
    path = scenario(tmp_path, **PORTS, name="from env", phases=[phase("p", 2)])
    run = locust(tmp_path, "--dry-run", env={"LOCUST_SCENARIO": str(path)})
    assert run.code == 0
    assert "would start 2 servers: simulator, simulator" in run.err


@pytest.mark.parametrize("end", ["time", "Ctrl-C"])
def test_a_free_run_ends_when_it_is_asked_to_with_a_report_and_no_verdict(tmp_path: Path, end: str) -> None:
    asked = {"max_tokens": "auto" if end == "Ctrl-C" else 40}
    path = scenario(tmp_path, **PORTS, phases=[phase("p", 2)], request=asked, budget_s=150)
    prefix = tmp_path / "run"
    limit = ["-t", "6s"] if end == "time" else []
    arguments = ["--scenario", str(path), "--plan", "free", "-u", "4", "-r", "4", *limit]
    with running("--headless", "--csv", str(prefix), *arguments) as process:
        if end == "Ctrl-C":
            until(lambda: any(r["kind"] == "free" for r in rows_of(prefix)))
            process.send_signal(signal.SIGINT)
        run = ended(process, prefix)
    assert run.code == 0, run.err
    assert "Traceback" not in run.err
    assert run.manifest["plan"] == "free"
    assert {r["kind"] for r in run.rows} >= {"warmup", "baseline", "free"}
    assert run.report["verdict"] is None
    assert analysis("report", str(prefix)).returncode == 0


def test_headless_by_the_environment_means_the_phases_and_runs_without_a_prefix_have_a_date(
    tmp_path: Path,
) -> None:
    path = scenario(tmp_path, **PORTS, phases=[phase("p", 2)])
    done = subprocess.run(
        [*LOCUST[:3], "-f", str(CHECKOUT / "locustfile.py"), "--budget", "30s"],
        cwd=tmp_path,
        env={**os.environ, "LOCUST_HEADLESS": "true", "LOCUST_SCENARIO": str(path)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode in (0, 3), done.stderr
    (manifest,) = (tmp_path / "runs").glob("2*_run.json")
    assert re.fullmatch(r"\d{8}-\d{6}_run.json", manifest.name)
    written = json.loads(manifest.read_text())
    assert (written["plan"], written["budget_s"], written["finished"]) == ("phases", 30, True)
