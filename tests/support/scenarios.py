"""Scenarios for the tests: small ones as text, and the one line that a mistake becomes."""

from pathlib import Path

import pytest

from analysis.errors import ScenarioError
from replay.scenario.load import load_scenario
from replay.scenario.schema import Scenario
from tests.support.checkout import CHECKOUT

SHIPPED = CHECKOUT / "scenarios"
LOOPBACK = {  # no test reaches for anybody's machines
    **{"SEED_HOST": "127.0.0.1", "LLM_HOST": "127.0.0.1", "OTHER_HOST": "127.0.0.2"},
    **{"MODEL_A": "a", "MODEL_B": "b"},
}
TARGETS = "targets: [{name: A, base_url: 'http://127.0.0.1:1'}, {name: B, base_url: 'http://b:2'}]\n"
PHASES = "phases: [{name: phase1, users: 2, rounds: 5}]\n"
FINE = TARGETS + PHASES
SECRET = "sk-very-secret"


def load(tmp_path: Path, text: str, environ: dict[str, str] | None = None) -> Scenario:
    path = tmp_path / "x.yaml"
    path.write_text(text, encoding="utf-8")
    return load_scenario(path, environ or {})


def mistake(tmp_path: Path, text: str, environ: dict[str, str] | None = None) -> str:
    """The message without the file's directory."""
    with pytest.raises(ScenarioError) as error:
        load(tmp_path, text, environ)
    message = str(error.value)
    assert "\n" not in message
    assert message.startswith(f"{tmp_path}/x.yaml: ")
    return message.removeprefix(f"{tmp_path}/")
