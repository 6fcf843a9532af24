"""Whatever stands behind a port (a camera, a development server, a wall) is told in one line, and soon."""

import itertools
import socket
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress

import pytest

from analysis.errors import TargetError
from replay.checks import http_get
from replay.checks.check import check
from replay.checks.find.discover import find
from replay.client import http_stream
from replay.client.connection import Connection
from replay.client.reply import Arrival, Reply
from replay.client.request import Request
from replay.client.response import read_response
from replay.client.sse import read_lines
from replay.output import log
from replay.scenario.schema import Target
from replay.server_kinds.kind import GetReply

OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
MANY = b"x" * 65536


@contextmanager
def saying(*parts: bytes, then: Iterable[bytes] = (), pause_s: float = 0.0) -> Iterator[str]:
    """The URL of a server that says this to whoever connects, whatever was asked, then closes."""

    def serve(client: socket.socket) -> None:
        with client, suppress(OSError):
            client.recv(65536)
            for part in itertools.chain(parts, then):
                client.sendall(part)
                time.sleep(pause_s)

    def accept() -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=accept, daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)


def refusal(url: str) -> tuple[float, str]:
    """Seconds that the check took, and what it said."""
    began_s = time.monotonic()
    with pytest.raises(TargetError) as caught:
        check(Target(name="A", base_url=url))
    said = str(caught.value)
    assert "\n" not in said
    return time.monotonic() - began_s, said


def test_an_answer_without_an_end_is_cut_by_its_size() -> None:
    with saying(OK + b"\r\n", then=itertools.repeat(MANY)) as url:
        took_s, said = refusal(url)
        assert find([int(url.rpartition(":")[2])]) == []
    assert took_s < 3
    assert "another program answers there, not an LLM server" in said


def test_an_answer_that_drips_is_cut_by_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a development server's stream of events does: each byte comes in time, the end never."""
    monkeypatch.setattr(http_get, "TIMEOUT_S", 0.3)
    with saying(OK + b"\r\n", then=itertools.repeat(b": ping\n\n"), pause_s=0.05) as url:
        took_s, said = refusal(url)
    assert took_s < 2
    assert "not an LLM server" in said


HEADS = {
    "a byte at a time": (b"", (OK[i : i + 1] for i in itertools.chain(range(len(OK)), itertools.repeat(40)))),
    "100 Continue for ever": (b"", itertools.repeat(b"HTTP/1.1 100 Continue\r\n\r\n")),
    "headers for ever": (OK, itertools.repeat(b"X: y\r\n")),
    "a status line for ever": (b"HTTP/1.1 ", itertools.repeat(b"2")),
}


@pytest.mark.parametrize("way", HEADS)
def test_a_head_that_drips_is_cut_by_the_clock(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_get, "TIMEOUT_S", 0.3)
    first, then = HEADS[way]
    with saying(first, then=then, pause_s=0.02) as url:
        took_s, said = refusal(url)
        assert find([int(url.rpartition(":")[2])]) == []
    assert took_s < 2
    assert "not an LLM server" in said or "hangs up on plain HTTP" in said


def test_a_tls_handshake_that_drips_is_cut_by_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_get, "TIMEOUT_S", 0.3)
    hello = b"\x16\x03\x03\x40\x00\x02"
    with saying(hello, then=itertools.repeat(b"\0"), pause_s=0.02) as url:
        took_s, said = refusal(url.replace("http:", "https:"))
    assert took_s < 2, said


def test_a_long_wait_is_named_and_a_short_one_is_not(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(log, "NAME_AFTER_S", 0.1)
    monkeypatch.setattr(log, "NAME_EVERY_S", 0.2)
    with log.named_wait("a moment"):
        pass
    assert capsys.readouterr().err == ""
    with log.named_wait("the check of A", 600):
        time.sleep(0.5)
    lines = capsys.readouterr().err.splitlines()
    assert [line.partition("] ")[2] for line in lines[:2]] == [
        "[INFO] waiting for the check of A: 0 s so far, at most 600 s more"
    ] * 2
    time.sleep(0.3)
    assert capsys.readouterr().err == ""


def test_a_server_that_says_nothing_is_no_firewall(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_get, "TIMEOUT_S", 0.2)
    with saying(b"", then=itertools.repeat(b""), pause_s=0.1) as url:
        _, said = refusal(url)
    assert "takes connections and says nothing" in said
    assert "firewall" not in said


def test_a_list_nested_without_end_is_no_crash() -> None:
    body = b"[" * 200_000
    assert GetReply(200, {}, body.decode()).document is None
    with saying(OK + b"Content-Length: %d\r\n\r\n" % len(body), body) as url:
        assert "not an LLM server" in refusal(url)[1]


def test_one_that_sends_everybody_on_is_reported_with_the_place() -> None:
    moved = b"HTTP/1.1 301 Moved\r\nLocation: https://me:secret@llm.example/v1\r\nContent-Length: 0\r\n\r\n"
    with saying(moved) as url:
        said = refusal(url)[1]
    assert "it redirects (HTTP 301); write https://llm.example" in said
    assert "secret" not in said


def test_names_of_models_are_utf_8_as_json_is() -> None:
    """No charset is named: what guesses takes the short text for another code."""
    body = '{"data": [{"id": "modèle-é"}]}'.encode()
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n" % len(body)
    with saying(head, body) as url:
        assert check(Target(name="A", base_url=url, model="modèle-é")).info.model == "modèle-é"


def test_an_answer_to_a_chat_without_an_end_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_stream, "MOST_BYTES", 1_000_000)
    connection = Connection()
    with saying(OK + b"\r\n", then=itertools.repeat(MANY)) as url:
        connection.prepare(Request(url, {"model": "m"}, 20.0))
        answer = connection.ask()
    connection.close()
    assert answer.error is not None
    assert answer.error.endswith("MB for one answer")


def test_a_line_of_many_pieces_costs_no_more_than_its_length() -> None:
    """It holds up the loop that stamps other answers: 20 MB took half a minute, now a moment."""
    pieces = [(i, b"y" * 65536) for i in range(320)]
    began_s = time.process_time()
    assert list(read_lines([*pieces, (320, b"\n")])) == [(320, b"y" * 65536 * 320)]
    reply = Reply(send_s=0.0, status=200, pieces=[(Arrival(0.0, None), b) for _, b in pieces], whole=True)
    assert read_response(reply, 1.0, None).error is not None
    assert time.process_time() - began_s < 3
