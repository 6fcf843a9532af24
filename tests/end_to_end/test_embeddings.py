"""Embeddings by a real Locust against simulated servers of known truth, over sockets."""

from pathlib import Path
from typing import Any

import pytest

from tests.support.locusts import Ended, locust, phase, scenario

TEXTS = 6


def run(folder: Path, **each: Any) -> Ended:
    machine = {"policy": each.pop("policy"), "ports": [{"ttft_s": 0.2, "tpot_s": 0.02} | each]}
    path = scenario(
        folder,
        servers=[{"kind": "simulator", "farm": {"machines": [machine]}}],
        targets=[{"name": "A", "server": 0}],
        request={"embeddings": TEXTS},
        phases=[phase("four", 4, rounds=4)],
    )
    return locust(folder, "--scenario", str(path))


@pytest.mark.long
@pytest.mark.parametrize(
    ("policy", "each", "word"),
    [
        ("serial", {}, "serial"),
        ("slots", {"slots": 2}, "partly-parallel"),
        ("time-sliced", {}, "time-sliced"),
        ("parallel", {}, "fully-parallel"),
    ],
)
def test_every_policy_gets_its_word(tmp_path: Path, policy: str, each: dict[str, Any], word: str) -> None:
    done = run(tmp_path, policy=policy, **each)
    assert (done.code, done.report["verdict"]) == (0, word), done.err
    assert {row["vectors"] for row in done.rows} == {str(TEXTS)}
    assert done.manifest["targets"][0]["texts"] == TEXTS
    assert done.phase("four")["texts_per_s"] > 0


def test_a_server_that_leaves_out_a_vector_is_named_in_the_warm_up(tmp_path: Path) -> None:
    done = run(tmp_path, policy="parallel", stop_after=TEXTS - 1)
    assert done.code == 2
    assert f"target A: its warm-up failed: {TEXTS - 1} whole vectors for {TEXTS} texts" in done.err
