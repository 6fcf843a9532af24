"""The scenarios that are shipped load, and hold what their headers promise."""

from pathlib import Path

import pytest
import yaml

from analysis.errors import ScenarioError
from analysis.files.plan import PlannedPhase
from replay.scenario.load import load_scenario
from replay.scenario.phases import planned_phases
from tests.support.scenarios import LOOPBACK, SHIPPED


@pytest.mark.parametrize("path", sorted(SHIPPED.glob("*.yaml")), ids=lambda p: p.stem)
def test_every_shipped_scenario_loads_and_begins_with_its_question(path: Path) -> None:
    scenario = load_scenario(path, LOOPBACK)
    assert scenario.name == path.stem
    assert scenario.raw == yaml.safe_load(path.read_text())
    comment = path.read_text().split("\nname:")[0]
    assert comment.startswith("# ")
    assert "?" in comment
    assert "Run it:" in comment
    assert "Predicted" in comment


def test_the_default_starts_two_servers_and_has_the_three_phases_and_the_control() -> None:
    scenario = load_scenario(SHIPPED / "default.yaml", {})
    assert [(s.kind, s.port, s.slots, s.threads) for s in scenario.servers] == [("llamacpp", 0, 1, 1)] * 2
    assert [t.server for t in scenario.targets] == [0, 1]
    a, b = (t.name for t in scenario.targets)
    assert planned_phases(scenario) == (
        PlannedPhase("phase1", 2, (a, b), 5, 8),
        PlannedPhase("control", 2, (a,)),
        PlannedPhase("phase2", 4, (a, b)),
        PlannedPhase("phase3", 8, (a, b)),
        PlannedPhase("control-4", 4, (a,), after="control"),
        PlannedPhase("control-8", 8, (a,), after="control-4"),
    )
    assert scenario.budget_s == 150


def test_the_seed_needs_its_host_from_the_environment() -> None:
    with pytest.raises(ScenarioError, match=r"SEED_HOST is not set; export SEED_HOST=\.\.\."):
        load_scenario(SHIPPED / "seed.yaml", {})
    seed = load_scenario(SHIPPED / "seed.yaml", LOOPBACK)
    assert [(t.name, t.base_url, t.model) for t in seed.targets] == [
        ("Ulysses", "http://127.0.0.1:1234", "tsc-ulysses-by-james-joyce@f16"),
        ("Eternal", "http://127.0.0.1:1235", "the-eternal@f16"),
    ]


def test_lm_studio_is_asked_on_this_machine_unless_a_host_is_given() -> None:
    here = load_scenario(SHIPPED / "lmstudio.yaml", {})
    there = load_scenario(SHIPPED / "lmstudio.yaml", {"LMSTUDIO_HOST": "mac.example"})
    assert [t.base_url for t in here.targets] == ["http://127.0.0.1:1234", "http://127.0.0.1:1235"]
    assert there.targets[0].base_url == "http://mac.example:1234"
    assert {t.model for t in here.targets} == {None}
