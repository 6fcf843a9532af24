"""Kinds that speak others' interfaces are known for what they are, measured, given their own next step."""

from pathlib import Path
from typing import Any

import pytest

from analysis.advice.next_steps import next_steps
from analysis.errors import TargetError
from replay.checks.check import check
from replay.checks.find.discover import find
from replay.checks.hazards import Checked
from replay.scenario.schema import Target
from replay.server_kinds import SERVER_KINDS
from tests.support.locusts import locust, phase, scenario
from tests.support.serving import MockServer

RAISES_SLOTS = {  # by the setting's own name
    "docker-model-runner": "docker model configure --context-size 16384 MODEL -- --parallel 4",
    "localai": "LLAMACPP_PARALLEL=4",
    "koboldcpp": "--parallelrequests 4",
    "text-generation-webui": "--parallel 4 --ctx-size 32768",
    "llama-cpp-python": "has no parallel decoding",
    "lemonade": 'llamacpp.args="-np 4"',
    "transformers": "--continuous-batching",
    "sglang": "--max-running-requests 8",
    "tabbyapi": "max_batch_size: 8",
    "open-webui": "Look behind Open WebUI",
}


def visit(url: str, **keys: Any) -> Checked:
    return check(Target.model_validate({"name": "A", "base_url": url} | keys))


@pytest.mark.parametrize("kind", RAISES_SLOTS)
def test_each_is_found_without_being_named(mock: MockServer, kind: str) -> None:
    [url] = mock(kind).urls
    [found] = find([int(url.rpartition(":")[2])])
    assert (found.kind, len(found.models), found.remark) == (kind, 1, "")


@pytest.mark.long
def test_each_is_measured_and_given_its_own_next_step(mock: MockServer, tmp_path: Path) -> None:
    targets = [{"name": kind, "base_url": mock(kind).urls[0]} for kind in RAISES_SLOTS]
    phases = [phase(kind, 2, targets=[kind]) for kind in RAISES_SLOTS]
    path = scenario(tmp_path, targets=targets, phases=phases, request={"max_tokens": 12})
    run = locust(tmp_path, "--scenario", str(path), "--budget", "0")
    asked = {t["name"]: t["kind"] for t in run.manifest["targets"]}
    assert asked == {kind: kind for kind in RAISES_SLOTS}, run.err
    for kind in RAISES_SLOTS:
        figures = run.phase(kind)
        assert (figures["failed"], figures["requests"]) == (0, 2 * figures["rounds"]), kind
        assert figures["verdict"] in ("serial", "inconclusive"), kind  # short answers, and a busy machine


@pytest.mark.parametrize(("kind", "setting"), RAISES_SLOTS.items())
def test_the_first_step_after_serial_names_the_setting(kind: str, setting: str) -> None:
    assert setting in next_steps("serial", [kind])[0]


def test_open_webui_without_its_token_is_named_and_told_where_to_look(
    mock: MockServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    [url] = mock("open-webui", "--key", "sesame").urls
    with pytest.raises(TargetError, match="Open WebUI wants a token"):
        visit(url)
    [found] = find([int(url.rpartition(":")[2])])
    assert (found.kind, "wants a token" in found.remark) == ("open-webui", True)
    monkeypatch.setenv("WEBUI_KEY", "sesame")
    for root, path in (("", "/api/chat/completions"), ("/api", "/chat/completions")):
        checked = visit(url + root, api_key_env="WEBUI_KEY")
        assert (checked.info.kind, checked.endpoints[0].path) == ("open-webui", path)
        assert "a front end" in checked.server.notes[0]


def test_lemonade_shows_its_slots_and_an_older_one_is_asked_below_api(mock: MockServer) -> None:
    [url] = mock("lemonade", "--slots", "3").urls
    assert visit(url).info.slots == 3
    [url] = mock("lemonade", "--quirk", "old").urls
    assert visit(url).endpoints[0].path == "/api/v1/chat/completions"


def test_sglang_shows_its_batch_and_never_its_key(mock: MockServer) -> None:
    for options in ((), ("--quirk", "old")):
        [url] = mock("sglang", "--slots", "5", *options).urls
        checked = visit(url)
        assert checked.info.slots == 5
        assert "never-shown" not in repr(checked)


def test_sglang_is_never_asked_for_its_health_which_writes_a_token() -> None:
    before = list(SERVER_KINDS)[: list(SERVER_KINDS).index("sglang")]
    assert not {"litellm", "transformers", "mlx"} & set(before)


def test_the_loaded_model_of_text_generation_webui_answers_whatever_its_list_says(mock: MockServer) -> None:
    [url] = mock("text-generation-webui", "--model", "mine").urls
    assert visit(url).info.model == "mine"
    [url] = mock("text-generation-webui", "--quirk", "jit").urls
    with pytest.raises(TargetError, match="it has no model loaded; load one in its page"):
        visit(url)


def test_what_localai_and_tabbyapi_have_in_memory_is_asked_for(mock: MockServer) -> None:
    many = ("--model", "a", "--model", "b", "--quirk", "evict")
    for kind in ("localai", "tabbyapi"):
        [url] = mock(kind, *many).urls
        assert visit(url).info.model == "a", kind
