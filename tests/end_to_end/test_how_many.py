"""A real Locust, real sockets and servers of known truth: the number or one step below, and why no more."""

import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.support.locusts import Ended, analysis, ended, locust, report_of, rows_of, running, scenario, until
from tests.support.serving import servers

pytestmark = pytest.mark.long

TIMES = {"ttft_s": 0.05, "tpot_s": 0.01}  # alone: 0.44 s for 40 tokens, 100 tokens/s
BATCH = [1, 1.6, 2, 2.2, 2.4, 2.5]  # streams in all; five write 48 tokens/s each, six 42
# the server; first token within s, tokens/s wanted; the numbers that are right; the reason
KNOWN: dict[str, tuple[dict[str, Any], float, float, Sequence[int], str]] = {
    "serial": ({"policy": "serial", "ports": 1}, 0.2, 20, (1,), "slots"),
    "two serial ports": ({"policy": "port-serial", "ports": 2}, 0.2, 20, (1, 2), "slots"),
    "three slots": ({"policy": "slots", "each": {"slots": 3}, "ports": 1}, 0.15, 20, (2, 3), "slots"),
    "time-sliced": ({"policy": "time-sliced", "ports": 1}, 1, 22, (2, 3, 4), "shared"),
    "batching": ({"policy": "parallel", "throughput": BATCH, "ports": 1}, 1, 45, (4, 5), "chip"),
    "stalling": (
        {"policy": "parallel", "each": {"prefills": 1, "decode_beside_prefill": 0}, "ports": 1},
        1,
        65,
        (2, 3, 4),
        "stall",
    ),
}


def swept(
    folder: Path, farm: dict[str, Any], ttft_s: float, speed: float, *options: str, **keys: Any
) -> Ended:
    """A sweep of a simulated farm, about twenty seconds."""
    ports = farm["ports"]
    machine = farm | {"each": TIMES | farm.get("each", {}) | {"jitter": 0.05}}
    given = {
        "servers": [{"kind": "simulator", "farm": {"machines": [machine]}}],
        "targets": [{"name": f"P{i}", "server": i} for i in range(ports)],
        "request": {"max_tokens": 40},
        "how_many": {"ttft_s": ttft_s, "speed": speed},
        "budget_s": 25,
    }
    path = scenario(folder, **given | keys)
    return locust(folder, "--scenario", str(path), "--how-many", *options)


@pytest.mark.parametrize("name", KNOWN)
def test_the_number_and_the_reason_of_a_known_server(name: str, tmp_path: Path) -> None:
    farm, ttft_s, speed, numbers, why = KNOWN[name]
    longer = {"budget_s": 45} if name in ("time-sliced", "stalling") else {}  # few answers a second
    run = swept(tmp_path, farm, ttft_s, speed, **longer)
    assert run.code == 0, run.err
    found = run.report["how_many"]
    assert found["carries"] in numbers, run.out
    assert found["why"] == why, run.out
    assert f"{found['carries']} at a time" in run.report["answer"]
    if name == "serial":
        assert (found["together"], found["worth_having"]["value"]) == (1, 1)
        assert "one at a time" in run.report["answer"]
    if name == "three slots":
        assert found["together"] == 3


def test_a_server_that_refuses_is_named_so(tmp_path: Path) -> None:
    with servers("mock", "--kind", "openai", "--queue", "4", "--slots", "8", "--ttft-s", "0.05") as mock:
        keys = {"budget_s": 20, "request": {"max_tokens": 40}, "how_many": {"ttft_s": 1, "speed": 20}}
        target = {"base_url": mock.urls[0], "name": "Mock"}
        path = scenario(tmp_path, targets=[target], **keys)
        run = locust(tmp_path, "--scenario", str(path), "--how-many")
    assert run.code == 0, run.err
    found = run.report["how_many"]
    assert (found["carries"], found["why"]) == (4, "refused"), run.out
    assert "a limit that is set, not the chip" in run.report["answer"]


def test_given_levels_are_measured_and_no_others(tmp_path: Path) -> None:
    run = swept(tmp_path, {"policy": "parallel", "ports": 1}, 1, 20, "--levels", "2,4")
    assert [level["users"] for level in run.report["how_many"]["levels"]] == [1, 2, 4]
    assert run.report["how_many"]["carries"] == 4
    assert {r["phase"] for r in run.rows} == {"warmup", "level-1", "level-2", "level-4"}


def test_the_report_can_be_made_again_and_says_the_same(tmp_path: Path) -> None:
    run = swept(tmp_path, {"policy": "serial", "ports": 1}, 0.2, 20, budget_s=10)
    before = run.report["how_many"]
    analysis("report", str(run.prefix))
    assert run.report["how_many"] == before


