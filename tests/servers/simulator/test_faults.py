"""What the client makes of each fault: an error of its class or a good answer, in bounded memory and time."""

import resource
import subprocess
import sys
import time
from collections.abc import Iterator

import gevent
import pytest

from replay.client.connection import Connection
from replay.client.request import Request
from replay.client.response import Response
from servers.simulator.faults import FAULTS
from tests.support.checkout import CHECKOUT
from tests.support.serving import servers

TIMEOUT_S = 1.0
TIMED_OUT = "timed out after 1 s"
WORDS = {  # in the error; None: a good answer
    **dict.fromkeys(("stall", "never-ending", "dripped-head", "endless-continue"), TIMED_OUT),
    "reset": "reset",
    "half-close": "closed the connection before the answer ended",
    "huge-header": "does not answer in HTTP/1.1",
    "huge-answer": "sent more than 16 MB for one answer",
    "redirect": "HTTP 307: ",
    "compressed": "the answer is gzip encoded",
    **dict.fromkeys(("byte-order-mark", "bare-cr", "split-code-points", "http-1-0", "one-byte-chunks")),
    **{name: f"HTTP {name[-3:]}: the fault asked for this" for name in FAULTS if name.startswith("status")},
}


@pytest.fixture(scope="module")
def urls() -> Iterator[dict[str, str]]:
    """A port for each fault."""
    ports = ", ".join(f"{{fault: {name}}}" for name in FAULTS)
    with servers("simulate", "--farm", f"{{machines: [{{ports: [{ports}]}}]}}") as s:
        yield dict(zip(FAULTS, s.urls, strict=True))


def ask(url: str, timeout_s: float = TIMEOUT_S) -> Response:
    connection = Connection()
    body = {"messages": [{"role": "user", "content": "x"}], "stream": True}
    connection.prepare(Request(url, body, timeout_s))
    try:
        return connection.ask()
    finally:
        connection.close()


@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_ends_as_its_class_says(urls: dict[str, str], fault: str) -> None:
    slow = fault in ("huge-answer", "one-byte-chunks")
    response = ask(urls[fault], 60.0 if slow else TIMEOUT_S)
    error, words = response.error, WORDS[fault]
    assert error is None if words is None else words in (error or ""), error
    assert "\n" not in (error or "")
    if words is None:
        assert response.finish_reason == "stop"
        assert response.chunks


def test_a_fault_may_spoil_each_nth_request_only() -> None:
    with servers("simulate", "--port", "0", "--fault", "status-503", "--fault-every", "2") as s:
        errors = [ask(s.urls[0], 10.0).error for _ in range(4)]
    assert [e and e[:8] for e in errors] == [None, "HTTP 503", None, "HTTP 503"]


@pytest.mark.alone  # judges time
def test_chunks_of_one_byte_leave_the_loop_to_others_and_the_timeout_holds(urls: dict[str, str]) -> None:
    gaps: list[float] = []

    def tick() -> None:
        while True:
            before_s = time.monotonic()
            gevent.sleep(0.001)
            gaps.append(time.monotonic() - before_s)

    ticker = gevent.spawn(tick)
    assert ask(urls["one-byte-chunks"], 60.0).error is None
    began_s = time.monotonic()
    assert ask(urls["one-byte-chunks"], 0.2).error == "timed out after 0.2 s"
    assert time.monotonic() - began_s < 1.0
    ticker.kill()
    assert max(gaps) < 0.5


def test_an_answer_of_64_mb_costs_a_small_multiple_of_what_is_read(urls: dict[str, str]) -> None:
    """In a process of its own: the most memory that a process had never falls again."""
    program = (
        "from tests.servers.simulator.test_faults import ask, most_memory_mb\n"
        "before = most_memory_mb()\n"
        f"print(ask({urls['huge-answer']!r}, 60.0).error)\n"
        "print(most_memory_mb() - before)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=CHECKOUT, timeout=120, check=True
    )
    error, grown_mb = done.stdout.splitlines()
    assert "sent more than 16 MB for one answer" in error
    assert float(grown_mb) < 200


def most_memory_mb() -> float:
    kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return kib / 1024 / (1024 if sys.platform == "darwin" else 1)
