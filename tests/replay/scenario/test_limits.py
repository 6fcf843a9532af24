"""What is too large is one line, at once, before memory is taken; the document names every maximum."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from analysis.errors import ScenarioError
from replay.scenario import limits
from replay.scenario.load import load_scenario, scenario_of_urls
from tests.support.checkout import CHECKOUT
from tests.support.scenarios import FINE, TARGETS, load, mistake

PHASE: dict[str, Any] = {"name": "p", "users": 2, "rounds": 3}
TARGET: dict[str, Any] = {"name": "A", "base_url": "http://127.0.0.1:1"}


def scenario(phase: object = None, target: object = None, **more: object) -> str:
    written = {"targets": [TARGET | (target or {})], "phases": [PHASE | (phase or {})]} | more  # type: ignore[operator]
    return json.dumps(written)  # which is YAML


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (scenario({"users": 10**7}), "phases[0].users: must be at most 10,000, not 10000000;"),
        (scenario({"users": 10**8}), "phases[0].users: must be at most 10,000, not 100000000;"),
        (scenario({"rounds": 10**9}), "phases[0].rounds: must be at most 1,000,000, not 1000000000;"),
        (scenario({"grow_to": 10**12}), "phases[0].grow_to: must be at most 10,000, not 1000000000000"),
        (scenario({"users": 2**70}), "line 1, column 98: a number of more than 64 bits"),
        (scenario({"workers": 10**6}), "phases[0].workers: must be at most 10,000"),
        (scenario({"spacing_s": 1e9}), "phases[0].spacing_s: must be at most 3,600"),
        (scenario({"name": "p" * 201}), "phases[0].name: must have at most 200 characters"),
        (scenario(None, {"name": "A" * 201}), "targets[0].name: must have at most 200 characters"),
        (scenario(None, {"model": "m" * 5000}), "targets[0].model: must have at most 4,096 characters"),
        (scenario(None, {"test_message": "w" * 1_000_001}), "targets[0].test_message: must have at most 1,0"),
        (scenario(None, {"base_url": "http://h/" + "x" * 2000}), "targets[0].base_url: must have at most"),
        (scenario(budget_s=1e9), "budget_s: must be at most 604,800"),
        (scenario(request={"max_tokens": 10**7}), "request.max_tokens: must be 'auto' or a whole number"),
        (scenario(request={"timeout_s": 10**7}), "request.timeout_s: must be at most 86,400"),
        (scenario(servers=[{"kind": "simulator"}] * 257), "servers: must have at most 256 entries"),
        (scenario({"users": 9999, "rounds": 101}), "phases: up to 1,010,000 requests in all, at most"),
        (scenario({"users": 901}, servers=[{"kind": "simulator"}]), "phases: 901 users of simulated servers"),
        ("a: '" + "x" * 2_000_000 + "'", "more than 2,000,000 bytes"),
    ],
    ids=range(19),
)  # fmt: skip
def test_what_is_too_large_is_one_line(tmp_path: Path, text: str, message: str) -> None:
    assert mistake(tmp_path, text).startswith(f"x.yaml: {message}")


def test_the_largest_that_is_allowed_is_read(tmp_path: Path) -> None:
    text = scenario({"users": 10_000, "rounds": 49, "name": "p" * 200}, {"model": "m" * 4096})
    assert load(tmp_path, text).bursts[0].users == 10_000


def test_too_many_targets_on_the_command_line_are_one_line() -> None:
    with pytest.raises(ScenarioError, match="--target: targets: must have at most 256 entries"):
        scenario_of_urls([f"http://h{i}:1" for i in range(257)])


def test_a_file_without_an_end_is_one_line() -> None:
    with pytest.raises(ScenarioError, match="more than 2,000,000 bytes"):
        load_scenario(Path("/dev/zero"), {})


ODD_YAML = {
    'test: "\\ud800"': "line 3, column 7: a character that UTF-8 cannot write",
    '"\\udfff": 1': "line 3, column 1: a character that UTF-8 cannot write",
    'test: "\\U00110000"': "line 3",
    'test: "\\UFFFFFFFF"': "line 3",
    "test: \x07": "line 3: the character '\\x07' is not for YAML",
    "test: !!int x": "line 3, column 7: a value that cannot be read",
    "test: !!int ''": "line 3, column 7: a value that cannot be read",
    "test: !!bool maybe": "line 3, column 7: a value that cannot be read",
    "test: !!float ''": "line 3, column 7: a value that cannot be read",
    "test: " + "9" * 5000: "line 3, column 7: a value that cannot be read",
    "test: 0x" + "f" * 5000: "line 3, column 7: a number of more than 64 bits",
    "test: !!set {a}": "line 3, column 7: no 'set' values",
    "test: &a [1]\nb: *a": "line 4, column 4: an alias may stand for a single value",
    "<<: {a: 1}": "line 3, column 1: ",
    "---\na: 1": "line 3, column 1: not YAML",
    "test: *none": "line 3, column 7: not YAML",
    "? [a]\n: 1": "line 3",
}


@pytest.mark.parametrize(("more", "message"), ODD_YAML.items(), ids=range(len(ODD_YAML)))
def test_odd_yaml_is_one_line_that_names_its_line(tmp_path: Path, more: str, message: str) -> None:
    assert mistake(tmp_path, FINE + more).startswith(f"x.yaml: {message}")


def test_a_variable_that_utf8_cannot_write_is_one_line(tmp_path: Path) -> None:
    text = TARGETS.replace("name: A,", "name: A, model: '${M}',") + "phases: [{name: p, users: 2, rounds: 3}]"
    assert "targets[0].model: the environment variable M is not UTF-8" in mistake(
        tmp_path, text, {"M": "\udc80"}
    )
    text = FINE + "request: {extra: {stop: '${M}'}}"
    assert "request.extra.stop: " in mistake(tmp_path, text, {"M": "\udc80"})


def test_every_maximum_is_documented() -> None:
    document = (CHECKOUT / "docs" / "SCENARIOS.md").read_text(encoding="utf-8")
    table = document.split("### Limits")[1].split("\n## ")[0]
    documented = {int(n.replace(",", "")) for n in re.findall(r"\| ([\d,]+) \|", table)}
    maxima = {v for name, v in vars(limits).items() if name.isupper() and isinstance(v, int | float)}
    assert documented == maxima
