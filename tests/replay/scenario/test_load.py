"""A scenario is read exactly as written; a value from the environment never becomes structure."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.files.plan import PlannedPhase
from replay.scenario.phases import planned_phases
from replay.scenario.schema import Rounds
from replay.scenario.yaml_file import fill, unset
from tests.support.scenarios import FINE, SECRET, TARGETS, load


def test_only_an_address_and_a_phase_are_needed(tmp_path: Path) -> None:
    scenario = load(
        tmp_path,
        "targets: [{base_url: 'http://[::1]:1234/v1/'}, {server: 0}]\n"
        "phases: [{name: p, users: 2, rounds: {min: 3, max: 12}, spacing_s: 1, workers: 6}]\n"
        "servers: [{kind: simulator, policy: serial, ttft_s: 0.1, tpot_s: 0.01, speed: 50}]\n",
    )
    assert scenario.name == "x"
    assert [t.name for t in scenario.targets] == ["[::1]:1234", "server 0"]
    assert scenario.targets[0].base_url == "http://[::1]:1234"
    assert "long" in scenario.targets[0].test_message
    assert scenario.request.max_tokens == "auto"
    assert scenario.request.timeout_s == 600
    assert scenario.budget_s == 150
    assert scenario.bursts[0].rounds == Rounds(min=3, max=12)
    assert planned_phases(scenario)[0].workers == 6


def test_the_raw_scenario_can_be_written_as_json_and_holds_no_filled_value(tmp_path: Path) -> None:
    text = FINE + "request: {extra: {stop: '${STOP}', since: 2026-01-01}}\n"
    scenario = load(tmp_path, text, {"STOP": SECRET})
    assert scenario.request.extra == {"stop": SECRET, "since": "2026-01-01"}
    assert SECRET not in json.dumps(scenario.raw)
    assert scenario.raw["request"]["extra"]["stop"] == "${STOP}"


def test_a_placeholder_in_a_number_becomes_the_number(tmp_path: Path) -> None:
    text = TARGETS + (
        "phases: [{name: p, users: '${N}', rounds: '${R:-3}', spacing_s: '${GAP}'}]\n"
        "request: {max_tokens: '${TOKENS:-auto}', timeout_s: '${T:-90}'}\n"
    )
    scenario = load(tmp_path, text, {"N": "5", "GAP": "0.5", "TOKENS": "64"})
    assert planned_phases(scenario) == (PlannedPhase("p", 5, ("A", "B"), 3, 3, 0.5),)
    assert (scenario.request.max_tokens, scenario.request.timeout_s) == (64, 90)


def test_a_scenario_cannot_be_changed_after_loading(tmp_path: Path) -> None:
    scenario = load(tmp_path, FINE)
    with pytest.raises(ValueError, match="frozen"):
        scenario.targets[0].base_url = "http://elsewhere:1"


VALUES = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1)
PLAIN = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.sampled_from(["a", "${X}", "-${X}${Y:-}"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["k", "${X}", "l"]), inner),
)


def shape(data: object) -> object:
    if isinstance(data, dict):
        return {key: shape(value) for key, value in data.items()}
    if isinstance(data, list):
        return [shape(value) for value in data]
    return type(data)


@given(PLAIN, VALUES)
def test_a_filled_value_never_changes_the_structure(data: object, value: str) -> None:
    filled, problems = fill(data, {"X": value})
    assert problems == []
    assert shape(filled) == shape(data)


@given(VALUES.filter(str.strip))
def test_a_filled_text_arrives_as_it_is_and_is_not_filled_again(value: str) -> None:
    written = {"a": [{"test_message": "say ${X} twice: ${X}"}], "b": 1}
    filled, _ = fill(written, {"X": value, "Y": "never"})
    assert filled == {"a": [{"test_message": f"say {value} twice: {value}"}], "b": 1}


def test_a_value_that_looks_like_yaml_stays_a_text(tmp_path: Path) -> None:
    evil = "x'}]\nbudget_s: 0\ntargets: [{base_url: http://evil:1}] # ${HOME}"
    text = FINE.replace("name: A,", "name: A, test_message: '${EVIL}',")
    scenario = load(tmp_path, text, {"EVIL": evil})
    assert scenario.targets[0].test_message == evil
    assert (len(scenario.targets), scenario.budget_s) == (2, 150)


def test_a_default_stands_in_for_a_missing_and_for_an_empty_variable() -> None:
    for environ in ({}, {"H": ""}):
        assert fill("${H:-b}:${P:-}", environ) == ("b:", [])
        assert list(unset({"k": "${H}"}, environ)) == [(("k",), "H")]
