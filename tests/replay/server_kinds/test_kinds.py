"""Each kind is recognised by asking, and reads the answers of its mock server as the program means them."""

import ast
import json
import os
from dataclasses import MISSING, fields
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.advice import next_steps
from analysis.errors import TargetError
from replay.checks.check import check
from replay.checks.hazards import Checked
from replay.client.connection import Connection
from replay.client.request import Request
from replay.client.response import Response
from replay.scenario.schema import RequestSettings, Target
from replay.server_kinds import READERS, SERVER_KINDS, Ask, Endpoint, GetReply
from replay.server_kinds.apps import lmstudio, ollama
from replay.server_kinds.engines import llamacpp, vllm
from replay.server_kinds.kind import ServerKind
from servers import mock_servers
from tests.support.checkout import CHECKOUT
from tests.support.serving import MockServer

TTFT_S, TPOT_S, TOKENS = 0.03, 0.003, 8  # of tests.conftest
ALIASES = {  # under which a kind answers, as the real one does
    "docker-model-runner": ("/models/bundles/sha256/33ce9e7c/model/model.gguf",),
    "transformers": ("mock-model@main",),
    "llama-swap": ("/models/mock-model.gguf",),
    "koboldcpp": ("koboldcpp/mock-model",),
}


def visit(url: str, request: RequestSettings | None = None, **keys: Any) -> Checked:
    return check(Target.model_validate({"name": "A", "base_url": url} | keys), request, os.environ)


def ask(url: str, endpoint: Endpoint, model: str | None = "mock-model") -> Response:
    connection = Connection()
    body = endpoint.body(Ask("tell me of the sea", model, TOKENS, 0.0))
    connection.prepare(Request(url, body, 10.0, endpoint.path, endpoint.reader))
    try:
        return connection.ask()
    finally:
        connection.close()


@pytest.mark.parametrize("kind", SERVER_KINDS)
def test_every_kind_is_recognised_by_asking(mock: MockServer, kind: str) -> None:
    [url] = mock(kind).urls
    assert visit(url).info.kind == kind
    assert visit(url + "/v1/").info.kind == kind, "with /v1 as well"


@pytest.mark.parametrize("kind", SERVER_KINDS)
def test_every_endpoint_of_every_kind_brings_a_whole_answer(mock: MockServer, kind: str) -> None:
    [url] = mock(kind).urls
    for endpoint in visit(url).endpoints:
        answer = ask(url, endpoint)
        assert (answer.error, answer.chunks) == (None, TOKENS), endpoint.path
        assert answer.finish_reason in ("length", "stop")
        assert answer.answered_model in ("mock-model", *ALIASES.get(kind, ()))


@pytest.mark.alone  # judges milliseconds
@pytest.mark.parametrize("kind", ["lmstudio", "ollama", "llamacpp", "llama-swap"])
def test_the_first_endpoint_shows_the_servers_own_times(mock: MockServer, kind: str) -> None:
    [url] = mock(kind).urls
    answer = ask(url, visit(url).endpoints[0])
    assert answer.server_prefill_s == pytest.approx(TTFT_S, abs=0.015)
    assert answer.output_tokens == TOKENS
    if kind != "lmstudio":  # which does not tell how long it decoded
        assert answer.server_decode_s == pytest.approx((TOKENS - 1) * TPOT_S, abs=0.015)


@pytest.mark.alone  # judges milliseconds
@pytest.mark.parametrize("kind", ["lmstudio", "ollama"])
def test_the_wait_for_a_slot_is_kept_apart_from_the_work(mock: MockServer, kind: str) -> None:
    import gevent

    [url] = mock(kind).urls
    endpoint = visit(url).endpoints[0]
    both = [gevent.spawn(ask, url, endpoint) for _ in range(2)]
    gevent.joinall(both)
    waits = sorted(one.get().server_queue_s for one in both)
    assert waits[0] < 0.02
    assert waits[1] == pytest.approx(TTFT_S + (TOKENS - 1) * TPOT_S, abs=0.025)


