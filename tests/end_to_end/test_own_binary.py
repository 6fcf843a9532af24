"""Settings of one binary beside each other in one run: servers that the scenario's commands start."""

import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.support.locusts import file_of, locust, phase, scenario

SIMULATED = "-m servers simulate --port {port} --policy slots --slots {slots} --ttft-s 0.05 --tpot-s 0.01"


def two_settings(folder: Path, command: str, **keys: Any) -> Path:
    return scenario(
        folder,
        servers=[{"kind": "command", "command": command, "slots": slots, **keys} for slots in (1, 2)],
        targets=[{"name": f"{slots} slots", "server": place} for place, slots in enumerate((1, 2))],
        phases=[phase(f"slots{slots}", 2, targets=[f"{slots} slots"]) for slots in (1, 2)],
    )


@pytest.mark.long
@pytest.mark.alone
def test_two_settings_of_one_binary_get_a_verdict_each_and_nothing_is_left(tmp_path: Path) -> None:
    path = two_settings(tmp_path, f"MARK={tmp_path} {sys.executable} {SIMULATED}")
    run = locust(tmp_path, "--scenario", str(path))
    assert run.code == 0, run.err
    assert run.phase("slots1")["verdict"] == "serial"
    assert run.phase("slots2")["verdict"] == "fully-parallel"
    for place in (0, 1):
        log = file_of(run.prefix, f"server_{place}.log")
        assert '{"ready": true}' in log.read_text()
        assert f"its log: {log}" in run.err
    assert run.manifest["scenario"]["servers"][0]["command"].endswith("0.01")
    left = [p.pid for p in psutil.process_iter(["cmdline"]) if "simulate --port" in " ".join(p.cmdline())]
    assert [pid for pid in left if psutil.Process(pid).environ().get("MARK") == str(tmp_path)] == []


def test_a_command_that_fails_ends_the_run_with_its_own_words(tmp_path: Path) -> None:
    command = f"{sys.executable} {SIMULATED} --no-such-option"
    run = locust(tmp_path, "--scenario", str(two_settings(tmp_path, command)))
    assert run.code == 2
    assert "unrecognized arguments: --no-such-option" in run.err
    assert "servers of the scenario: `python -m servers command` ended with code 1" in run.err
    assert run.rows == []


def test_a_dry_run_starts_no_command(tmp_path: Path) -> None:
    mark = tmp_path / "started"
    run = locust(
        tmp_path, "--dry-run", "--scenario", str(two_settings(tmp_path, f"touch {mark} {{port}} {{slots}}"))
    )
    assert (run.code, mark.exists()) == (0, False)
    assert "would start 2 servers: command, command" in run.err
