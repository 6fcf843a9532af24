"""`request.embeddings`: what goes with it, and which texts are sent."""

from typing import Any

import pytest

from analysis.errors import ScenarioError
from analysis.files.plan import PlannedSweep
from replay.prompts.prefix import texts_of
from replay.scenario.load import checked, with_budget, with_prompts
from replay.scenario.schema import Scenario


def scenario(**keys: Any) -> Scenario:
    written: dict[str, Any] = {
        "name": "x",
        "targets": [{"base_url": "http://127.0.0.1:1"}],
        "request": {"embeddings": 8},
        "phases": [{"name": "two", "users": 2, "rounds": 3}],
    }
    return checked("x.yaml", written | keys, written | keys)


def test_the_number_of_texts_takes_the_place_of_tokens() -> None:
    assert scenario().request.length == 8
    assert scenario(request={}).request.length == "auto"


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"request": {"embeddings": 0}}, "must be at least 1"),
        ({"request": {"embeddings": True}}, "must be a number, not true"),
        ({"request": {"embeddings": 8, "max_tokens": 9}}, "has max_tokens beside embeddings"),
        ({"request": {"embeddings": 8, "temperature": 1}}, "has temperature beside embeddings"),
        ({"request": {"embeddings": 8, "extra": {"input": []}}}, "'input' is not for extra"),
        ({"phases": [{"name": "s", "kind": "stall"}]}, "kind stall is about chats"),
        ({"phases": [{"name": "a", "users": 2, "rounds": 3, "max_tokens": 4}]}, "embeddings have no tokens"),
    ],
)
def test_what_does_not_go_with_embeddings_is_refused(keys: dict[str, Any], words: str) -> None:
    with pytest.raises(ScenarioError, match=words):
        scenario(**keys)


def test_neither_a_sweep_nor_prompts_go_with_embeddings() -> None:
    with pytest.raises(ScenarioError, match="--how-many: embeddings have no first token"):
        with_budget(scenario(), PlannedSweep())
    with pytest.raises(ScenarioError, match="--prompts all: is about chats"):
        with_prompts(scenario(), "all")


def test_no_two_texts_of_a_run_are_alike() -> None:
    texts = [text for request in range(1, 20) for text in texts_of(["same"] * 50, 7, request)]
    assert len(set(texts)) == len(texts)
    assert {len(text) for text in texts} == {len("[000 000 000] 0000 same")}
