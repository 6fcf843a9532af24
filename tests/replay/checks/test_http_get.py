"""What cannot be reached is explained by its likely reason; what can be is a table with remedies."""

import errno
import http.client
import io
import json
import platform
import re
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any

import pytest

from analysis.errors import TargetError
from analysis.files.plan import PlannedPhase
from analysis.files.run import TargetInfo
from replay.checks import check_table, http_get
from replay.checks.check import check, choose
from replay.checks.hazards import Checked, Hazard, hazards_of
from replay.checks.http_get import Silent, first_meaning, is_here, reason
from replay.scenario.schema import RequestSettings, Target
from replay.server_kinds import GetReply, Model, Server
from replay.server_kinds.apps import lmstudio
from tests.support.locusts import locust, phase, scenario
from tests.support.serving import MockServer

FOUR = (socket.AF_INET, socket.SOCK_STREAM, 6, "")
FAR, HERE = "http://192.0.2.7:1234", "http://127.0.0.1:1234"


@pytest.mark.parametrize(
    ("url", "error", "words"),
    [
        (HERE, ConnectionRefusedError(111, "Connection refused"), "no server listens on this port"),
        (FAR, ConnectionRefusedError(61, "Connection refused"), "0.0.0.0 rather than 127.0.0.1"),
        (FAR, TimeoutError("timed out"), "a firewall in between, or the host off?"),
        (FAR, Silent("timed out"), "it takes connections and says nothing"),
        (FAR, OSError(errno.EHOSTUNREACH, "No route to host"), "its network cannot be reached"),
        (HERE, ssl.SSLError("WRONG_VERSION_NUMBER"), "is it http:// rather than https://?"),
        (FAR, ssl.SSLCertVerificationError("verify failed"), "its TLS certificate is not trusted"),
        (HERE, http.client.RemoteDisconnected("closed"), "is it https:// rather than http://"),
        (HERE, http.client.BadStatusLine("SSH-2.0"), "or another program's port?"),
        ("http://no-such:1", socket.gaierror(-2, "Name not known"), "the host no-such is not known"),
        ("http://a..b:1", UnicodeError("label empty or too long"), "the host a..b is not known"),
        (FAR, OSError(errno.EIO, "odd"), "check host and port"),
    ],
)
def test_what_cannot_be_reached_gets_its_likely_reason(url: str, error: Any, words: str) -> None:
    said = reason(url, error)
    assert words in said
    assert "\n" not in said


def test_a_mac_may_have_to_allow_the_local_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "system", lambda: "Darwin")
    assert "Local Network" in reason(FAR, TimeoutError())
    assert "Local Network" not in reason(HERE, TimeoutError())
    assert (is_here("localhost"), is_here("::1"), is_here("10.0.0.1")) == (True, True, False)


def test_a_name_with_two_meanings_is_reported_with_who_listens_at_the_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        def both(first: str, second: str) -> Any:
            def look(host: str, *_: Any, **__: Any) -> list[Any]:
                return [(*FOUR, (a, port)) for a in ((first, second) if host == "localhost" else (host,))]

            return look

        monkeypatch.setattr(socket, "getaddrinfo", both("127.0.0.1", "::1"))
        assert first_meaning("localhost", port) == ("127.0.0.1", True)
        monkeypatch.setattr(socket, "getaddrinfo", both("127.0.0.2", "127.0.0.1"))
        assert first_meaning("localhost", port) == ("127.0.0.2", False)
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [(*FOUR, ("127.0.0.1", port))])
        assert first_meaning("localhost", port) is None


A = Target(name="A", base_url=HERE)
PHASES = (PlannedPhase("phase3", 8, ("A",), 3, 5),)


def seen(model: Model | None = None, name: str = "A", **info: Any) -> Checked:
    model = model or Model("m", loaded=True)
    told = TargetInfo(name, HERE, model.id, "lmstudio", slots=model.slots)
    return Checked(replace(told, **info), (), Server((model,), one_per_host="LM Studio"), model)


def about(*checked: Checked, request: RequestSettings | None = None) -> str:
    targets = [Target(name=c.info.name, base_url=c.info.base_url) for c in checked]
    return " | ".join(f.sentence for f in hazards_of(checked, targets, PHASES, request or RequestSettings()))


def test_a_target_without_a_fault_gets_no_remark() -> None:
    assert about(seen(Model("m", True, 8, 8192, True))) == ""


def test_a_model_that_is_not_in_memory_is_announced_as_loaded_by_the_first_answer() -> None:
    assert "the first warm-up answer loads it" in about(seen(Model("m", loaded=False)))


