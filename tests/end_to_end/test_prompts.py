"""Phases of kind stall and talk by a real Locust against simulated servers of known truth."""

from pathlib import Path
from typing import Any

import pytest

from tests.support.locusts import Ended, locust, scenario

EACH = {"ttft_s": 0.05, "tpot_s": 0.01, "prompt_token_s": 0.001, "slots": 4}


def run(folder: Path, phase: dict[str, Any], ports: int = 1, **each: Any) -> Ended:
    farm = {"machines": [{"each": EACH | each, "ports": ports}]}
    targets = [{"name": name, "server": i} for i, name in enumerate("AB"[:ports])]
    servers = [{"kind": "simulator", "farm": farm}]
    return locust(
        folder, "--scenario", str(scenario(folder, servers=servers, targets=targets, phases=[phase]))
    )


STALL = {"name": "stall", "kind": "stall", "prompt_tokens": [400, 800], "runners": [1], "rounds": 3}


@pytest.mark.long
@pytest.mark.parametrize(
    ("each", "word"),
    [
        ({"decode_beside_prefill": 0}, "frozen"),
        ({"decode_beside_prefill": 0, "prefill_batch": 300}, "in-pieces"),
        ({"decode_beside_prefill": 0.4}, "slowed"),
        ({}, "hardly"),
        ({"slots": 1}, "queued"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_a_long_prompt_does_to_the_others(tmp_path: Path, each: dict[str, Any], word: str) -> None:
    done = run(tmp_path, STALL, **each)
    assert (done.code, done.report["stall"]["verdict"]) == (0, word), done.err
    assert done.report["answer"] in done.out.replace("\n", " ")


@pytest.mark.long
def test_a_port_of_its_own_for_long_prompts_helps(tmp_path: Path) -> None:
    phase = STALL | {"targets": ["A"], "newcomer": "B", "prompt_tokens": [600]}
    found = run(tmp_path, phase, ports=2, decode_beside_prefill=0).report["stall"]
    assert (found["verdict"], found["newcomer"]["verdict"]) == ("frozen", "costs-nothing")


TALK = {"name": "talk", "kind": "talk", "users": [2, 3], "first_words": 200, "order": ["in-turn"]}


@pytest.mark.long
@pytest.mark.parametrize(
    ("each", "phase", "word"),
    [
        ({"slots": 2}, {}, "kept"),
        ({"slots": 1}, {}, "lost"),
        ({"slots": 1, "host_cache": 6}, {}, "kept"),
        ({"slots": 2, "tell_cached": "none"}, {}, "kept"),
        ({"slots": 2}, {"users": [2], "system_words": 150}, "taken-over"),
    ],
    ids=["two slots", "one slot", "a host cache", "nothing told", "a common system message"],
)
def test_whether_conversations_stay_warm(
    tmp_path: Path, each: dict[str, Any], phase: dict[str, Any], word: str
) -> None:
    fast: dict[str, Any] = {"slot_choice": "similarity", "tpot_s": 0.002, "ttft_s": 0.02}
    found = run(tmp_path, TALK | phase, **fast | each).report["cache"]
    assert found["verdict"] == word
    if word == "kept" and "host_cache" not in each:
        assert (found["warm"], found["lost_at"]) == (2, 3)
