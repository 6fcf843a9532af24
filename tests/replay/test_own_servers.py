"""Which children a scenario's servers become: only the arguments, nothing is started."""

import json
from pathlib import Path

import pytest

from analysis.errors import ScenarioError
from replay.own_servers import _commands, with_urls
from replay.scenario.load import load_scenario
from replay.scenario.schema import OwnServer

PHASES = "phases: [{name: p, users: 2, rounds: 3}]\n"


def commands(*servers: dict[str, object], time_scale: float = 1) -> list[list[str]]:
    return list(_commands([OwnServer.model_validate(s) for s in servers], time_scale))


def machines(*servers: dict[str, object]) -> list[dict[str, object]]:
    (command,) = commands(*[{"kind": "simulator", **s} for s in servers])
    assert command[:2] == ["simulate", "--farm"]
    found = json.loads(command[2])["machines"]
    assert isinstance(found, list)
    return found


def test_neighbouring_simulator_servers_of_one_policy_share_a_machine_and_keep_their_own_settings() -> None:
    assert machines({"policy": "slots", "slots": 2, "ttft_s": 0.1}, {"policy": "slots", "speed": 2}) == [
        {
            "policy": "slots",
            "ports": [{"port": 0, "ttft_s": 0.1, "slots": 2}, {"port": 0, "speed": 2, "slots": 1}],
        }
    ]


def test_another_policy_is_another_machine() -> None:
    found = machines({}, {"policy": "parallel"}, {"policy": "parallel"})
    assert [(m["policy"], m["ports"]) for m in found] == [
        ("serial", [{"port": 0}]),
        ("parallel", [{"port": 0}] * 2),
    ]


def test_each_farm_and_each_kind_is_a_child_of_its_own() -> None:
    farm: dict[str, object] = {"kind": "simulator", "farm": {"machines": [{"ports": 2}]}}
    found = commands(
        farm, farm, {"kind": "simulator"}, {"kind": "llamacpp"}, {"kind": "llamacpp"}, time_scale=0.5
    )
    assert [c[0] for c in found] == ["simulate", "simulate", "simulate", "llamacpp"]
    assert (
        found[0] == found[1] == ["simulate", "--farm", '{"machines": [{"ports": 2}]}', "--time-scale", "0.5"]
    )


def test_a_farm_s_file_is_sought_beside_the_scenario_and_its_ports_are_counted_when_they_listen(
    tmp_path: Path,
) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(
        PHASES + "targets: [{server: 0}, {server: 2}]\nservers: [{kind: simulator, farm: f.yaml}]"
    )
    scenario = load_scenario(path, {})
    assert scenario.servers[0].farm == str(tmp_path.resolve() / "f.yaml")
    urls = [f"http://127.0.0.1:{port}" for port in (1, 2, 3)]
    assert [t.base_url for t in with_urls(scenario, urls).targets] == [urls[0], urls[2]]
    with pytest.raises(
        ScenarioError, match=r"targets\[1\]\.server: there is no server 2; the scenario has 2"
    ):
        with_urls(scenario, urls[:2])
