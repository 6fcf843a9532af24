"""Which children a scenario's servers become: only the arguments, nothing is started."""

import json
from pathlib import Path

import pytest

from analysis.errors import ScenarioError
from replay.own_servers import _commands, with_urls
from replay.scenario.load import load_scenario, scenario_of_urls
from replay.scenario.schema import OwnServer
from replay.sources import scenario_of_entities

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


def test_neighbouring_commands_share_a_child_and_each_has_a_log_named_after_its_place(tmp_path: Path) -> None:
    servers = [
        OwnServer.model_validate({"kind": "simulator"}),
        OwnServer.model_validate({"kind": "command", "command": "a {port} {slots}", "slots": 4}),
        OwnServer.model_validate({"kind": "command", "command": "b", "port": 8000, "ready_within_s": 9}),
    ]
    _, (name, *arguments) = _commands(servers, 1, tmp_path / "x")
    assert (name, arguments[::2]) == ("command", ["--server"] * 2)
    first, second = (json.loads(text) for text in arguments[1::2])
    assert (first["command"], first["slots"], first["log"]) == (
        "a {port} {slots}",
        4,
        f"{tmp_path}/x_server_1.log",
    )
    assert (second["port"], second["within_s"], second["log"]) == (8000, 9, f"{tmp_path}/x_server_2.log")
    assert first["folder"] == str(Path.cwd())


def test_only_a_scenario_file_can_hold_a_command(tmp_path: Path) -> None:
    """`--target`, this host's own servers and an entities file make scenarios without servers."""
    spell = "http://127.0.0.1:1={servers: [{kind: command, command: touch x}]}"
    assert scenario_of_urls([spell]).servers == ()
    path = tmp_path / "entities.json"
    text = {"aiEntities": [{"id": "a", "lmStudioServer": {"host": "127.0.0.1", "port": 1}}]}
    path.write_text(json.dumps(text | {"servers": [{"kind": "command", "command": "touch {port}"}]}))
    assert scenario_of_entities(path).servers == ()
