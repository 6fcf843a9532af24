"""Every shipped scenario can be planned; worker-queue gives the seed's figures."""

import os
import re
import subprocess
import sys
from pathlib import Path
from statistics import median

import pytest

from replay.scenario.load import load_scenario
from replay.scenario.phases import planned_phases, planned_prompts
from tests.support.checkout import CHECKOUT
from tests.support.locusts import locust
from tests.support.scenarios import LOOPBACK

SCENARIOS = sorted((CHECKOUT / "scenarios").glob("*.yaml"))
PLANS = """
import sys
from replay import start
from replay.scenario.load import load_scenario
from pathlib import Path
import os
for path in sys.argv[1:]:
    scenario = load_scenario(Path(path), os.environ)
    own = tuple(t.model_copy(update={"base_url": None, "server": 0}) for t in scenario.targets)
    start.dry_run(scenario.model_copy(update={"targets": own}))
    print(path)
"""


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda p: p.stem)
def test_every_phase_of_a_scenario_has_its_targets(path: Path) -> None:
    scenario = load_scenario(path, LOOPBACK)
    planned = planned_phases(scenario)
    prompts = planned_prompts(scenario)
    sure = dict.fromkeys(p.pair_of or p.name for p in planned if p.after is None)
    assert [*sure, *(p.name for p in prompts)] == [p.name for p in scenario.phases]
    dealt = {t for p in planned for t in p.deal} | {t for p in prompts for t in p.targets}
    idle = {t.name for t in scenario.targets} - dealt
    assert idle == ({"Port B"} if path.stem == "control" else set())


def test_every_scenario_can_be_planned_without_anything_being_sent() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PLANS, *map(str, SCENARIOS)],
        cwd=CHECKOUT,
        env={**os.environ, **LOOPBACK, "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines() == list(map(str, SCENARIOS))
    with_rounds = [path for path in SCENARIOS if load_scenario(path, LOOPBACK).bursts]
    assert len(re.findall(r"requests in all, worst case", done.stderr)) == len(with_rounds)


def test_the_manual_says_what_each_of_them_asks() -> None:
    manual = (CHECKOUT / "docs" / "SCENARIOS.md").read_text(encoding="utf-8")
    table = manual.partition("## Ready to run")[2].partition("\n## ")[0]
    named = {
        name for row in re.findall(r"^\| (`.*?`) \|", table, re.M) for name in re.findall(r"`([\w-]+)`", row)
    }
    assert named == {path.stem for path in SCENARIOS}


def test_the_seeds_world_is_there() -> None:
    seeds = {"seed", "seed-simulated", "two-models", "worker-queue", "two-macs", "lmstudio-ollama"}
    assert seeds | {"slots", "jit-swap", "thirty-ports"} <= {path.stem for path in SCENARIOS}


@pytest.mark.alone
@pytest.mark.parametrize(
    ("policy", "scale", "verdict", "wall_s", "queued_s"),
    [
        ("parallel", 0.05, "parallel", 23, 5),  # six at once, then message 7 at 11 s and message 8 at 12 s
        ("port-serial", 0.03, "partly-parallel", 45, 5),
        ("serial", 0.02, "serial", 88, 15),  # message 8 comes at 7 s and is sent when the second is answered
    ],
)
def test_eight_messages_through_six_workers_take_the_seeds_time(
    tmp_path: Path, policy: str, scale: float, verdict: str, wall_s: float, queued_s: float
) -> None:
    names = {"QUEUE_POLICY": policy, "TIME_SCALE": str(scale)}
    run = locust(tmp_path, "--scenario", "scenarios/worker-queue.yaml", env=names)
    assert run.code == 0, run.err
    assert run.report["verdict"] in (verdict, f"fully-{verdict}")  # the weaker claim counts as right
    (arrivals,) = run.report["arrivals"]
    assert arrivals["wall_s"]["value"] == pytest.approx(wall_s, rel=0.05)
    longest = [
        max(float(r["queued_s"]) for r in run.rows if (r["kind"], r["round"]) == ("burst", str(i)))
        for i in range(3)
    ]
    assert median(longest) / scale == pytest.approx(queued_s, abs=1)
    printed = re.search(r"first message to last answer ([\d.]+)", " ".join(run.out.split()))
    assert printed is not None
    assert float(printed[1]) == pytest.approx(wall_s, rel=0.05)
