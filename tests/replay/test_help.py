"""Help that helps: portlap's options in Locust's own help, the scenarios by question, one line for a slip."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from analysis.errors import ScenarioError
from replay.scenario.__main__ import files, needs, question
from replay.scenario.load import load_scenario
from tests.support.checkout import CHECKOUT

GROUP = "portlap options"
OPTIONS = ("--scenario", "--target", "--budget", "--check", "--dry-run", "--verbose", "--plan", "--how-many")


def help_of(*arguments: str, cwd: Path = CHECKOUT) -> str:
    words = [sys.executable, "-P", "-m", "locust", *arguments]
    env = {**os.environ, "PYTHONPATH": str(CHECKOUT)}
    done = subprocess.run(words, cwd=cwd, env=env, capture_output=True, text=True, check=True)
    return done.stdout


@pytest.mark.parametrize("arguments", [("--help",), ("-f", "locustfile.py", "-h")])
def test_locusts_help_has_a_group_of_portlaps_options(arguments: tuple[str, ...]) -> None:
    _, group = help_of(*arguments).split(f"\n{GROUP}:\n")
    assert [name for name in OPTIONS if f"\n  {name}" not in group] == []


def test_the_help_of_another_locustfile_has_none(tmp_path: Path) -> None:
    assert GROUP not in help_of("--help", cwd=tmp_path)


@pytest.mark.parametrize("slip", [["--target"], ["--processes", "x"]])
def test_a_slip_is_one_line_without_a_usage(slip: list[str]) -> None:
    words = [sys.executable, "-c", "from replay.options import options_at_import as o; o()", *slip]
    done = subprocess.run(words, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 1)
    assert f": error: argument {slip[0]}: " in done.stderr


def test_all_missing_variables_are_named_at_once(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="MODEL_A, MODEL_B, OTHER_HOST are not set; export MODEL_A="):
        load_scenario(CHECKOUT / "scenarios" / "limit.yaml", {})
    path = tmp_path / "keys.yaml"
    target = "{base_url: 'http://${H}:1', api_key_env: K%d}"
    path.write_text(f"targets: [{target % 1}, {target % 2}]\nphases: [{{name: a, users: 2, rounds: 3}}]\n")
    with pytest.raises(ScenarioError) as refused:
        load_scenario(path, {"K1": "x"})
    text = str(refused.value)
    assert "variable H is not set; targets[1].api_key_env: the environment variable it names" in text


def test_every_scenario_has_its_question_and_what_it_needs() -> None:
    listed = {path.stem: (question(path), needs(path)) for path in files()}
    assert len(listed) > 20
    assert [name for name, (asked, needed) in listed.items() if not asked.endswith("?") or not needed] == []
    assert listed["default"][1] == "nothing: starts real llama.cpp servers"
    assert listed["limit"][1].endswith("$OTHER_HOST:1234; export MODEL_A, MODEL_B, OTHER_HOST")