@pytest.mark.alone  # judges a load time
def test_a_load_that_hid_in_the_first_answer_is_reported(mock: MockServer) -> None:
    for kind in ("lmstudio", "ollama"):
        [url] = mock(kind, "--quirk", "jit", "--load-s", "0.2").urls
        found = visit(url, model="mock-model")
        assert found.model is not None
        assert found.model.loaded is False
        answers = [ask(url, found.endpoints[0]) for _ in range(2)]
        loads = [a.server_load_s for a in answers]
        assert max(a.server_queue_s or 0.0 for a in answers) < 0.1, "a load is no wait for a slot"
        assert loads[0] == pytest.approx(0.2, abs=0.05)
        assert not loads[1] or loads[1] < 0.01
        again = visit(url).model
        assert again is not None
        assert again.loaded is True


def test_slots_and_context_are_those_of_the_program(mock: MockServer) -> None:
    for kind, slots, context in (
        ("lmstudio", 4, 4096),
        ("llamacpp", 4, 4096),
        ("ollama", None, 4096),
        ("vllm", None, 4096),
        ("mlx", None, None),
        ("openai", None, None),
    ):
        found = visit(mock(kind, "--slots", "4").urls[0])
        assert found.model is not None
        assert (found.info.slots, found.model.context) == (slots, context), kind


def test_a_request_shows_whichever_engine_of_a_vllm_has_answered_it() -> None:
    def trace(*tokens: int) -> str | None:
        lines = [f'vllm:generation_tokens_total{{engine="{i}"}} {n}.0' for i, n in enumerate(tokens)]
        return vllm.request_counter(lambda _: GetReply(200, {}, "\n".join(["# HELP vllm:x", *lines])))

    assert trace(5, 7) not in (trace(5, 8), trace(6, 7), None)
    assert trace() is None


def test_an_old_lm_studio_is_asked_by_its_old_ways(mock: MockServer) -> None:
    [url] = mock("lmstudio", "--quirk", "old").urls
    found = visit(url)
    assert (found.info.kind, found.info.slots) == ("lmstudio", None)
    assert [w.path for w in found.endpoints] == ["/v1/chat/completions"] * 2


