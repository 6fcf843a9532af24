"""A server that takes one connection at a time is recognised, measured and named."""

import sys
from itertools import pairwise
from pathlib import Path

import pytest

from replay.checks.connections import NOTE
from tests.support.checkout import CHECKOUT
from tests.support.locusts import Ended, locust, phase, scenario

SERVER = CHECKOUT / "tests" / "support" / "one_connection_server.py"


def measured(folder: Path, how: str, answer_s: float, *phases: dict) -> Ended:
    command = f"{sys.executable} {SERVER} {{port}} {how} 24 {answer_s}"
    path = scenario(
        folder,
        servers=[{"kind": "command", "command": command}],
        targets=[{"name": "A", "server": 0}],
        request={"max_tokens": 24},
        phases=list(phases),
    )
    return locust(folder, "--scenario", str(path))


@pytest.mark.long
@pytest.mark.alone
def test_spaced_messages_connect_when_they_are_due_so_none_waits(tmp_path: Path) -> None:
    """Six messages 0.6 s apart, 0.3 s each: an idle connection taken first would hold up the others."""
    run = measured(tmp_path, "one", 0.3, phase("n6", 6, spacing_s=0.6))
    assert NOTE in " ".join(run.err.split())
    bursts = [r for r in run.rows if r["kind"] == "burst"]
    assert len(bursts) == 18
    assert all(r["error"] == "" for r in bursts)
    assert max(float(r["end_s"]) - float(r["scheduled_s"]) for r in bursts) < 0.5


@pytest.mark.alone
def test_eight_at_once_are_serial_and_no_round_waits_for_connections(tmp_path: Path) -> None:
    run = measured(tmp_path, "one", 0.3, phase("n2", 2), phase("n8", 8))
    assert run.phase("n2")["verdict"] == "serial", run.err
    assert run.phase("n8")["verdict"] == "serial"
    rounds = {(r["phase"], r["round"]): float(r["scheduled_s"]) for r in run.rows if r["kind"] == "burst"}
    began = sorted(at for (name, _), at in rounds.items() if name == "n8")
    assert max(b - a for a, b in pairwise(began)) < 6, "10 s each, before"


@pytest.mark.alone
def test_many_connections_are_not_called_one(tmp_path: Path) -> None:
    run = measured(tmp_path, "many", 0.3, phase("n2", 2))
    assert NOTE not in " ".join(run.err.split())
    assert run.phase("n2")["verdict"] == "fully-parallel"
