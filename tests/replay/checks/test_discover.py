"""The LLM servers of this host are found by asking, and make a scenario without a file to write."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import psutil
import pytest
import yaml

from analysis.errors import ScenarioError
from replay.checks import local_ports
from replay.checks.find import discover as finder
from replay.checks.find.discover import Found, as_yaml, find, ports_of, scenario_of
from replay.checks.local_ports import WELL_KNOWN, listeners
from replay.scenario.load import load_scenario
from replay.server_kinds.kind import LOADING
from tests.support.checkout import CHECKOUT
from tests.support.locusts import locust
from tests.support.serving import MockServer, servers

FAST = (
    "simulate",
    "--port",
    "0",
    "--port",
    "0",
    "--policy",
    "port-serial",
    "--ttft-s",
    "0.02",
    "--tpot-s",
    "0.002",
)


@contextmanager
def answering(answers: dict[str, tuple[int, Any]]) -> Iterator[tuple[int, list[str]]]:
    """A web server with these answers (404 for the rest): its port, and the requests it saw."""
    seen: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append(f"GET {self.path}")
            status, body = answers.get(self.path, (404, {"detail": "Not Found"}))
            data = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_address[1], seen
    finally:
        server.shutdown()
        server.server_close()


def found(port: int = 1234, *models: str, remark: str = "") -> Found:
    return Found(f"http://127.0.0.1:{port}", "lmstudio", models, 4, "LM Studio", port, remark)


# What is found


def test_a_server_that_listens_is_seen_without_being_named() -> None:
    with answering({}) as (port, _):
        here = {listener.port: listener for listener in listeners()}
    assert here[port].host == "127.0.0.1"
    assert here[port].pid is not None
    assert set(WELL_KNOWN) <= set(here)
    assert min(here) >= 1024


def test_where_the_system_hides_the_list_of_all_each_process_is_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def denied(_: str) -> None:
        raise psutil.AccessDenied

    monkeypatch.setattr(psutil, "net_connections", denied)  # as on macOS
    with answering({}) as (port, _):
        here = {listener.port: listener for listener in listeners()}
    assert here[port].pid == os.getpid()


def test_only_what_loopback_reaches_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    bound = [("127.0.0.1", 40001), ("0.0.0.0", 40002), ("::", 40003), ("::1", 40004), ("10.0.0.5", 40005)]
    others = [("127.0.0.1", 22), ("127.0.0.1", 5432)]  # the system's own, and a database
    monkeypatch.setattr(local_ports, "sockets", lambda: [(host, port, 7) for host, port in bound + others])
    seen = {x.port: x.host for x in listeners() if x.pid == 7}
    assert seen == {40001: "127.0.0.1", 40002: "127.0.0.1", 40003: "127.0.0.1", 40004: "[::1]"}


def test_two_servers_are_listed_with_kind_model_and_program() -> None:
    with servers(*FAST) as started:
        ports = [int(url.rpartition(":")[2]) for url in started.urls]
        both = find(ports)
        told = subprocess.run(
            [sys.executable, "-m", "servers", "find", "--json", *(f"--port={p}" for p in ports)],
            cwd=CHECKOUT,
            capture_output=True,
            text=True,
            check=True,
        )
    assert sorted(f.base_url for f in both) == sorted(started.urls)
    assert all(len(f.models) == 1 and f.pid == started.process.pid for f in both)
    assert [json.loads(line)["base_url"] for line in told.stdout.splitlines()] == [f.base_url for f in both]


@pytest.mark.parametrize(("kind", "slots"), [("lmstudio", 3), ("llamacpp", 3), ("ollama", None)])
def test_a_program_is_named_with_what_it_shows_of_its_slots(kind: str, slots: int | None) -> None:
    with servers("mock", "--kind", kind, "--slots", "3") as started:
        (one,) = find([int(started.urls[0].rpartition(":")[2])])
    assert (one.kind, one.slots) == (kind, slots)
    assert one.models == ("mock-model",)


def test_nothing_but_get_is_sent_and_a_web_server_of_another_kind_is_left_out() -> None:
    with answering({"/": (200, "hello")}) as (port, seen):
        assert find([port]) == []
    assert seen
    assert all(line.startswith("GET ") for line in seen)


@pytest.mark.parametrize(
    ("status", "words", "remark"),
    [
        (401, "no", "HTTP 401: no; a key is needed"),
        (403, "not this host", "HTTP 403: not this host; the server, or a proxy"),
        (503, "Loading model", "is loading"),
        (503, "queue is full", "HTTP 503: queue is full"),
    ],
)
def test_a_server_that_cannot_be_measured_now_is_listed_with_its_reason(
    status: int, words: str, remark: str
) -> None:
    with answering({"/v1/models": (status, {"error": words})}) as (port, _):
        (one,) = find([port])
    assert remark in one.remark
    with pytest.raises(ScenarioError, match=remark):
        scenario_of([one])


def test_a_server_whose_list_is_there_while_it_loads_is_not_measured(mock: MockServer) -> None:
    [url] = mock("llamacpp", "--quirk", "loading").urls
    [one] = find([int(url.rpartition(":")[2])])
    assert (one.kind, one.models, one.remark) == ("llamacpp", (), LOADING)


def test_a_server_with_several_models_that_shows_of_none_in_memory_is_not_guessed_at() -> None:
    listed = {"data": [{"id": "a"}, {"id": "b"}]}
    with answering({"/v1/models": (200, listed)}) as (port, _):
        (one,) = find([port])
    assert one.models == one.choices == ("a", "b")
    assert one.remark == "it does not say which of its models is loaded: name one"


def test_what_a_found_server_started_itself_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    both = {1: found(11434, "gemma"), 2: found(40001, "gemma")}
    monkeypatch.setattr(finder, "_ask", lambda listener: both.get(listener.port))
    monkeypatch.setattr(finder, "ancestors", lambda pid: {11434} if pid == 40001 else set())
    assert [f.base_url for f in find([1, 2])] == ["http://127.0.0.1:11434"]


# The scenario


def test_two_servers_make_one_user_per_port_first_and_then_the_control(tmp_path: Path) -> None:
    written = scenario_of([found(1234, "ulysses"), found(1235, "eternal")])
    path = tmp_path / "auto.yaml"
    path.write_text(as_yaml(written), encoding="utf-8")
    scenario = load_scenario(path, {})
    assert scenario.raw == written
    assert [(t.name, t.model) for t in scenario.targets] == [
        ("Port 1234", "ulysses"),
        ("Port 1235", "eternal"),
    ]
    assert [(p.name, p.users, p.targets) for p in scenario.bursts] == [
        ("ports", 2, None),
        ("control", 2, ("Port 1234",)),
        ("users4", 4, None),
        ("users8", 8, None),
    ]
    assert as_yaml(written).startswith("# Do the LLM servers on this host work in parallel?")


def test_two_models_on_one_port_are_two_targets() -> None:
    written = scenario_of([found(1234, "ulysses@f16", "org/eternal")])
    assert [t["name"] for t in written["targets"]] == ["Port 1234 ulysses@f16", "Port 1234 org-eternal"]


def test_without_a_server_the_line_says_what_to_do() -> None:
    with pytest.raises(ScenarioError, match=r"no LLM server .* start one, or give --target URL"):
        scenario_of([])


@pytest.mark.parametrize(
    ("text", "ports"), [("auto", ()), ("auto:1234,1235", (1234, 1235)), ("scenarios/auto.yaml", None)]
)
def test_auto_may_name_its_ports(text: str, ports: tuple[int, ...] | None) -> None:
    assert ports_of(text) == ports


@pytest.mark.parametrize("text", ["auto:", "auto:x", "auto:0", "auto:1234,"])
def test_ports_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(ScenarioError, match="auto:1234,1235"):
        ports_of(text)


def test_a_worker_does_not_look_on_its_own_host(tmp_path: Path) -> None:
    run = locust(tmp_path, "--scenario", "auto:1", "--worker")
    assert run.code == 2
    assert "not for --worker" in run.err


# The whole way


@pytest.mark.alone
def test_two_running_servers_have_their_verdict_within_a_minute(tmp_path: Path) -> None:
    with servers(*FAST) as started:
        ports = ",".join(url.rpartition(":")[2] for url in started.urls)
        began_s = time.monotonic()
        run = locust(tmp_path, "--scenario", f"auto:{ports}", "--budget", "20s")
        took_s = time.monotonic() - began_s
    assert run.code == 0, run.err
    assert run.report["verdict"] == "ports-parallel"
    assert took_s < 60
    assert "targets:" in run.err  # the scenario is shown before anything is sent
    assert yaml.safe_load(json.dumps(run.manifest["scenario"]))["name"] == "auto"
