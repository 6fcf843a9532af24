"""The mock servers answer as the programs they imitate, to the letter of their documentation."""

import http.client
import json
import select
from contextlib import closing
from typing import Any

import pytest

from tests.support.serving import MockServer, chat, get, lines, raw, refused, stream, together


def events(body: bytes) -> list[tuple[str, dict[str, Any]]]:
    """(name, data) of named server-sent events."""
    pairs = [block.split("\n") for block in body.decode().strip().split("\n\n")]
    return [(e.removeprefix("event: "), json.loads(d.removeprefix("data: "))) for e, d in pairs]


MESSAGES = [{"role": "user", "content": "one two three"}]


def test_lm_studio_says_200_to_paths_it_does_not_know(mock: MockServer) -> None:
    [url] = mock("lmstudio").urls
    for path in ("/props", "/api/version", "/chat/completions"):
        assert get(url, path) == (200, {"error": f"Unexpected endpoint or method. (GET {path})"})
    assert get(url, "/lmstudio-greeting") == (200, {"lmstudio": True})


def test_lm_studio_shows_slots_per_loaded_instance_and_the_state_of_each_model(
    mock: MockServer,
) -> None:
    [url] = mock("lmstudio", "--model", "a", "--model", "b", "--slots", "4", "--quirk", "evict").urls
    assert [(m["id"], m["state"]) for m in get(url, "/api/v0/models")[1]["data"]] == [
        ("a", "loaded"),
        ("b", "not-loaded"),
    ]
    loaded = {m["key"]: m["loaded_instances"] for m in get(url, "/api/v1/models")[1]["models"]}
    assert loaded["a"][0]["config"]["parallel"] == 4
    assert loaded["b"] == []
    assert [m["id"] for m in get(url, "/v1/models")[1]["data"]] == ["a", "b"], "downloaded is listed too"


def test_lm_studio_answers_a_wrong_name_with_the_only_loaded_model(mock: MockServer) -> None:
    [url] = mock("lmstudio", "--model", "a").urls
    status, body = chat(url, model="no-such", max_tokens=2)
    assert (status, body["model"]) == (200, "a")
    [url] = mock("lmstudio", "--model", "a", "--model", "b").urls
    status, body = chat(url, model="no-such", max_tokens=2)
    assert (status, body["error"]["code"]) == (404, "model_not_found")


def test_lm_studios_own_stream_shows_loading_and_prompt_processing(mock: MockServer) -> None:
    [url] = mock("lmstudio", "--model", "a", "--quirk", "jit", "--load-s", "0.05").urls
    ask = {"model": "a", "input": "one two", "max_output_tokens": 3, "stream": True}
    told = events(raw(url, "/api/v1/chat", "POST", **ask)[2])
    assert [name for name, _ in told] == [
        "chat.start",
        *("model_load.start", "model_load.progress", "model_load.end"),
        *("prompt_processing.start", "prompt_processing.progress", "prompt_processing.end"),
        *("message.start", "message.delta", "message.delta", "message.delta", "message.end"),
        "chat.end",
    ]
    assert told[-1][1]["result"]["stats"]["total_output_tokens"] == 3
    again = events(raw(url, "/api/v1/chat", "POST", **ask)[2])
    assert "model_load.start" not in dict(again)


def test_lm_studios_own_stream_ends_with_what_there_is_even_after_an_error(mock: MockServer) -> None:
    [url] = mock("lmstudio", "--quirk", "error-midstream", "--quirk", "reasoning").urls
    ask = {"model": "mock-model", "input": "one two", "max_output_tokens": 8, "stream": True}
    told = events(raw(url, "/api/v1/chat", "POST", **ask)[2])
    assert [name for name, _ in told][-3:] == ["reasoning.delta", "error", "chat.end"]
    assert told[-2][1]["error"] == {"type": "internal_error", "message": "the model has crashed"}
    stats = told[-1][1]["result"]["stats"]
    assert (stats["total_output_tokens"], stats["reasoning_output_tokens"]) == (4, 4)


@pytest.mark.parametrize("kind", ["lmstudio", "vllm", "openai", "llamacpp", "litellm"])
def test_a_key_is_wanted_and_taken(mock: MockServer, kind: str) -> None:
    [url] = mock(kind, "--key", "sesame").urls
    assert chat(url, model="mock-model")[0] == 401


