"""Every kind's embeddings against its mock server; a model that cannot chat is not refused."""

import os
from typing import Any

import pytest

from replay.checks.check import check
from replay.checks.hazards import Checked, hazards_of
from replay.client.connection import Connection
from replay.client.request import Request
from replay.client.response import Response
from replay.scenario.schema import RequestSettings, Target
from replay.server_kinds import SERVER_KINDS, Ask, Endpoint
from tests.support.serving import MockServer

TEXTS = ("one", "two", "three")
EMBEDDINGS = RequestSettings(embeddings=len(TEXTS))


def visit(url: str, request: RequestSettings = EMBEDDINGS, **keys: Any) -> Checked:
    target = Target.model_validate({"name": "A", "base_url": url} | keys)
    return check(target, request, os.environ)


def ask(url: str, endpoint: Endpoint, model: str | None = "mock-model") -> Response:
    connection = Connection()
    body = endpoint.body(Ask("", model, 0, 0.0, texts=TEXTS))
    connection.prepare(Request(url, body, 10.0, endpoint.path, endpoint.reader, texts=len(TEXTS)))
    try:
        return connection.ask()
    finally:
        connection.close()


@pytest.mark.parametrize("kind", SERVER_KINDS)
def test_every_kind_has_an_endpoint_that_brings_a_vector_for_each_text(mock: MockServer, kind: str) -> None:
    [url] = mock(kind).urls
    answers = {e.path: ask(url, e) for e in visit(url).endpoints}
    good = {path for path, answer in answers.items() if answer.error is None}
    assert good and {answers[path].vectors for path in good} == {len(TEXTS)}
    assert all(answers[path].http_status in (200, 404, 405) for path in answers)


@pytest.mark.parametrize("kind", ["ollama", "lmstudio", "llamacpp", "openai"])
def test_a_model_that_cannot_chat_is_asked_for_vectors(mock: MockServer, kind: str) -> None:
    [url] = mock(kind, "--quirk", "embeddings").urls
    found = visit(url)
    assert found.info.model == "mock-model"
    assert ask(url, found.endpoints[0]).error is None


@pytest.mark.parametrize("kind", ["ollama", "lmstudio"])
def test_who_asks_for_chats_is_offered_no_model_that_only_makes_vectors(mock: MockServer, kind: str) -> None:
    [url] = mock(kind, "--quirk", "embeddings").urls
    assert visit(url, RequestSettings()).info.model is None
    assert visit(url, RequestSettings(), model="mock-model").info.model == "mock-model"  # named: asked for


def test_extra_fields_go_to_openais_interface_only(mock: MockServer) -> None:
    [url] = mock("ollama").urls
    request = RequestSettings(embeddings=3, extra={"dimensions": 2})
    [endpoint] = visit(url, request).endpoints
    assert endpoint.path == "/v1/embeddings"
    assert endpoint.body(Ask("", "m", 0, 0.0, request.extra, texts=TEXTS)) == {
        "model": "m",
        "input": list(TEXTS),
        "dimensions": 2,
    }


def test_slots_are_no_hazard_where_one_request_may_fill_them_all(mock: MockServer) -> None:
    [url] = mock("llamacpp", "--slots", "2").urls
    found = visit(url)
    target = Target(name="A", base_url=url)
    assert hazards_of([found], [target], [], EMBEDDINGS) == []