def test_further_copies_of_a_model_are_reported_before_they_are_asked() -> None:
    names = ("m", "m:2", "n:2")
    listed = {"models": [{"key": name, "loaded_instances": [{"id": name}]} for name in names]}
    server = lmstudio.identify(lambda path: GetReply(200, {}, json.dumps(listed)))
    assert server is not None
    assert "further copies of the model are loaded: m:2" in about(seen(server.models[0]))
    assert about(seen(server.models[1])) == ""


def test_localhost_that_means_first_where_no_one_listens_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    for listens, told in ((False, True), (True, False)):
        monkeypatch.setattr("replay.checks.hazards.first_meaning", lambda *_, heard=listens: ("::1", heard))
        said = about(seen(base_url="http://localhost:1234"))
        assert ("localhost means ::1 first, where nothing listens" in said) == told
    monkeypatch.setattr("replay.checks.hazards.first_meaning", lambda *_: ("::1", False))
    assert about(seen()) == "", "an address means itself"


def test_fewer_slots_than_requests_are_no_lock() -> None:
    assert "only 4 slots for up to 8 simultaneous requests" in about(seen(Model("m", True, 4)))


def test_a_shared_context_must_hold_all_requests_at_once_and_an_own_one_only_one() -> None:
    shared = seen(Model("m", True, 8, 2048, shared_context=True))
    assert "the context holds 2048 tokens, the requests may need 8 × " in about(shared)
    assert about(shared, request=RequestSettings(max_tokens=32)) == ""
    assert about(seen(Model("m", True, 8, 2048))) == ""
    assert "may need " in about(seen(Model("m", True, 8, 256)))


def test_two_models_of_one_server_of_which_one_is_not_loaded_may_swap() -> None:
    two = seen(Model("a", True)), seen(Model("b", False), "B")
    assert "a model swap, not a lock" in about(*two)
    one_model = [replace(c, info=replace(c.info, kind="vllm")) for c in two]
    assert "a model swap" not in about(*one_model), "a kind that never unloads one"


def test_a_port_that_refuses_names_how_its_usual_servers_listen_to_all() -> None:
    at = {port: reason(f"http://192.0.2.7:{port}", ConnectionRefusedError()) for port in (1234, 11434, 7777)}
    assert "127.0.0.1 (lmstudio: lms server start --bind 0.0.0.0)?" in at[1234]
    assert "127.0.0.1 (ollama: OLLAMA_HOST=0.0.0.0)?" in at[11434]
    assert "127.0.0.1?" in at[7777]


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"kind": "llamacpp", "pid": 7}, "process 7 listens on both ports"),
        ({}, "one LM Studio has one server"),
    ],
)
def test_one_program_behind_two_ports_is_recognised(changes: dict[str, Any], why: str) -> None:
    one = seen(**changes)
    other = replace(one, info=replace(one.info, name="B", base_url="http://127.0.0.1:1235"))
    assert why in about(one, other)

    elsewhere = replace(other, info=replace(other.info, base_url="http://192.0.2.7:1235", pid=None))
    assert "the same program" not in about(one, elsewhere)


@pytest.mark.parametrize("ports", [3, 8, 32])
def test_many_ports_of_one_program_are_one_sentence(ports: int) -> None:
    one = seen(kind="llamacpp", pid=7)
    all_of_them = [
        replace(one, info=replace(one.info, name=f"server {i}", base_url=f"http://127.0.0.1:{2000 + i}"))
        for i in range(ports)
    ]
    said = about(*all_of_them)
    assert said.count("the same program") == 1
    assert f"{ports - 1} more targets (server 1 … server {ports - 1})" in said


def test_two_ports_of_one_ollama_tell_the_same_inner_state(mock: MockServer) -> None:
    for same in (True, False):
        words = ("ollama", "--port", "0", "--port", "0", *(["--same-program"] if same else []))
        ports = mock(*words).urls
        both = [check(Target(name=n, base_url=url)) for n, url in zip("AB", ports, strict=True)]
        apart = [replace(c, info=replace(c.info, pid=None)) for c in both]  # as on another host
        assert ("both show the same inner state" in about(*apart)) == same


def test_the_table_has_a_line_per_target_and_a_remedy_per_problem() -> None:
    targets = [A, Target(name="B", base_url=FAR), Target(name="C", server=0)]
    found = [Hazard("A", "four slots", "raise them")]
    out = io.StringIO()
    problems = {"B": f"target B ({FAR}): refused; start it"}
    check_table.show(targets, [seen(Model("m", True, 4, 8192))], problems, found, out)
    lines = out.getvalue().splitlines()
    assert lines[0].split() == ["target", "address", "kind", "model", "loaded", "slots", "context", "check"]
    assert lines[1].split() == [
        "A",
        HERE.removeprefix("http://"),
        "lmstudio",
        "m",
        "yes",
        "4",
        "8192",
        "see",
        "below",
    ]
    assert lines[2].split()[-1] == "FAILED"
    assert lines[3].split()[-2:] == ["not", "started"]
    assert lines[4:] == [
        "✗ target B (http://192.0.2.7:1234): refused; start it",
        "! A: four slots; raise them",
    ]


