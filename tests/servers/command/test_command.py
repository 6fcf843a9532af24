"""Servers that a command starts: filled, waited for, logged, ended with all they started."""

import json
import os
import signal
import socket
import sys
import textwrap
import time
from pathlib import Path

import psutil
import pytest

from tests.support.locusts import alive, free_port, until
from tests.support.serving import get, refused, servers, spawn

SERVER = """
    import json, os, subprocess, sys, time
    from http.server import BaseHTTPRequestHandler, HTTPServer
    print("loading", *sys.argv[2:], os.environ.get("LEVEL"), flush=True)
    child = subprocess.Popen(["sleep", "60"])  # as engines start workers of their own
    began_s = time.monotonic()
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            body = json.dumps({"words": sys.argv[2:], "child": child.pid, "level": os.environ.get("LEVEL")})
            self.send_response(503 if time.monotonic() - began_s < 1 else 200)
            self.end_headers()
            self.wfile.write(body.encode())
    HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""
END_S = 20.0


@pytest.fixture
def program(tmp_path: Path) -> str:
    """A server that loads for a second, says what it was started with, and has a child."""
    path = tmp_path / "a server.py"
    path.write_text(textwrap.dedent(SERVER))
    return f"{sys.executable} '{path}'"


def json_of(command: str, **keys: object) -> str:
    return json.dumps({"command": command, **keys})


def test_a_command_is_filled_waited_for_logged_and_ended_with_all_it_started(
    program: str, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    log.write_text("of an earlier start\n")
    command = f"""LEVEL=2{{slots}} {program} {{port}} {{slots}} '{{"json": "{{x}}"}}'"""
    began_s = time.monotonic()
    with servers("command", "--server", json_of(command, slots=3, log=str(log))) as running:
        assert time.monotonic() - began_s > 1, "503 is not ready"
        (line,) = running.lines
        assert (line["kind"], line["slots"]) == ("command", 3)
        status, said = get(line["base_url"], "/v1/models")
        assert (status, said["words"], said["level"]) == (200, ["3", '{"json": "{x}"}'], "23")
        family = [psutil.Process(said["child"]), *psutil.Process(line["pid"]).children()]
    until(lambda: not any(map(alive, family)), END_S)
    assert log.read_text().startswith('of an earlier start\nloading 3 {"json": "{x}"} 23\n')


@pytest.mark.parametrize("how", ["SIGKILL of the supervisor", "end of its stdin"])
def test_no_command_outlives_the_process_that_asked_for_it(program: str, how: str) -> None:
    text = json_of(f"{program} {{port}}")
    with servers("command", "--until-stdin-closes", "--server", text) as running:
        family = psutil.Process(running.process.pid).children(recursive=True)
        assert len(family) == 3, "guard, server, and the server's own child"
        if how == "end of its stdin":
            assert running.process.stdin
            running.process.stdin.close()
        else:
            running.process.kill()
        until(lambda: not any(map(alive, family)), END_S)


def test_a_command_that_ignores_sigterm_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "stubborn.py"
    path.write_text(
        "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + textwrap.dedent(SERVER)
    )
    with servers("command", "--server", json_of(f"{sys.executable} {path} {{port}}")) as running:
        family = psutil.Process(running.process.pid).children(recursive=True)
    until(lambda: not any(map(alive, family)), END_S)


def test_a_stop_while_it_is_waited_for_leaves_nothing() -> None:
    process = spawn("command", "--server", json_of("sleep 60", port=free_port()))
    assert process.stderr
    assert process.stderr.readline().startswith("starting the server of sleep")
    until(lambda: len(psutil.Process(process.pid).children(recursive=True)) == 2, END_S)
    family = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=END_S)
    assert (process.returncode, out) == (0, "")
    until(lambda: not any(map(alive, family)), END_S)


MISTAKES = {
    "no-such-binary -m X --port {port}": "no-such-binary is not found, or not a program; install it, or",
    "./no/such/path {port}": "./no/such/path is not found, or not a program",
    "serve '{port}": "No closing quotation; close the quotes",
    "A=1 B={port}": "there is no program in it; write it as in ",
    "sleep 60": "write {port} in it, or give the port it listens at",
    "sleep {port} {slots}": "{slots} has no value; give slots",
}


@pytest.mark.parametrize(("command", "words"), MISTAKES.items())
def test_what_cannot_be_started_is_one_line_and_exit_code_2(command: str, words: str) -> None:
    code, said = refused("command", "--server", json_of(command))
    assert (code, said.count("\n")) == (2, 1)
    assert f"command {command!r}: {words}" in said


def test_a_spec_that_is_none_is_one_line() -> None:
    for text in ("sleep 60", "[]", '{"commando": "x"}', "{}"):
        code, said = refused("command", "--server", text)
        assert (code, said.count("\n")) == (2, 1)
        assert f"--server {text}: write a JSON object with command, port, slots," in said


def test_a_port_that_is_taken_is_one_line_that_names_the_program() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        code, said = refused("command", "--server", json_of("sleep 60", port=port))
    assert (code, said.count("\n")) == (2, 1)
    assert f"port {port} is busy: " in said
    assert f"(pid {os.getpid()})" in said


def test_one_that_ends_at_once_shows_its_last_lines_and_where_all_of_them_are(tmp_path: Path) -> None:
    log = tmp_path / "log"
    command = "sh -c 'echo error: unknown argument: --np; exit 3'"
    code, said = refused("command", "--server", json_of(command, port=free_port(), log=str(log)))
    assert code == 1
    assert f"did not start (exit code 3); its last words; all of them: {log}:\n" in said
    assert "  | error: unknown argument: --np" in said


def test_one_that_listens_elsewhere_is_named_with_its_port(program: str) -> None:
    port, other = free_port(), free_port()
    text = json_of(f"{program} {other}", port=port, within_s=4)
    code, said = refused("command", "--server", text)
    assert code == 1
    assert (
        f"on port {port} was not ready within 4 s, it listens at {other}: give its command the port" in said
    )
    assert "  | loading None" in said
