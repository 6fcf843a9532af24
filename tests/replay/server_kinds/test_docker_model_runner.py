"""Docker Model Runner speaks Ollama's interface too, and answers under the path of a file."""

from pathlib import Path

import pytest

from replay.checks.check import check
from replay.checks.find.discover import find
from replay.scenario.schema import Target
from tests.support.locusts import locust
from tests.support.serving import MockServer


def test_it_is_not_taken_for_ollama_at_any_of_its_addresses(mock: MockServer) -> None:
    [url] = mock("docker-model-runner", "--model", "ai/smol").urls
    for root in ("", "/v1", "/engines/v1", "/engines/llama.cpp/v1"):
        found = check(Target(name="A", base_url=url + root))
        assert (found.info.kind, found.info.model) == ("docker-model-runner", "docker.io/ai/smol:latest"), (
            root
        )
    assert find([int(url.rpartition(":")[2])])[0].kind == "docker-model-runner"


def test_its_users_type_the_short_name(mock: MockServer) -> None:
    [url] = mock("docker-model-runner", "--model", "ai/smol").urls
    found = check(Target(name="A", base_url=url, model="ai/smol"))
    assert found.info.model == "docker.io/ai/smol:latest"
    assert found.model is not None
    assert found.model.loaded is True


def test_an_older_version_is_asked_below_engines(mock: MockServer) -> None:
    [url] = mock("docker-model-runner", "--model", "ai/smol", "--quirk", "old").urls
    found = check(Target(name="A", base_url=url))
    assert found.endpoints[0].path == "/engines/v1/chat/completions"


def test_a_model_that_is_not_in_memory_is_loaded_by_the_first_answer(mock: MockServer) -> None:
    [url] = mock("docker-model-runner", "--model", "ai/smol", "--quirk", "jit").urls
    found = check(Target(name="A", base_url=url))
    assert "no model is in memory; the first answer loads" in found.server.notes[-1]


@pytest.mark.long
def test_it_is_measured_and_given_a_next_step_of_its_own(mock: MockServer, tmp_path: Path) -> None:
    [url] = mock("docker-model-runner", "--model", "ai/smol").urls
    run = locust(tmp_path, "--target", f"{url}=ai/smol", "--budget", "30")
    assert run.report["verdict"] == "serial", run.err
    assert any("docker model configure" in step for step in run.report["next_steps"])