def test_ollama_refuses_in_its_own_words(mock: MockServer) -> None:
    [url] = mock("ollama", "--queue", "1", "--quirk", "error-midstream", "--tpot-s", "0.05").urls
    ask = {"model": "mock-model", "messages": MESSAGES, "options": {"num_predict": 10}}
    status, _, body = raw(url, "/api/chat", "POST", **ask)
    assert (status, lines(body)[-1]) == (200, {"error": "the model has crashed"})
    _, streams = together([url, url], model="mock-model", max_tokens=3)
    assert sorted(len(s.events) for s in streams)[0] == 0
    status, _, body = raw(url, "/api/chat", "POST", **(ask | {"model": "x"}))
    assert (status, json.loads(body)["error"]) == (404, "model 'x' not found")


def test_llama_server_shows_its_slots_while_they_are_busy(mock: MockServer) -> None:
    [url] = mock("llamacpp", "--slots", "2", "--tpot-s", "0.02").urls
    assert get(url, "/props")[1]["total_slots"] == 2
    assert [s["is_processing"] for s in get(url, "/slots")[1]] == [False, False]
    last = [e for _, e in stream(url, max_tokens=3).events if e != "[DONE]"][-1]
    assert last["timings"]["predicted_n"] == 3
    assert b"llamacpp:tokens_predicted_total 3\n" in raw(url, "/metrics")[2]


def test_llama_server_is_not_ready_while_it_loads_but_for_an_older_ones_list(mock: MockServer) -> None:
    for words, path, status in (((), "/v1/models", 503), (("--quirk", "old"), "/v1/models", 200)):
        [url] = mock("llamacpp", "--quirk", "loading", *words).urls
        assert get(url, "/health")[1]["error"]["message"] == "Loading model"
        assert get(url, path)[0] == status


def test_an_older_llama_server_refuses_in_a_field_of_the_stream_under_status_200(mock: MockServer) -> None:
    [url] = mock("llamacpp", "--quirk", "old", "--context", "4").urls
    status, _, body = raw(url, "/v1/chat/completions", "POST", messages=MESSAGES, stream=True)
    field, done = body.decode().strip().split("\n\n")
    assert (status, done) == (200, "data: [DONE]")
    assert "exceeds the available context size" in json.loads(field.removeprefix("error: "))["message"]


def test_llama_swap_sends_messages_about_loading_that_are_no_part_of_a_completion(mock: MockServer) -> None:
    [url] = mock("llama-swap", "--quirk", "says-loading", "--quirk", "jit", "--load-s", "0.8").urls
    told = [e for _, e in stream(url, model="mock-model", max_tokens=2).events if e != "[DONE]"]
    before = [e for e in told if "id" not in e]
    assert len(before) >= 6 and told[: len(before)] == before
    assert all(list(e["choices"][0]["delta"]) == ["reasoning_content"] for e in before)
    again = stream(url, model="mock-model", max_tokens=2).events
    assert all("id" in e for _, e in again if e != "[DONE]"), "it is loaded now"


def test_lm_studio_sends_the_headers_at_once_and_the_body_in_its_turn(mock: MockServer) -> None:
    [url] = mock("lmstudio", "--ttft-s", "0.4").urls
    with closing(http.client.HTTPConnection(url.removeprefix("http://"), timeout=10)) as connection:
        connection.request("POST", "/v1/chat/completions", json.dumps({"messages": MESSAGES, "stream": True}))
        with connection.getresponse() as reply:
            assert reply.status == 200
            assert select.select([connection.sock], [], [], 0.1)[0] == [], "no byte of the body yet"
            assert reply.readline().startswith(b"data: ")


def test_mlx_speaks_http_1_0_closes_and_says_how_far_it_has_read(mock: MockServer) -> None:
    [url] = mock("mlx").urls
    with closing(http.client.HTTPConnection(url.removeprefix("http://"), timeout=10)) as connection:
        connection.request(
            "POST",
            "/v1/chat/completions",
            json.dumps({"messages": MESSAGES, "stream": True, "model": "mock-model"}),
        )
        with connection.getresponse() as reply:
            assert (reply.version, reply.will_close) == (10, True)
            body = reply.read().decode()
    assert body.startswith(": keepalive ") and "chunked" not in body


