"""Whole chunks are read without h11: however the bytes were cut, the pieces are those that h11 tells."""

import random
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import h11
import pytest

from replay.client.http_stream import HttpStream
from replay.client.reply import Arrival, Reply, whole_chunks

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


class Cut(HttpStream):
    """Its reads are given."""

    def __init__(self, reads: list[bytes]) -> None:
        super().__init__("127.0.0.1", 1, tls=False)
        self._reads, self._at = iter(reads), 0
        self._socket = SimpleNamespace(settimeout=lambda s: None, sendall=lambda b: None, close=lambda: None)

    def _read(self, not_before_s: float) -> tuple[Arrival, bytes]:
        self._at += 1
        return Arrival(float(self._at), None), next(self._reads, b"")


def asked() -> h11.Connection:
    http = h11.Connection(h11.CLIENT)
    http.send(h11.Request(method="GET", target="/", headers=[("Host", "x")]))
    http.send(h11.EndOfMessage())
    return http


def chunk(data: bytes, size: str = "x", behind: bytes = b"") -> bytes:
    return format(len(data), size).encode() + behind + b"\r\n" + data + b"\r\n"


def body(rng: random.Random) -> list[bytes]:
    """With what may be taken for the end of a chunk, of a head or of an answer."""
    words = [b"a", b"\r\n", b"\n\n", b"0\r\n\r\n", b"3\r\nabc\r\n", b"data: {}\n\n", b"x" * 300, b"y" * 5000]
    return [b"".join(rng.choices(words, k=rng.randint(1, 3))) for _ in range(rng.randint(1, 8))]


def cut(rng: random.Random, data: bytes, whole: list[bytes]) -> list[bytes]:
    """In reads that end with chunks, in several of them at once, or anywhere."""
    if rng.random() < 0.6:
        reads: list[bytes] = []
        for part in whole:
            if reads and rng.random() < 0.3:
                reads[-1] += part
            else:
                reads.append(part)
        return reads
    places = sorted({0, len(data), *(rng.randrange(len(data)) for _ in range(rng.randint(1, 6)))})
    return [data[a:b] for a, b in pairwise(places)]


def test_pieces_are_those_of_h11(monkeypatch: pytest.MonkeyPatch) -> None:
    rng, without_h11 = random.Random(5), 0
    for _ in range(400):
        size, behind = rng.choice(["x", "X", "04x"]), rng.choice([b"", b"", b"", b";a=b"])
        head = HEAD if rng.random() < 0.8 else HEAD.replace(b"\r\n", b"\n")
        whole = [head, *(chunk(data, size, behind) for data in body(rng)), b"0\r\n\r\n"]
        reads = cut(rng, b"".join(whole), whole)
        found = read(reads)
        with monkeypatch.context() as patch:
            patch.setattr("replay.client.http_stream.ends_between_chunks", lambda *_: False)
            assert read(reads) == found
        without_h11 += any(whole_chunks(data) for data in reads[1:])
    assert without_h11 > 100  # the test is about them


def read(reads: list[bytes]) -> Any:
    http, reply = asked(), Reply()
    stream = Cut(reads)
    stream.exchange(http, b"", reply)
    return reply.pieces, reply.whole, reply.done, reply.finished, http.our_state, http.their_state


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"0\r\n\r\n",
        b"1\r\na\r\n0\r\n\r\n",
        b"1\r\na\r",
        b"1\r\nab\r\n",
        b"1;x\r\na\r\n",
        b"-1\r\na\r\n",
        b"0x1\r\na\r\n",
        b"1_0\r\n" + b"a" * 16 + b"\r\n",
        b" 1\r\na\r\n",
        b"1\na\n",
        b"fffffffff\r\na\r\n",
        chunk(b"a" * 5000),
    ],
)
def test_all_else_is_left_to_h11(data: bytes) -> None:
    assert whole_chunks(data) is None


def test_what_whole_chunks_hold() -> None:
    assert whole_chunks(b"1\r\na\r\n00B\r\n\r\n0\r\n\r\nabcd\r\n") == b"a\r\n0\r\n\r\nabcd"
