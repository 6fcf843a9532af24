"""Prompts of one's own: read whole, the one of median length is sent, and a mistake is one line."""

import json
from pathlib import Path

import pytest

from analysis.errors import ScenarioError
from replay.prompts.prefix import with_prefix
from replay.scenario.load import load_scenario
from replay.scenario.schema import Scenario
from replay.scenario.schema.messages_file import Chat, middle_chat


def chat(*contents: str) -> str:
    roles = ["system", *["user", "assistant"] * 9][: len(contents)]
    return json.dumps({"messages": [{"role": r, "content": c} for r, c in zip(roles, contents, strict=True)]})


def written(folder: Path, *lines: str) -> Path:
    path = folder / "mine.jsonl"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def scenario(folder: Path, *targets: dict[str, str]) -> Scenario:
    path = folder / "s.yaml"
    each = [{"name": f"T{i}", "base_url": "http://127.0.0.1:1"} | t for i, t in enumerate(targets)]
    path.write_text(json.dumps({"targets": each, "phases": [{"name": "p", "users": 2, "rounds": 3}]}))
    return load_scenario(path, {})


def test_of_several_prompts_the_one_of_median_length_is_sent(tmp_path: Path) -> None:
    assert middle_chat(written(tmp_path, "short", "of a middle length", "x" * 99)) == Chat(
        "of a middle length"
    )


def test_a_chat_keeps_what_was_said_before_the_last_message(tmp_path: Path) -> None:
    found = middle_chat(written(tmp_path, chat("be kind", "hello?")))
    assert found == Chat("hello?", ({"role": "system", "content": "be kind"},))


def test_the_prefix_stands_at_the_very_beginning_of_a_chat() -> None:
    before = ({"role": "system", "content": "be kind"}, {"role": "user", "content": "hi"})
    first, second = with_prefix(before, 1, 2)
    assert first["content"].endswith(" be kind") and first["content"].startswith("[")
    assert second == before[1] and before[0]["content"] == "be kind"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("", "is empty"),
        ("{broken", "mine.jsonl:1: begins like JSON"),
        ('{"messages": []}', "mine.jsonl:1: is no chat"),
        ('{"messages": [{"role": "robot", "content": "x"}]}', "is no chat"),
        ('[{"role": "user", "content": "x"}, {"role": "assistant", "content": "y"}]', "is not the user's"),
        ("[" * 5000, "begins like JSON"),
    ],
)
def test_a_mistake_is_one_line_with_its_place(tmp_path: Path, line: str, words: str) -> None:
    with pytest.raises(ScenarioError, match=words) as error:
        middle_chat(written(tmp_path, line))
    assert "\n" not in str(error.value)


def test_a_file_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="No such file"):
        scenario(tmp_path, {"messages_file": "nowhere.txt"})


def test_two_targets_may_differ_in_their_prompts_only(tmp_path: Path) -> None:
    written(tmp_path, "my own prompt")
    short, own = scenario(tmp_path, {}, {"messages_file": "mine.jsonl"}).targets
    assert (short.model, own.test_message) == (own.model, "my own prompt")
    with pytest.raises(ScenarioError, match="same server and model"):
        scenario(tmp_path, {"name": "T"}, {"name": "T"})


def test_a_prompt_and_a_file_of_prompts_contradict_each_other(tmp_path: Path) -> None:
    written(tmp_path, "x")
    with pytest.raises(ScenarioError, match="keep one of them"):
        scenario(tmp_path, {"messages_file": "mine.jsonl", "test_message": "y"})


def test_what_is_no_key_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match=r"targets\[0\].before: unknown key"):
        scenario(tmp_path, {"before": "x"})
