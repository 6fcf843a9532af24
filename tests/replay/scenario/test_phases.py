"""The phases of a run: growth, pairs, chosen targets; the usual phases of `--target`."""

import json
from pathlib import Path

import pytest

from analysis.errors import ScenarioError
from replay.scenario.load import load_scenario, scenario_of_urls
from replay.scenario.phases import planned_phases
from tests.support.scenarios import SHIPPED, TARGETS, load


@pytest.mark.parametrize("names", [("Port A",), {"Port A", "Port B"}, (), None])
def test_chosen_targets_restrict_the_phases_and_empty_phases_are_dropped(names) -> None:
    scenario = load_scenario(SHIPPED / "default.yaml", {})
    for phase in planned_phases(scenario, names):
        assert phase.targets
        assert names is None or set(phase.targets) <= set(names)
    only_b = planned_phases(scenario, ["Port B"])
    assert [p.name for p in only_b] == ["phase1", "phase2", "phase3"]  # the control was A's
    assert planned_phases(scenario, ()) == ()


def test_a_matrix_is_every_pair_across_machines_first_and_never_more_than_twelve(tmp_path: Path) -> None:
    hosts = ("h:1", "h:2", "g:1", "h:3", "h:4", "h:5")
    targets = ", ".join(f"{{name: '{h}', base_url: 'http://{h}'}}" for h in hosts)
    text = f"targets: [{targets}]\nphases: [{{name: m, kind: matrix, rounds: 3}}]\n"
    planned = planned_phases(load(tmp_path, text))
    assert len(planned) == 12  # of 15
    assert {(p.users, p.pair_of, p.max_rounds) for p in planned} == {(2, "m", 3)}
    assert all("g:1" in p.targets for p in planned[:5])
    assert not any("g:1" in p.targets for p in planned[5:])
    assert planned[0].name == "m h:2 + g:1"
    assert len({p.targets for p in planned}) == 12


@pytest.mark.parametrize(
    ("phase", "message"),
    [
        ("{name: p, users: 2, rounds: 3, grow_to: 3}", "grow_to 3 must be at least twice the 2 users"),
        ("{name: p, kind: matrix, users: 4, rounds: 3}", "'users' is not for kind: matrix"),
        ("{name: p, kind: matrix, rounds: 3, workers: 2}", "'workers' is not for kind: matrix"),
        ("{name: p, kind: matrix, rounds: 3, targets: [A]}", "kind: a matrix needs two targets"),
        ("{name: p, kind: circle, users: 2, rounds: 3}", "one of burst, matrix, stall"),
    ],
)
def test_a_phase_that_grows_or_pairs_wrongly_is_one_line(tmp_path: Path, phase: str, message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        load(tmp_path, TARGETS + f"phases: [{phase}]\n")


def test_a_phase_grown_into_another_of_its_name_is_refused(tmp_path: Path) -> None:
    text = "phases: [{name: p, users: 2, rounds: 3, grow_to: 4}, {name: p-4, users: 4, rounds: 3}]\n"
    with pytest.raises(ScenarioError, match="grow to a phase p-4, which is there already"):
        load(tmp_path, TARGETS + text)


def test_urls_on_the_command_line_become_the_three_phases_and_the_control() -> None:
    scenario = scenario_of_urls(["http://a:1/v1", "http://b:2=org/model@f16"])
    assert [(t.name, t.base_url, t.model) for t in scenario.targets] == [
        ("a:1", "http://a:1", None),
        ("b:2", "http://b:2", "org/model@f16"),
    ]
    assert [(p.name, p.users, p.targets) for p in planned_phases(scenario)] == [
        ("phase1", 2, ("a:1", "b:2")),
        ("control", 2, ("a:1",)),
        ("phase2", 4, ("a:1", "b:2")),
        ("phase3", 8, ("a:1", "b:2")),
        ("control-4", 4, ("a:1",)),
        ("control-8", 8, ("a:1",)),
    ]
    assert json.loads(json.dumps(scenario.raw))["targets"][1]["base_url"] == "http://b:2"


def test_one_url_needs_no_control_and_three_get_a_phase_with_a_user_each() -> None:
    one, three = (scenario_of_urls([f"http://h{i}:1" for i in range(n)]) for n in (1, 3))
    assert [p.users for p in planned_phases(one)] == [2, 4, 8]
    assert next((p.name, p.users) for p in planned_phases(three)) == ("ports", 3)


def test_two_models_on_one_port_have_names_of_their_own() -> None:
    scenario = scenario_of_urls(["http://h:1=a/x", "http://h:1=a/y", "http://g:1=a/x"])
    assert [t.name for t in scenario.targets] == ["h:1 a-x", "h:1 a-y", "g:1"]