def test_no_address_is_broken_on_a_terminal_of_80_columns() -> None:
    out = Terminal()
    one = seen(Model("a-model-with-a-name-of-some-length", True, 4, 8192))
    check_table.show([A], [one], {}, [Hazard("A", "four slots", "raise them")], out)
    lines = re.sub(r"\x1b\[[\d;]*m", "", out.getvalue()).splitlines()
    assert f" {HERE.removeprefix('http://')} " in lines[1]
    assert max(map(len, lines)) <= 80


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_check_shows_the_table_and_asks_with_get_only(mock: MockServer, tmp_path: Any) -> None:
    ports = mock("ollama", "--port", "0", "--port", "0", "--quirk", "jit").urls
    run = locust(tmp_path, "--check", *(w for url in ports for w in ("--target", f"{url}=mock-model")))
    assert run.code == 0
    assert run.out.count("ollama") >= 2
    assert run.out.count("the first warm-up answer loads it") == 2
    after = [check(Target(name="A", base_url=url, model="mock-model")).model for url in ports]
    assert [m.loaded for m in after if m] == [False, False], "nothing was loaded by the check"


def test_a_request_that_shows_on_another_port_means_one_server(mock: MockServer, tmp_path: Any) -> None:
    """The processes hidden, as on another host: only the counters tell."""
    ports = mock("llamacpp", "--port", "0", "--port", "0", "--same-program", "--slots", "2").urls
    targets = [{"name": n, "base_url": url} for n, url in zip("AB", ports, strict=True)]
    path = scenario(tmp_path, targets=targets, phases=[phase("ports", 2)], request={"max_tokens": 8})
    run = locust(tmp_path, "--scenario", str(path))
    named = {c["name"]: c for c in run.report["conditions"]}
    assert named["distinct servers"]["passed"] is False
    assert run.report["verdict"] == "inconclusive"
    assert "was counted at" in run.err


@contextmanager
def answering_with(head: bytes, piece: bytes) -> Iterator[str]:
    """A server that answers a GET with `head`, then with the piece again and again."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with suppress(OSError), listener, listener.accept()[0] as client:
            client.recv(65536)
            client.sendall(head)
            while True:
                client.sendall(piece)
                time.sleep(0.01 if len(piece) < 1000 else 0)

    threading.Thread(target=serve, daemon=True).start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def test_a_host_name_that_cannot_be_is_reported_in_one_line() -> None:
    with pytest.raises(TargetError, match=r"the host a\.\.b is not known; correct the name"):
        check(Target(name="A", base_url="http://a..b:1234"))


@pytest.mark.parametrize("piece", [b" ", b" " * 1_000_000], ids=["a drop at a time", "a flood"])
def test_an_answer_without_end_is_no_llm_servers(monkeypatch: pytest.MonkeyPatch, piece: bytes) -> None:
    monkeypatch.setattr(http_get, "TIMEOUT_S", 0.5 if len(piece) == 1 else 60)
    monkeypatch.setattr(http_get, "MOST_BYTES", 5_000_000)
    head = b"HTTP/1.1 200 OK\r\nContent-Type: audio/mpeg\r\n\r\n"
    with answering_with(head, piece) as url, pytest.raises(TargetError, match="does not end"):
        check(Target(name="A", base_url=url))


@pytest.mark.parametrize("key", ["sk-secret\n", "sk-sécret", "sk-\x01secret"])
def test_a_key_that_cannot_be_sent_is_reported_and_not_shown(key: str) -> None:
    target = Target(name="A", base_url="http://127.0.0.1:1", api_key_env="MY_KEY")
    with pytest.raises(TargetError, match="is there a line end in the variable") as caught:
        check(target, environ={"MY_KEY": key})
    assert "cret" not in str(caught.value)


def test_a_document_nested_without_end_is_none() -> None:
    assert GetReply(200, {}, "[" * 200_000).document is None


def test_names_of_models_do_not_move_the_terminal() -> None:
    with pytest.raises(TargetError, match=r"name one of: a b \[31m, c; as in"):
        choose(None, [Model("a\0b\n\x1b[31m", loaded=None), Model("c", loaded=None)], "http://h")
