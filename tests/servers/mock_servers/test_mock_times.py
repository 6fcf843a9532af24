"""What mock servers do in time: loads, slots shared, batches. Judges milliseconds, so it runs alone."""

import time

import pytest

from tests.support.serving import MockServer, chat, get, lines, raw, stream, together

pytestmark = pytest.mark.alone

MESSAGES = [{"role": "user", "content": "one two three"}]


def test_a_model_that_is_evicted_is_loaded_at_each_turn(mock: MockServer) -> None:
    [url] = mock("lmstudio", "--model", "a", "--model", "b", "--quirk", "evict", "--load-s", "0.1").urls
    for model, loads in (("a", False), ("b", True), ("a", True), ("a", False)):
        began = time.monotonic()
        chat(url, model=model, max_tokens=2)
        assert (time.monotonic() - began > 0.1) == loads


def test_ollama_streams_lines_with_durations_that_show_the_wait(mock: MockServer) -> None:
    [url] = mock("ollama").urls
    assert raw(url, "/")[2] == b"Ollama is running"
    assert set(get(url, "/api/version")[1]) == {"version"}
    ask = {"model": "mock-model", "messages": MESSAGES, "options": {"num_predict": 4}}
    status, headers, body = raw(url, "/api/chat", "POST", **ask)
    told = lines(body)
    assert (status, headers["Content-Type"], len(told)) == (200, "application/x-ndjson", 5)
    end = told[-1]
    assert (end["done"], end["done_reason"], end["eval_count"], end["prompt_eval_count"]) == (
        True,
        "length",
        4,
        7,
    )
    assert end["prompt_eval_duration"] == pytest.approx(0.03e9, rel=0.2)
    assert end["eval_duration"] == pytest.approx(3 * 0.003e9, rel=0.3)
    assert get(url, "/api/ps")[1]["models"][0]["context_length"] == 4096


def test_llama_server_shows_how_many_slots_shared_each_decode_since_it_started(
    mock: MockServer,
) -> None:
    """The mean of its whole life: what happened between two looks is the difference of its products."""
    [url] = mock("llamacpp", "--slots", "4", "--tpot-s", "0.021").urls

    def told() -> tuple[float, float]:
        values = dict(
            line.split() for line in raw(url, "/metrics")[2].decode().splitlines() if line[0] != "#"
        )
        steps = float(values["llamacpp:n_decode_total"])
        return steps, steps * float(values["llamacpp:n_busy_slots_per_decode"])

    stream(url, max_tokens=20)
    alone = told()
    together([url] * 4, max_tokens=20)
    both = told()
    assert alone[1] / alone[0] == pytest.approx(1.0, abs=0.1)
    assert (both[1] - alone[1]) / (both[0] - alone[0]) > 3


def test_a_full_context_breaks_all_requests_at_once(mock: MockServer) -> None:
    [url] = mock("llamacpp", "--slots", "4", "--context", "60", "--quirk", "unified").urls
    assert stream(url, max_tokens=40).events[-1][1] == "[DONE]"
    _, streams = together([url] * 4, max_tokens=40)
    assert ["error" in s.events[-1][1] for s in streams] == [True] * 4


def test_mlx_runs_a_request_with_a_seed_alone(mock: MockServer) -> None:
    [url] = mock("mlx", "--slots", "8", "--tpot-s", "0.01").urls
    batched_s, _ = together([url] * 3, model="mock-model", max_tokens=11)
    alone_s, _ = together([url] * 3, model="mock-model", max_tokens=11, seed=7)
    assert batched_s < 0.25
    assert alone_s > 0.34
