"""Health checks against small HTTP servers that answer as the real programs do."""

import http.server
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psutil
import pytest

from analysis.errors import TargetError
from replay.checks import http_get
from replay.checks.check import check, check_targets
from replay.checks.local_ports import listening_pid, on_this_machine
from replay.scenario.schema import RequestSettings, Target

Answers = dict[str, Any]  # path → JSON body, or (status, body); anything else is 404

ONE_MODEL = {"data": [{"id": "phi"}]}
TWO_MODELS = {"data": [{"id": "phi"}, {"id": "qwen"}]}
LM_STUDIO_SAYS_NO = {"error": "Unexpected endpoint or method. (GET /props). Returning 200 anyway"}
LLAMA = {"default_generation_settings": {"n_ctx": 512}, "total_slots": 4, "build_info": "b1-abc"}


@contextmanager
def serving(answers: Answers | Callable[[str, dict[str, str]], Any]) -> Iterator[str]:
    """The base URL of a server with these answers; a function gets the path and the headers."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            found = (
                answers.get(self.path, (404, {}))
                if isinstance(answers, dict)
                else answers(self.path, dict(self.headers))
            )
            status, body = found if isinstance(found, tuple) else (200, found)
            raw = body.encode() if isinstance(body, str) else json.dumps(body).encode()
            self.send_response(status)
            kind = "text/html" if raw.startswith(b"<") else "application/json"
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def target(url: str, **keys: Any) -> Target:
    return Target.model_validate({"name": "A", "base_url": url} | keys)


def refusal(url: str, environ: dict[str, str] | None = None, **keys: Any) -> str:
    with pytest.raises(TargetError) as caught:
        check(target(url, **keys), environ=environ or {})
    said = str(caught.value)
    assert said.startswith(f"target A ({url}): ")
    assert "\n" not in said
    return said


def test_a_llama_cpp_server_that_loads_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr("replay.checks.http_get.time.sleep", lambda _: None)

    def answers(path: str, _: dict[str, str]) -> Any:
        asked.append(path)
        if len(asked) < 3:
            return 503, {"error": {"code": 503, "message": "Loading model", "type": "unavailable_error"}}
        return {"/v1/models": ONE_MODEL, "/props": LLAMA}.get(path, (404, {}))

    with serving(answers) as url:
        info = check(target(url)).info
    assert asked[:3] == ["/v1/models"] * 3
    assert (info.kind, info.model, info.slots) == ("llamacpp", "phi", 4)
    assert info.server == {"listed": ["phi"], "build_info": "b1-abc"}


def test_a_server_that_never_ends_loading_is_refused_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_get, "LOADING_PATIENCE_S", 0.0)
    with serving({"/v1/models": (503, {"error": {"message": "Loading model"}})}) as url:
        assert "it still loads its model after 0 s (HTTP 503); run again" in refusal(url)


def test_a_list_of_models_is_no_sign_that_they_are_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    """llama-server answers it while it loads: it would pass for a plain server, and refuse every request."""
    asked: list[str] = []
    monkeypatch.setattr("replay.checks.http_get.time.sleep", lambda _: None)

    def answers(path: str, _: dict[str, str]) -> Any:
        asked.append(path)
        if path == "/v1/models":
            return ONE_MODEL
        if len(asked) - asked.count("/v1/models") < 4:
            return 503, {"error": {"code": 503, "message": "Loading model", "type": "unavailable_error"}}
        return LLAMA if path == "/props" else (404, {})

    with serving(answers) as url:
        info = check(target(url)).info
    assert (info.kind, info.model, info.slots) == ("llamacpp", "phi", 4)


def test_lm_studio_is_known_by_its_own_list_and_asked_for_the_loaded_model() -> None:
    states = [{"id": "phi", "state": "not-loaded"}, {"id": "qwen", "state": "loaded"}]
    answers = {"/v1/models": TWO_MODELS, "/props": LM_STUDIO_SAYS_NO, "/api/v0/models": {"data": states}}
    with serving(answers) as url:
        info = check(target(url)).info
    assert (info.kind, info.model) == ("lmstudio", "qwen")


def test_a_200_whose_body_is_an_error_is_no_answer() -> None:
    paths = ("/props", "/api/v0/models", "/api/version")
    with serving({"/v1/models": ONE_MODEL} | dict.fromkeys(paths, LM_STUDIO_SAYS_NO)) as url:
        assert check(target(url)).info.kind == "openai"
    with serving({"/v1/models": LM_STUDIO_SAYS_NO}) as url:
        assert "another program answers there, not an LLM server" in refusal(url)


def test_the_only_model_of_a_server_that_loads_on_demand_is_asked_for_with_a_note() -> None:
    states = [{"id": "phi", "state": "not-loaded"}]
    with serving({"/v1/models": ONE_MODEL, "/api/v0/models": {"data": states}}) as url:
        found = check(target(url))
        assert found.info.model == "phi"
        assert found.server.notes[-1] == "no model is in memory; the first answer loads phi"
        assert check(target(url, model="phi")).info.model == "phi"


def test_of_several_models_none_of_which_is_loaded_one_must_be_named() -> None:
    states = [{"id": "phi", "state": "not-loaded"}, {"id": "qwen", "state": "not-loaded"}]
    with serving({"/v1/models": TWO_MODELS, "/api/v0/models": {"data": states}}) as url:
        assert refusal(url).endswith(f"load one, or name one of: phi, qwen; as in --target {url}=phi")


@pytest.mark.parametrize("models", [{"data": []}, {"object": "list", "data": None}])
def test_a_server_without_a_list_is_asked_without_a_name(models: dict) -> None:
    with serving({"/v1/models": models}) as url:
        found = check(target(url))
    assert (found.info.kind, found.info.model) == ("openai", None)


@pytest.mark.parametrize(
    "models",
    [
        [{"id": "phi"}],
        ["phi"],
        {"data": ["phi"]},
        {"data": {"phi": {"object": "model"}}},
        {"models": [{"name": "phi"}]},
        {"data": None, "models": [{"model": "phi"}]},
        {"data": [{"id": "phi"}, None, 7, {"id": None}]},
    ],
)
def test_a_list_of_any_form_is_read(models: Any) -> None:
    with serving({"/v1/models": models}) as url:
        assert check(target(url)).info.model == "phi"


@pytest.mark.parametrize("models", [{"detail": "Not Found"}, "no list", 7, {"data": 7}])
def test_what_is_no_list_refuses_no_server_whose_model_is_named(models: Any) -> None:
    with serving({"/v1/models": models}) as url:
        assert "another program answers there" in refusal(url)
        found = check(target(url, model="phi"))
        assert (found.info.kind, found.info.model) == ("openai", "phi")
        assert "shows no list" in found.server.notes[0]
        assert check(target(url, kind="openai")).info.model is None


@pytest.mark.parametrize("name", ["m" * 1000, "two  blanks", "Ünï/模型:🦙", "a@b:c/d", "-x", "'q'"])
def test_any_name_is_asked_for_as_it_is_listed(name: str) -> None:
    with serving({"/v1/models": {"data": [{"id": name}]}}) as url:
        assert check(target(url)).info.model == name
        assert check(target(url, model=name)).info.model == name


def test_the_name_under_which_answers_come_may_be_stated() -> None:
    with serving({"/v1/models": TWO_MODELS}) as url:
        assert check(target(url, model="phi", answers_as="qwen")).info.answers_as == "qwen"


def test_one_name_twice_is_one_model() -> None:
    with serving({"/v1/models": {"data": [{"id": "phi"}, {"id": "phi"}]}}) as url:
        assert check(target(url)).info.model == "phi"


def test_a_name_without_registry_and_tag_is_the_same_model() -> None:
    with serving({"/v1/models": {"data": [{"id": "docker.io/ai/smol:latest"}, {"id": "other"}]}}) as url:
        assert check(target(url, model="ai/smol")).info.model == "docker.io/ai/smol:latest"


def test_of_several_models_one_must_be_named() -> None:
    with serving({"/v1/models": TWO_MODELS}) as url:
        assert refusal(url).endswith(f"several models; name one of: phi, qwen; as in --target {url}=phi")
        assert check(target(url, model="qwen")).info.model == "qwen"
        found = check(target(url, model="gemma"))
    assert found.info.model == "gemma"
    assert "'gemma' is not in the server's list (phi, qwen)" in found.server.notes[-1]


def test_a_long_list_of_models_is_cut() -> None:
    many = {"data": [{"id": f"m{i}"} for i in range(9)]}
    with serving({"/v1/models": many}) as url:
        assert refusal(url).endswith(f"name one of: m0, m1, m2, m3, m4 and 4 more; as in --target {url}=m0")


def test_a_server_that_wants_a_key_gets_the_one_the_environment_holds() -> None:
    def answers(path: str, headers: dict[str, str]) -> Any:
        if headers.get("Authorization") != "Bearer sesame":
            return 401, {"error": {"message": "no key sesame"}}
        return ONE_MODEL if path == "/v1/models" else (404, {})

    with serving(answers) as url:
        said = refusal(url)
        assert said.endswith(
            "HTTP 401: no key sesame; a key is needed, or another one: export it and name its variable as "
            "api_key_env"
        )
        assert "wrong-key" not in refusal(url, {"KEY": "wrong-key"}, api_key_env="KEY")
        assert check(target(url, api_key_env="KEY"), environ={"KEY": "sesame"}).info.model == "phi"


FORBIDDEN = {  # what a 403 may hold, and the words that must reach the user
    "of a host check, without a body": ("", "HTTP 403: Forbidden"),
    "of a host check, JSON": (
        {"error": "Host not allowed: box.local"},
        "HTTP 403: Host not allowed: box.local",
    ),
    "of an origin check, text": ("invalid origin", "HTTP 403: invalid origin"),
    "of an address filter": ({"detail": {"msg": "10.0.0.7 is denied"}}, "HTTP 403: 10.0.0.7 is denied"),
    "of a key": ({"error": {"message": "invalid api key"}}, "HTTP 403: invalid api key"),
    "of nginx": ("<html><head><title>403 Forbidden</title></head></html>", "HTTP 403: Forbidden"),
    "of a firewall": ("<h1>Blocked</h1><p>by policy 7", "HTTP 403: Blocked by policy 7"),
    "as an event": ('event: error\ndata: {"error": {"message": "no seat"}}\n\n', "HTTP 403: no seat"),
    "an empty object": ({}, "HTTP 403: Forbidden"),
    "a list": ([{"message": "not you"}], "HTTP 403: not you"),
}


@pytest.mark.parametrize(("body", "words"), FORBIDDEN.values(), ids=FORBIDDEN)
def test_a_403_is_reported_in_its_own_words_and_asks_for_no_key_alone(body: Any, words: str) -> None:
    with serving(lambda path, headers: (403, body)) as url:
        said = refusal(url)
        assert f"): {words}; the server, or a proxy before it, forbids it" in said
        assert "may not take this name of its host" in said
        found = check(target(url, model="phi"))  # its list may be shut, and its chat open
    assert found.server.notes[0] == f"GET /v1/models shows no list ({words})"


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (429, {"error": "slow down"}, "it refuses GET /v1/models: HTTP 429: slow down"),
        (500, "boom", "it refuses GET /v1/models: HTTP 500: boom"),
        (
            502,
            "<title>502 Bad Gateway</title>",
            "HTTP 502: Bad Gateway; the proxy before the server could not",
        ),
        (503, {"msg": "queue is full"}, "it refuses GET /v1/models: HTTP 503: queue is full"),
        (404, {"detail": "no such page"}, "(GET /v1/models: HTTP 404: no such page); check the port"),
    ],
)
def test_any_other_refusal_of_the_list_has_the_words_of_the_server(
    status: int, body: Any, words: str
) -> None:
    with serving(lambda path, headers: (status, body)) as url:
        assert words in refusal(url)
        assert check(target(url, model="phi")).info.model == "phi"


def test_a_proxy_of_the_environment_does_not_stand_in_between(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with serving({"/v1/models": ONE_MODEL}) as url:
        assert check(target(url)).info.model == "phi"


def test_all_targets_are_checked_and_each_failure_is_one_line() -> None:
    with serving({"/v1/models": ONE_MODEL}) as url, serving({}) as other:
        dead = target("http://127.0.0.1:9").model_copy(update={"name": "dead"})
        wrong = target(other).model_copy(update={"name": "wrong"})
        found, problems = check_targets([dead, target(url), wrong], RequestSettings(), {})
    assert [c.info.name for c in found] == ["A"]
    assert [p.split(" ")[1] for p in problems.values()] == list(problems) == ["dead", "wrong"]
    assert "connection refused" in problems["dead"]


def for_root_only(kind: str) -> None:
    """As on macOS."""
    raise psutil.AccessDenied()


def test_the_process_behind_a_port_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving({}) as url:
        assert listening_pid(url) == psutil.Process().pid
        with monkeypatch.context() as mac:
            mac.setattr(psutil, "net_connections", for_root_only)
            assert listening_pid(url) == psutil.Process().pid
    assert listening_pid("http://127.0.0.1:9") is None
    assert listening_pid("http://192.0.2.1:80") is None


def test_an_address_of_this_machine_is_known_as_such() -> None:
    own = [a.address for card in psutil.net_if_addrs().values() for a in card if a.family == socket.AF_INET]
    assert all(on_this_machine(f"http://{address}:1234") for address in [*own, "localhost", "[::1]"])
    assert not on_this_machine("http://192.0.2.1:1234")