@pytest.mark.parametrize("phase", ["level-1", "level-2", "level-8"])
def test_ctrl_c_in_any_part_leaves_a_true_report(phase: str, tmp_path: Path) -> None:
    farm = {"machines": [{"policy": "parallel", "each": TIMES, "ports": 1}]}
    keys = {"request": {"max_tokens": 20}, "budget_s": 60, "how_many": {"speed": 20}}
    own = [{"kind": "simulator", "farm": farm}]
    path = scenario(tmp_path, servers=own, targets=[{"name": "A", "server": 0}], **keys)
    prefix = tmp_path / "run"
    arguments = ("--headless", "--csv", str(prefix), "--scenario", str(path), "--how-many")
    with running(*arguments) as process:
        until(lambda: sum(r["phase"] == phase for r in rows_of(prefix)) > 2, patience_s=60)
        process.send_signal(signal.SIGINT)
        run = ended(process, prefix)
    assert run.code == 130
    found = report_of(prefix)["how_many"]
    assert found is None or (found["carries"] or 0) <= int(phase.removeprefix("level-"))
    assert report_of(prefix)["interrupted"]


def test_phases_and_sweep_of_one_run_agree_on_a_machine_of_known_truth(tmp_path: Path) -> None:
    """Two servers with three slots each, measured in rounds and in a closed loop."""
    farm = {"policy": "slots", "each": {"slots": 3}, "ports": 1}
    phases = [{"name": f"p{n}", "users": n, "rounds": 3} for n in (2, 3, 4)]
    run = swept(tmp_path, farm, 0.15, 20, "--both", budget_s=60, phases=phases)
    assert run.code == 0, run.err
    assert run.report["verdict"] in ("partly-parallel", "fully-parallel"), run.out
    assert run.report["how_many"]["carries"] in (2, 3)
    check = next(c for c in run.report["conditions"] if c["name"] == "sweep and phases agree")
    assert check["passed"] is True, check
    assert "they agree" in check["sentence"]


@pytest.mark.parametrize(("people", "fine"), [(3, True), (12, False)])
def test_people_are_measured_beside_the_number_that_is_computed(
    people: int, fine: bool, tmp_path: Path
) -> None:
    """A serial server with answers of 0.44 s carries few people who think 1 s, and surely not twelve."""
    options = ("--people", str(people), "--think", "3" if fine else "1")
    run = swept(tmp_path, {"policy": "serial", "ports": 1}, 0.5, 20, *options, budget_s=90)
    assert run.code == 0, run.err
    found = run.report["how_many"]
    seen = found["people_measured"]
    assert seen["users"] == people
    assert seen["of"] > people, "each asked more than once"
    assert seen["refuted"] is not fine, run.out
    assert {r["kind"] for r in run.rows} == {"warmup", "level", "people"}
    assert "Measured with" in run.out


def test_settings_of_one_engine_are_compared_and_the_best_is_named(tmp_path: Path) -> None:
    each = [TIMES | {"slots": n, "jitter": 0.05} for n in (1, 3)]
    farm = {"machines": [{"policy": "slots", "each": e, "ports": 1} for e in each]}
    path = scenario(
        tmp_path,
        servers=[{"kind": "simulator", "farm": farm}],
        targets=[{"name": "one slot", "server": 0}, {"name": "three slots", "server": 1}],
        request={"max_tokens": 40},
        how_many={"ttft_s": 0.15, "speed": 20, "each": True},
        budget_s=50,
    )
    run = locust(tmp_path, "--scenario", str(path), "--how-many")
    assert run.code == 0, run.err
    ranks = {s["target"]: s["rank"] for s in run.report["settings"]}
    assert ranks == {"one slot": "behind", "three slots": "best"}, run.out
    carried = {s["target"]: s["how_many"]["carries"] for s in run.report["settings"]}
    assert carried["one slot"] == 1 and carried["three slots"] in (2, 3)
    assert run.report["answer"].startswith("Best is three slots.")


def test_settings_that_do_nothing_are_called_a_tie(tmp_path: Path) -> None:
    machine = {"policy": "serial", "each": TIMES | {"jitter": 0.05}, "ports": 1}
    path = scenario(
        tmp_path,
        servers=[{"kind": "simulator", "farm": {"machines": [machine, machine]}}],
        targets=[{"name": "A", "server": 0}, {"name": "B", "server": 1}],
        request={"max_tokens": 40},
        how_many={"ttft_s": 0.2, "speed": 20, "each": True},
        budget_s=30,
    )
    run = locust(tmp_path, "--scenario", str(path), "--how-many")
    assert sorted(s["rank"] for s in run.report["settings"]) == ["best", "tie"], run.out
    assert "cannot be told apart" in run.report["answer"]


def test_a_sweep_whose_users_live_in_several_processes_finds_the_same(tmp_path: Path) -> None:
    farm = {"policy": "slots", "each": {"slots": 3}, "ports": 1}
    run = swept(tmp_path, farm, 0.15, 20, "--processes", "2", budget_s=30)
    assert run.code == 0, run.err
    assert run.report["how_many"]["carries"] in (2, 3), run.out
    assert len({r["worker"] for r in run.rows}) == 2
    assert len(run.manifest["quiet"]) == 1, "the servers were watched before the sweep"
