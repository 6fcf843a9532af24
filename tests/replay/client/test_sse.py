"""Server-sent events: the WHATWG rules, and the same events however the bytes were cut."""

from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replay.client.sse import read_events


def data_of(*pieces: bytes) -> list[str]:
    return [data for _, data in read_events(enumerate(pieces))]


@pytest.mark.parametrize(
    ("stream", "events"),
    [
        (b"data: a\n\ndata: b\n\n", ["a", "b"]),
        (b"data: a\r\n\r\ndata: b\r\n\r\n", ["a", "b"]),
        (b"data: a\r\rdata: b\r\r", ["a", "b"]),
        (b"data: a\n\r\ndata: b\r\n\r", ["a", "b"]),
        (b"data: one\ndata: two\n\n", ["one\ntwo"]),
        (b"data:a\n\ndata:  b\n\n", ["a", " b"]),
        (b": ping\n\ndata: a\n: ping\n\n", ["a"]),
        (b"event: error\nid: 7\nretry: 5\ndata: a\n\n", ["a"]),
        (b"event: ping\n\n\n\n", []),
        (b"data\n\n", [""]),
        (b"data: a: b\n\n", ["a: b"]),
        (b"database: a\n\n", []),
        (b"\xef\xbb\xbfdata: a\n\n\xef\xbb\xbfdata: b\n\n", ["a"]),
        ("data: öäü €\n\n".encode(), ["öäü €"]),
        (b"data: \xff\n\n", ["�"]),
        (b"data: a\n\ndata: cut", ["a"]),
        (b"data: a\n\ndata: cut\n", ["a"]),
        (b"", []),
    ],
)
def test_events_follow_the_whatwg_rules(stream: bytes, events: list[str]) -> None:
    assert data_of(stream) == events


def test_an_event_has_the_stamp_of_the_piece_that_completes_it() -> None:
    pieces = [
        ("t0", b"data: a"),
        ("t1", b"b\n"),
        ("t2", b"\nda"),
        ("t3", b"ta: c\r\n\r"),
        ("t4", b"\n"),
    ]
    assert list(read_events(pieces)) == [("t2", "ab"), ("t3", "c")]


def test_events_of_one_piece_share_its_stamp() -> None:
    assert list(read_events([(1, b"data: a\n\ndata: b\n\n")])) == [(1, "a"), (1, "b")]


def cuts(stream: bytes, borders: list[int]) -> Iterator[bytes]:
    places = [0, *sorted(border % (len(stream) + 1) for border in borders), len(stream)]
    return (stream[a:b] for a, b in pairwise(places))


PARTS = st.sampled_from(
    [
        b"data: ",
        b"data:",
        b"\n",
        b"\r",
        b"\r\n",
        b"\n\n",
        b": ping",
        b"\xef\xbb\xbf",
        "ä€".encode(),
        b"x",
    ]
)


@given(st.lists(PARTS, max_size=30).map(b"".join), st.lists(st.integers(0, 200), max_size=20))
def test_the_events_do_not_depend_on_where_the_bytes_were_cut(stream: bytes, borders: list[int]) -> None:
    assert data_of(*cuts(stream, borders)) == data_of(stream)


@given(st.lists(PARTS, max_size=30).map(b"".join))
def test_byte_by_byte_an_event_is_stamped_by_its_last_byte_only(stream: bytes) -> None:
    bytewise = [(i, stream[i : i + 1]) for i in range(len(stream))]
    for stamp, data in read_events(bytewise):
        assert data_of(stream[: stamp + 1])[-1] == data
        assert len(data_of(stream[:stamp])) < len(data_of(stream[: stamp + 1]))