def test_litellm_is_known_whether_or_not_it_shows_its_version(
    mock: MockServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Newer ones keep it for those with a key: by the version alone they would pass for a plain server."""
    for options, version in (((), "1.80.0"), (("--quirk", "old"), "1.80.0")):
        found = visit(mock("litellm", *options).urls[0])
        assert (found.info.kind, found.info.server.get("version")) == ("litellm", version)
        assert "its own limits and routing are measured too" in found.server.notes[0]
    [url] = mock("litellm", "--key", "sesame").urls
    with pytest.raises(TargetError, match="a key is needed"):
        visit(url)
    monkeypatch.setenv("PROXY_KEY", "sesame")
    assert visit(url, api_key_env="PROXY_KEY").info.kind == "litellm"


def test_a_router_says_which_of_its_models_are_loaded(mock: MockServer) -> None:
    [url] = mock("llamacpp", "--quirk", "router", "--model", "a", "--model", "b", "--load-s", "0.1").urls
    with pytest.raises(TargetError, match="no model is loaded; load one, or name one of: a, b"):
        visit(url)
    found = visit(url, model="b")
    assert (found.info.kind, found.info.server["role"]) == ("llamacpp", "router")
    with pytest.raises(TargetError, match="no model is loaded"):
        visit(url)  # the questions have loaded none
    assert ask(url, found.endpoints[0], "b").error is None
    again = visit(url)
    assert (again.info.model, again.info.slots) == ("b", 1)
    assert again.model is not None
    assert again.model.context == 4096


def test_what_may_push_out_or_wake_a_model_is_reported(mock: MockServer) -> None:
    many = [w for m in "abcde" for w in ("--model", m)]
    [url] = mock("llamacpp", "--quirk", "router", *many).urls
    assert "beyond --models-max (4) push each other out" in visit(url, model="a").server.notes[0]
    assert "refuses more than `concurrencyLimit`" in visit(mock("llama-swap").urls[0]).server.notes[0]
    asleep = {"default_generation_settings": {}, "is_sleeping": True}
    told = {"/props": asleep, "/v1/models": {"data": [{"id": "m"}]}}
    server = llamacpp.identify(lambda path: GetReply(200, {}, json.dumps(told[path])))
    assert server is not None
    assert "its first answer loads the model" in server.notes[0]


def test_reasoning_counts_as_tokens_whatever_it_is_called(mock: MockServer) -> None:
    for kind in ("lmstudio", "ollama", "mlx"):
        [url] = mock(kind, "--quirk", "reasoning").urls
        for endpoint in visit(url).endpoints:
            assert ask(url, endpoint).chunks == TOKENS, (kind, endpoint.path)


def test_an_error_in_the_middle_of_a_stream_is_an_error_of_every_kind(mock: MockServer) -> None:
    for kind in SERVER_KINDS:
        [url] = mock(kind, "--quirk", "error-midstream").urls
        for endpoint in visit(url).endpoints[:2]:
            answer = ask(url, endpoint)
            assert (answer.http_status, answer.error, answer.chunks) == (200, "the model has crashed", 3), (
                kind
            )


def test_the_scenario_may_say_what_a_server_is(mock: MockServer) -> None:
    [url] = mock("ollama").urls
    found = visit(url, kind="openai")
    assert (found.info.kind, found.endpoints[0].path) == ("openai", "/v1/chat/completions")
    with pytest.raises(TargetError, match="does not answer as vllm does; correct `kind`"):
        visit(url, kind="vllm")


def test_fields_of_the_scenario_are_sent_the_way_they_are_written_for(mock: MockServer) -> None:
    [url] = mock("ollama").urls
    found = visit(url, RequestSettings(extra={"top_p": 0.9}))
    assert {w.reader for w in found.endpoints} == {"openai"}


def test_the_greeting_alone_shows_an_lm_studio_that_wants_a_token(
    mock: MockServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    [url] = mock("lmstudio", "--key", "sesame").urls
    with pytest.raises(TargetError, match="a key is needed"):
        visit(url)
    monkeypatch.setenv("LM_KEY", "sesame")
    assert visit(url, api_key_env="LM_KEY").info.kind == "lmstudio"


def test_a_list_that_everybody_may_see_does_not_hide_that_a_key_is_wanted(
    mock: MockServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """llama-server shows its models to all: it would pass for a plain server, and refuse every request."""
    [url] = mock("llamacpp", "--key", "sesame", "--quirk", "old").urls
    with pytest.raises(TargetError, match="a key is needed"):
        visit(url)
    monkeypatch.setenv("LLAMA_KEY", "sesame")
    assert visit(url, api_key_env="LLAMA_KEY").info.kind == "llamacpp"


def test_what_a_server_says_while_it_loads_is_no_token(mock: MockServer) -> None:
    [url] = mock("llama-swap", "--quirk", "says-loading", "--quirk", "jit", "--load-s", "0.3").urls
    answers = [ask(url, visit(url).endpoints[0]) for _ in range(2)]
    assert [(a.error, a.chunks) for a in answers] == [(None, TOKENS)] * 2
    first = answers[0]
    assert first.first_token_s is not None and first.send_s is not None
    assert first.first_token_s - first.send_s > 0.3, "the load is part of the wait"


def test_an_ollama_without_models_says_what_to_do(mock: MockServer) -> None:
    for words in ((), ("--quirk", "old")):
        [url] = mock("ollama", "--quirk", "empty", *words).urls
        with pytest.raises(TargetError, match="it has no model; pull one: ollama pull MODEL"):
            visit(url)


def test_an_error_field_of_an_older_llama_server_is_its_own_words(mock: MockServer) -> None:
    [url] = mock("llamacpp", "--quirk", "old", "--context", "4").urls
    answer = ask(url, visit(url).endpoints[0])
    assert answer.error is not None and "exceeds the available context size" in answer.error


def test_an_mlx_without_a_cache_folder_is_asked_for_the_model_it_was_started_with(mock: MockServer) -> None:
    [url] = mock("mlx", "--quirk", "empty").urls
    found = visit(url)
    assert (found.info.kind, found.info.model) == ("mlx", "default_model")


def test_events_of_another_shape_than_promised_are_no_answer_and_no_crash() -> None:
    odd: list[dict[str, Any]] = [
        {}, {"type": 1}, {"type": "chat.end"}, {"type": "chat.end", "result": {"stats": 7}}, {"error": "x"},
        {"message": "x", "done": True}, {"done": False, "message": {"content": 3}},
        {"total_duration": "y", "done": True},
    ]  # fmt: skip
    for kind in (lmstudio, ollama):
        for event in odd:
            assert isinstance(kind.chunk(event), dict)
            kind.times(0.0, [(1.0, event)])


VALUES = st.sampled_from(
    [
        *("m", "router", "llm", "loaded", "ready", "llama-swap", "vllm", "chat.end", "I'm alive!", ""),
        *(0, 4, -3, 1e99, True, False, None),
    ]
)
KEYS = st.sampled_from(
    [
        *(
            "models",
            "data",
            "id",
            "key",
            "name",
            "model",
            "type",
            "state",
            "status",
            "value",
            "role",
            "owned_by",
        ),
        *("loaded_instances", "config", "parallel", "context_length", "quantization", "details", "running"),
        *(
            "version",
            "default_generation_settings",
            "n_ctx",
            "total_slots",
            "error",
            "lmstudio",
            "expires_at",
        ),
        *("id_task", "message", "content", "result", "stats", "done", "total_duration", "eval_duration"),
    ]
)
ODD = st.recursive(
    VALUES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=6),
    max_leaves=25,
)
LISTS = ("data", "models", "running", "default_generation_settings", "version")


@given(entries=ODD, more=st.dictionaries(KEYS, ODD, max_size=3), event=st.dictionaries(KEYS, ODD, max_size=5))
def test_no_json_of_a_server_can_make_a_kind_raise(entries: Any, more: dict[str, Any], event: Any) -> None:
    documents = {True: json.dumps(more | dict.fromkeys(LISTS, entries)), False: json.dumps(more)}

    def get(path: str) -> GetReply:
        return GetReply(200, {"server": "basehttp/0.6"}, documents["models" in path or "p" in path])

    for kind in SERVER_KINDS.values():
        server = kind.identify(get)
        assert server is None or all(isinstance(m.id, str) for m in server.models)
        kind.request_counter(get)
    for reader in READERS.values():
        assert isinstance(reader.chunk(event), dict)
        reader.times(0.0, [(1.0, event)])


def test_an_unknown_kind_is_refused_with_those_there_are() -> None:
    with pytest.raises(ValueError, match=r"must be one of .*llamacpp.*, openai; or omit it"):
        Target(name="A", base_url="http://127.0.0.1:1", kind="llama.cpp")


def test_every_kind_has_a_file_a_mock_server_and_words_for_the_next_steps() -> None:
    """Its other parts have no default: a `ServerKind` without one cannot be made."""
    folder = CHECKOUT / "replay" / "server_kinds"
    files = {path.stem.replace("_", "-") for path in folder.glob("*/[a-z]*.py")} | {"openai"}
    assert set(SERVER_KINDS) == files, "a kind's file without a line in the list, or the other way round"
    assert set(SERVER_KINDS) == set(mock_servers.KINDS), "a mock server for each kind"
    assert set(SERVER_KINDS) - {"openai"} == set(next_steps.kinds_with_words()), "next_steps.yaml"


def test_every_kind_states_endpoints_of_a_known_reader_and_usual_ports() -> None:
    for name, kind in SERVER_KINDS.items():
        assert kind.name == name
        assert {endpoint.reader for endpoint in kind.endpoints} <= {name, "openai"}
        assert kind.ports
        assert [f.name for f in fields(ServerKind) if f.default is not MISSING] == []


def test_no_other_file_asks_which_kind_it_is() -> None:
    """But where scenarios name the servers that a run starts."""
    own = ("own_servers.py", "own_server.py", "messages.py", "__main__.py")
    asked = [
        f"{path.relative_to(CHECKOUT)}:{node.lineno}: {node.value}"
        for path in (CHECKOUT / "replay").rglob("*.py")
        if "server_kinds" not in path.parts and path.name not in own
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and node.value in set(SERVER_KINDS) - {"openai"}
    ]
    assert asked == []


@pytest.mark.parametrize(
    ("on_gpu", "words"),
    [(0, "100 % of m runs on the processor"), (250, "75 % of m"), (1000, None), (None, None), ("x", None)],
)
def test_ollama_says_what_part_of_a_model_runs_beside_the_gpu(on_gpu: object, words: str | None) -> None:
    pages = {
        "/api/version": {"version": "0.24.0"},
        "/api/tags": {"models": [{"name": "m"}]},
        "/api/ps": {"models": [{"name": "m", "size": 1000, "size_vram": on_gpu}]},
    }
    server = ollama.identify(lambda path: GetReply(200, {}, json.dumps(pages.get(path, {}))))
    assert server is not None
    assert [words is not None and words in note for note in server.notes] == [True] * (words is not None)
