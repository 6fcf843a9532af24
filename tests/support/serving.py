"""Starts `python -m servers …` and talks to it with nothing but the standard library."""

import csv
import http.client
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

WAIT_S = 30


@dataclass(frozen=True)
class Servers:
    """What is running: the process and the lines it printed."""

    process: subprocess.Popen[str]
    lines: tuple[dict[str, Any], ...]

    @property
    def urls(self) -> list[str]:
        return [line["base_url"] for line in self.lines]


MockServer = Callable[..., Servers]  # the fixture `mock` of conftest


@contextmanager
def servers(*arguments: str) -> Iterator[Servers]:
    """Runs them until the block ends; stdin is a pipe that nobody writes to."""
    process = spawn(*arguments)
    try:
        lines = []
        assert process.stdout
        for line in process.stdout:
            if json.loads(line) == {"ready": True}:
                break
            lines.append(json.loads(line))
        else:
            raise AssertionError(f"never ready: {process.stderr and process.stderr.read()}")
        yield Servers(process, tuple(lines))
    finally:
        with process:  # closes the pipes and waits
            process.terminate()


def spawn(*arguments: str) -> subprocess.Popen[str]:
    pipe = subprocess.PIPE
    return subprocess.Popen(
        [sys.executable, "-m", "servers", *arguments],
        stdin=pipe,
        stdout=pipe,
        stderr=pipe,
        text=True,
    )


def refused(*arguments: str) -> tuple[int, str]:
    """The exit code and stderr of a command that ends by itself."""
    done = subprocess.run(
        [sys.executable, "-m", "servers", *arguments],
        capture_output=True,
        text=True,
        timeout=WAIT_S,
        stdin=subprocess.DEVNULL,
    )
    assert done.stdout == ""
    return done.returncode, done.stderr


def get(url: str, path: str) -> tuple[int, Any]:
    return _exchange(url, "GET", path, None)


def chat(url: str, **extra: Any) -> tuple[int, Any]:
    """Status and body of one answer without streaming."""
    return _exchange(url, "POST", "/v1/chat/completions", _body(extra))


def raw(url: str, path: str, method: str = "GET", **body: Any) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of one exchange with any path."""
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=10)
    try:
        text = json.dumps(body) if body else None
        connection.request(method, path, text, {"Content-Type": "application/json"})
        with connection.getresponse() as reply:
            return reply.status, dict(reply.headers), reply.read()
    finally:
        connection.close()


def lines(body: bytes) -> list[dict[str, Any]]:
    """The JSON documents of a body, one a line."""
    return [json.loads(line) for line in body.splitlines()]


def _exchange(url: str, method: str, path: str, body: str | None) -> tuple[int, Any]:
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=WAIT_S)
    try:
        connection.request(method, path, body, {"Content-Type": "application/json"})
        with connection.getresponse() as reply:
            return reply.status, json.loads(reply.read())
    finally:
        connection.close()


def _body(extra: dict[str, Any]) -> str:
    return json.dumps({"messages": [{"role": "user", "content": "one two three"}], **extra})


@dataclass(frozen=True)
class Stream:
    """One streamed answer: every event with the epoch second at which its line was read."""

    events: tuple[tuple[float, Any], ...]

    @property
    def deltas(self) -> list[dict[str, Any]]:
        return [e["choices"][0]["delta"] for _, e in self.events if e != "[DONE]" and e["choices"]]

    @property
    def token_s(self) -> list[float]:
        return [
            at_s
            for at_s, e in self.events
            if e != "[DONE]" and e["choices"] and e["choices"][0]["delta"].get("content")
        ]


def stream(url: str, **extra: Any) -> Stream:
    """What came, up to the end or to where the connection broke."""
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=WAIT_S)
    try:
        connection.request("POST", "/v1/chat/completions", _body({"stream": True, **extra}))
        events = []
        with connection.getresponse() as reply:
            for line in iter(reply.readline, b""):
                at_s = time.time()
                if line.startswith(b"data: "):
                    data = line.removeprefix(b"data: ").strip()
                    events.append((at_s, "[DONE]" if data == b"[DONE]" else json.loads(data)))
        return Stream(tuple(events))
    finally:
        connection.close()


def together(urls: list[str], **extra: Any) -> tuple[float, list[Stream]]:
    """Makespan and answers of streams sent at one instant, one to each of the urls."""
    start_s = time.time()
    with ThreadPoolExecutor(len(urls)) as pool:
        streams = list(pool.map(lambda url: stream(url, **extra), urls))
    return time.time() - start_s, streams


def truth(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def stamps(cell: str) -> list[float]:
    return [float(s) for s in cell.split()]