def test_an_ollama_without_models_lists_none_in_each_of_its_ways(mock: MockServer) -> None:
    [url] = mock("ollama", "--quirk", "empty").urls
    assert get(url, "/api/tags")[1] == {"models": []}
    assert get(url, "/v1/models")[1]["data"] is None
    assert chat(url, model="mock-model")[0] == 404


def test_the_router_loads_models_on_demand(mock: MockServer) -> None:
    [url] = mock("llamacpp", "--quirk", "router", "--model", "a", "--model", "b").urls
    states = lambda: [m["status"]["value"] for m in get(url, "/models")[1]["data"]]  # noqa: E731
    assert (get(url, "/props")[1]["role"], states()) == ("router", ["unloaded", "unloaded"])
    chat(url, model="b", max_tokens=2)
    assert states() == ["unloaded", "loaded"]


def test_vllm_counts_who_runs_and_who_waits(mock: MockServer) -> None:
    [url] = mock("vllm").urls
    assert raw(url, "/health")[::2] == (200, b"")
    assert get(url, "/v1/models")[1]["data"][0]["max_model_len"] == 4096
    assert b'vllm:num_requests_running{engine="0",model_name="mock-model"} 0.0\n' in raw(url, "/metrics")[2]


def test_llama_swap_names_itself_in_each_of_its_errors_and_shows_what_runs(mock: MockServer) -> None:
    [url] = mock("llama-swap", "--model", "a", "--model", "b", "--quirk", "evict").urls
    status, body = chat(url, model="no-such")
    assert (status, body["src"], body["error"]["code"]) == (404, "llama-swap", "not_found")
    assert get(url, "/props")[0] == 400, "without a model; with one it would load it"
    [running] = get(url, "/running")[1]["running"]
    assert (running["model"], running["state"]) == ("a", "ready")
    assert [m["status"]["value"] for m in get(url, "/v1/models")[1]["data"]] == ["loaded", "unloaded"]


def test_a_newer_litellm_shows_its_version_to_those_with_a_key_only(mock: MockServer) -> None:
    [url] = mock("litellm", "--key", "sesame").urls
    assert get(url, "/health/liveliness") == (200, "I'm alive!")
    assert get(url, "/health/readiness") == (200, {"status": "healthy", "db": "Not connected"})
    assert get(url, "/health/readiness/details")[0] == 401
    [url] = mock("litellm", "--quirk", "old").urls
    assert "litellm_version" in get(url, "/health/readiness")[1]


def test_the_fronts_refuse_with_429_in_their_own_words(mock: MockServer) -> None:
    for kind, words in (("llama-swap", "Too many requests"), ("litellm", "Max parallel request limit")):
        [url] = mock(kind, "--queue", "1", "--tpot-s", "0.05").urls
        _, streams = together([url, url], model="mock-model", max_tokens=8)
        assert sorted(len(s.events) > 0 for s in streams) == [False, True], words


def test_a_strict_server_refuses_what_openai_did_not_have_at_first(mock: MockServer) -> None:
    [url] = mock("openai", "--quirk", "strict").urls
    status, body = chat(url, model="mock-model", stream_options={"include_usage": True})
    assert (status, body["error"]["message"]) == (
        400,
        "Unrecognized request argument supplied: stream_options",
    )
    assert chat(url, model="mock-model", max_tokens=2)[0] == 200


@pytest.mark.parametrize(("kind", "key"), [("lmstudio", "reasoning_content"), ("mlx", "reasoning")])
def test_reasoning_has_a_field_of_its_own(mock: MockServer, kind: str, key: str) -> None:
    [url] = mock(kind, "--quirk", "reasoning").urls
    deltas = stream(url, model="mock-model", max_tokens=4).deltas
    assert sum(key in d for d in deltas) == 2


def test_one_program_may_stand_behind_two_ports(mock: MockServer) -> None:
    two = mock("llamacpp", "--port", "0", "--port", "0", "--same-program", "--tpot-s", "0.02")
    wall_s, _ = together(two.urls, max_tokens=6)
    assert wall_s > 0.25, "one slot for both"


def test_a_wrong_option_is_refused_in_one_line() -> None:
    code, words = refused("mock", "--kind", "ollama", "--slots", "0")
    assert (code, words) == (2, "--slots 0: must be more than 0\n")
    code, words = refused("mock", "--kind", "mlx", "--kind", "vllm", "--port", "0")
    assert (code, words) == (2, "--kind is given 2 times for 1 ports; give one, or one each\n")
