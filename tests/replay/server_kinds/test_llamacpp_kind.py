"""A real llama.cpp server as the replay sees it: slots, loading, busy, a wrong model, a full context."""

import time
from collections.abc import Iterator

import gevent
import pytest

from analysis.errors import TargetError
from replay.checks.check import check
from replay.client.connection import Connection
from replay.client.request import Request
from replay.client.response import Response
from replay.scenario.schema import Target
from replay.server_kinds import Ask
from servers.ports import free_ports
from tests.support.serving import Servers, get, servers, spawn

pytestmark = pytest.mark.engine
CONTEXT, TOKENS = 256, 24


@pytest.fixture(scope="module")
def two() -> Iterator[Servers]:
    """One server with one slot, one with four."""
    words = ("--port", "0", "--port", "0", "--slots", "1", "--slots", "4", "--ctx", str(CONTEXT))
    with servers("llamacpp", *words, "--oversubscribe") as running:
        yield running


def ask(
    url: str, tokens: int = TOKENS, words: str = "tell me of the sea", model: str | None = None
) -> Response:
    endpoint = check(Target(name="A", base_url=url)).endpoints[0]
    connection = Connection()
    connection.prepare(
        Request(url, endpoint.body(Ask(words, model, tokens, 0.0)), 60.0, endpoint.path, endpoint.reader)
    )
    try:
        return connection.ask()
    finally:
        connection.close()


def together(url: str, users: int) -> list[Response]:
    asked = [gevent.spawn(ask, url, words=f"[{i}] tell me of the sea") for i in range(users)]
    gevent.joinall(asked)
    return sorted((one.get() for one in asked), key=lambda a: a.first_token_s or 0.0)


def test_it_is_known_with_its_slots_and_the_context_of_each(two: Servers) -> None:
    for line, slots in zip(two.lines, (1, 4), strict=True):
        found = check(Target(name="A", base_url=line["base_url"]))
        assert found.model is not None
        assert (found.info.kind, found.info.slots, found.model.context) == ("llamacpp", slots, CONTEXT)
        assert found.model.loaded
        assert found.info.pid in (line["pid"], None)
        assert "build_info" in found.info.server


def test_one_slot_answers_one_after_the_other(two: Servers) -> None:
    first, second = together(two.urls[0], 2)
    assert (first.error, second.error) == (None, None)
    assert first.last_token_s is not None
    assert second.first_token_s is not None
    assert second.first_token_s > first.last_token_s
    assert first.output_tokens == second.output_tokens == TOKENS, "ignore_eos holds the length"
    assert first.server_decode_s is not None
    assert second.cached_tokens is not None
    assert second.cached_tokens <= 4, "cache_prompt: false"


def test_four_slots_answer_together(two: Servers) -> None:
    answers = together(two.urls[1], 4)
    assert [a.error for a in answers] == [None] * 4
    assert max(a.first_token_s or 0.0 for a in answers) < min(a.last_token_s or 0.0 for a in answers)


def test_a_busy_slot_is_seen_while_it_is_busy(two: Servers) -> None:
    asked = gevent.spawn(ask, two.urls[0], 120)
    busy = False
    while not asked.ready() and not busy:
        gevent.sleep(0.02)
        busy = any(slot["is_processing"] for slot in get(two.urls[0], "/slots")[1])
    asked.join()
    assert busy


def test_a_name_that_is_not_listed_is_asked_for_with_a_note(two: Servers) -> None:
    found = check(Target(name="A", base_url=two.urls[0], model="no-such"))
    assert found.info.model == "no-such"
    assert "(SmolLM2-135M-Instruct)" in found.server.notes[-1]


def test_a_prompt_that_exceeds_the_context_is_a_failure_in_the_servers_words(two: Servers) -> None:
    answer = ask(two.urls[0], words="sea " * 400)
    assert answer.http_status == 400
    assert "context" in (answer.error or "")
    assert answer.first_token_s is None


def test_an_answer_that_fills_the_context_is_cut_and_says_so(two: Servers) -> None:
    answer = ask(two.urls[0], tokens=2 * CONTEXT)
    assert answer.output_tokens is not None
    assert answer.output_tokens < 2 * CONTEXT, (answer.finish_reason, answer.error)
    assert answer.error is not None or answer.finish_reason == "length"


def test_a_server_that_still_loads_is_waited_for() -> None:
    [port] = free_ports("127.0.0.1", [0])
    url = f"http://127.0.0.1:{port}"
    process = spawn("llamacpp", "--port", str(port))
    try:
        deadline_s = time.monotonic() + 30
        while time.monotonic() < deadline_s:
            try:
                found = check(Target(name="A", base_url=url))  # as soon as it accepts connections
                break
            except TargetError as error:
                assert "connection refused" in str(error), "nothing else may be said of it"
        assert (found.info.kind, found.info.slots) == ("llamacpp", 1)
    finally:
        with process:
            process.terminate()
