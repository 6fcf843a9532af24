"""Answers that are not the user's own, over real sockets: codes asked back, and the watch in every phase."""

import json
import stat
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from analysis.files.run import read_run
from scripts.truth.right.table import SERVERS, Server
from tests.support.locusts import Ended, analysis, file_of, locust, phase, scenario

PORT = {"ttft_s": 0.05, "tpot_s": 0.002, "jitter": 0.1}


def measured(folder: Path, keys: dict[str, Any], phases: list[dict[str, Any]], *options: str) -> Ended:
    """A run against one simulated port whose answers have a text."""
    machine = {"policy": "serial" if keys.pop("serial", False) else "parallel", "ports": [PORT | keys]}
    (folder / "farm.yaml").write_text(json.dumps({"machines": [machine]}), encoding="utf-8")
    servers = [{"kind": "simulator", "farm": "farm.yaml"}]
    path = scenario(folder, servers=servers, targets=[{"name": "A", "server": 0}], phases=phases)
    return locust(folder, "--scenario", str(path), *options)


def right(**keys: Any) -> dict[str, Any]:
    return {"name": "right", "kind": "right", **keys}


def test_mixed_up_answers_stand_before_the_verdict_and_are_kept_as_evidence(tmp_path: Path) -> None:
    """A port that is as fast as one can be, and gives one answer in four to somebody else."""
    phases = [phase("two", 2, rounds=3), right(users=[2, 4], pairs=24, churn=True, hang_up=0.2)]
    run = measured(tmp_path, {"knows": 1.0, "mixes_up": 0.25}, phases)
    assert run.code in (0, 3), run.err  # 3: a busy machine leaves its speed open
    report = run.report
    assert run.phase("two")["verdict"] == report["verdict"]  # of its speed: as ever
    assert report["right"]["verdict"] == "mixed-up"
    found = sum(level["foreign_open"] for level in report["right"]["levels"])
    assert 0 < found <= len(report["right"]["astray"])  # of the open questions too
    assert report["foreign"]["open"] > 0  # in the phase about speed, where prefixes are watched for
    assert "right: mixed-up: " in run.err  # as soon as it is known
    first = (line for line in run.out.splitlines() if line.strip())
    assert next(first) == "MIXED-UP"

    evidence = file_of(run.prefix, "evidence.jsonl")
    assert stat.S_IMODE(evidence.stat().st_mode) == 0o600
    lines = [json.loads(line) for line in evidence.read_text(encoding="utf-8").splitlines()]
    assert 0 < len(lines) <= 20 and report["right"]["evidence"] == lines
    rows = {int(row["request_id"]): row for row in run.rows}
    for line in (line for line in lines if line["said"] == "foreign-open" and line["part"]):
        assert rows[line["said_of"]]["code"] in line["text"]
        assert line["code"] not in line["text"]

    churn = [row for row in run.rows if row["part"] == "churn"]
    assert len(churn) == 36 and sum(row["ended_by"] == "client" for row in churn) <= len(churn) // 5
    assert not any(row["error"] for row in churn)
    again = analysis("report", str(run.prefix), "--json")
    assert json.loads(again.stdout)["right"] == report["right"]


@pytest.mark.long
def test_every_fifth_of_the_churn_is_hung_up_on_and_is_no_failure(tmp_path: Path) -> None:
    run = measured(tmp_path, {"knows": 1.0, "tpot_s": 0.012}, [right(users=[2], pairs=24, hang_up=0.2)])
    churn = [row for row in run.rows if row["part"] == "churn"]
    hung_up = [row for row in churn if row["ended_by"] == "client"]
    assert 1 <= len(hung_up) <= len(churn) // 5  # the others had ended before
    assert not any(row["error"] for row in churn)
    assert all(int(row["chunks"]) >= 3 for row in hung_up)
    assert run.report["right"]["verdict"] == "right"


@pytest.mark.long
@pytest.mark.parametrize("server", SERVERS, ids=lambda s: s.name)
def test_every_server_gets_its_word_over_sockets(tmp_path: Path, server: Server) -> None:
    if server.stays_broken:
        pytest.skip("the simulator has no such server")
    keys = server.keys.model_dump(exclude_defaults=True) | ({"serial": True} if server.serial else {})
    run = measured(tmp_path, keys, [right()])
    assert run.report["right"]["verdict"] == server.word, run.err
    fine = [level for level in run.report["right"]["levels"] if level["users"] in server.fine_at]
    assert all(level["p"] > 0.005 for level in fine)
    records = read_run(run.prefix).log.records
    assert Counter(r.part for r in records)["alone"] in (48, 96)
    assert all(r.error is None for r in records)
