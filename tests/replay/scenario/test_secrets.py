"""No key gets into a file, and none that was written is repeated."""

import json
from pathlib import Path

import pytest

from analysis.errors import ScenarioError
from replay.scenario.base_url import normal_base_url
from replay.scenario.load import scenario_of_urls
from tests.support.scenarios import FINE, PHASES, SECRET, TARGETS, load, mistake


@pytest.mark.parametrize("key", ["api_key", "API-Key", "Authorization", "token", "x-api-key", "password"])
@pytest.mark.parametrize(
    "text",
    [
        FINE.replace("name: A,", f"name: A, KEY: {SECRET},"),
        FINE + f"request: {{extra: {{headers: [{{KEY: {SECRET}}}]}}}}",
        FINE + f"KEY: {SECRET}",
    ],
)
def test_a_key_in_the_file_is_refused_and_not_repeated(tmp_path, text, key) -> None:
    message = mistake(tmp_path, text.replace("KEY", key))
    assert SECRET not in message
    assert "no secrets in a file; put it into the environment and write `api_key_env:" in message


def test_a_key_comes_by_the_name_of_its_variable_which_must_be_set(tmp_path: Path) -> None:
    text = FINE.replace("name: A,", "name: A, api_key_env: A_KEY,")
    assert load(tmp_path, text, {"A_KEY": SECRET}).targets[0].api_key_env == "A_KEY"
    assert "targets[0].api_key_env: the environment variable it names is not set" in mistake(tmp_path, text)
    message = mistake(tmp_path, text.replace("A_KEY", SECRET))
    assert "must be the NAME" in message
    assert SECRET not in message


@pytest.mark.parametrize("key", ["users", "rounds", "spacing_s"])
def test_a_wrong_value_from_the_environment_is_shown_as_written_in_the_file(tmp_path, key) -> None:
    phase = {"name": "p", "users": 2, "rounds": 5} | {key: "${MY_VALUE}"}
    text = TARGETS + f"phases: {json.dumps([phase])}"
    message = mistake(tmp_path, text, {"MY_VALUE": SECRET})
    assert SECRET not in message
    assert "not '${MY_VALUE}'" in message


@pytest.mark.parametrize(
    "url",
    [
        "http://user:very-secret@h:1",
        "user:very-secret@h:1",
        "http://very-secret@h",
        "http://h:1/v1?api_key=very-secret",
        "http://h:1#very-secret",
        "http://user:very-secret",
        "very-secret://h",
    ],
)
def test_a_url_with_a_secret_is_refused_and_not_repeated(tmp_path: Path, url: str) -> None:
    with pytest.raises(ScenarioError) as error:
        normal_base_url(url)
    assert "very-secret" not in str(error.value)
    assert "very-secret" not in mistake(tmp_path, FINE.replace("http://b:2", "${U}"), {"U": url})
    with pytest.raises(ScenarioError) as error:
        scenario_of_urls([url])
    assert "very-secret" not in str(error.value)


def test_a_url_in_the_wrong_place_does_not_show_its_password(tmp_path: Path) -> None:
    for text in (
        PHASES + "targets: [URL]",
        FINE + "budget_s: URL",
        FINE + "servers: [{kind: URL}]",
    ):
        assert SECRET not in mistake(tmp_path, text.replace("URL", f"'http://u:{SECRET}@h'"))
