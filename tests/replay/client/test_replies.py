"""Raw replies of public reports (tests/runs/replies): a whole answer is whole, whatever its shape."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.files.request_record import RequestRecord
from replay.client.connection import Connection
from replay.client.reply import Arrival, Reply
from replay.client.request import Request, row_of
from replay.client.response import Response, read_response
from tests.support.checkout import RUNS

OPEN = ("finish-reason-then-open", "done-then-open")  # the connection stays open after the last byte


@contextmanager
def serving(name: str) -> Iterator[str]:
    """A server that answers one request with the bytes of the sample."""
    listener = socket.create_server(("127.0.0.1", 0))
    over = threading.Event()

    def answer() -> None:
        with listener.accept()[0] as connected:
            connected.recv(65536)
            connected.sendall((RUNS / "replies" / f"{name}.http").read_bytes())
            if name in OPEN:
                over.wait(10)

    thread = threading.Thread(target=answer, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        over.set()
        thread.join(5)
        listener.close()


def ask(name: str, reader: str = "openai") -> tuple[Response, str | None]:
    response, row = row_for(name, reader)
    return response, row.not_whole_because(12)


def row_for(name: str, reader: str = "openai") -> tuple[Response, RequestRecord]:
    """The response, and its row."""
    with serving(name) as url:
        connection = Connection()
        request = Request(url, {"model": "smollm2"}, 20.0, reader=reader)
        connection.prepare(request)
        response = connection.ask()
        connection.close()
    return response, row_of(request, response)


WHOLE = {  # name: tokens
    "plain-stream": 12,
    "usage-one-token-less": 12,  # 11 by its usage
    "usage-zeros": 12,
    "finish-reason-null": 10,
    "finish-reason-eos-token-no-done": 10,
    "finish-reason-then-open": 12,
    "done-then-open": 12,
    "done-without-last-chunk": 12,
    "content-list-of-parts": 12,
    "stop-on-reasoning-chunk": 12,
    "one-character-per-chunk-no-usage": 38,
    "four-tokens-per-chunk": 12,
    "usage-in-every-chunk": 12,
    "comments-with-json": 12,
    "crlf-and-pings": 12,
    "koboldcpp-http10-null-text": 12,
    "mlx-stream": 12,
    "alias-answers-as-file-name": 12,
    "loading-messages": 12,
}


@pytest.mark.parametrize("name", WHOLE)
def test_an_answer_whose_text_came_and_that_ended_properly_is_whole(name: str) -> None:
    response, row = row_for(name)
    assert (response.error, row.not_whole_because(12)) == (None, None)
    assert row.tokens == WHOLE[name]


@pytest.mark.parametrize("name", OPEN)
def test_an_answer_ends_when_it_has_ended_whatever_the_connection_does(name: str) -> None:
    began_s = time.monotonic()
    response, why = ask(name)
    assert why is None
    assert response.end_s is not None and response.last_token_s is not None
    assert response.end_s - response.last_token_s < 0.5
    assert time.monotonic() - began_s < 5


@pytest.mark.parametrize(
    ("name", "habit"),
    [
        ("finish-reason-then-open", "open"),
        ("done-then-open", "open"),
        ("done-without-last-chunk", "unfinished"),
        ("plain-stream", None),
        ("mlx-stream", None),  # HTTP/1.0: the close is the end
        ("cut-in-mid-stream", None),  # no end at all
    ],
)
def test_what_the_connection_does_behind_the_end_is_kept(name: str, habit: str | None) -> None:
    assert row_for(name)[1].after_end == habit


FAULTY = {  # name: words of the reason
    "cut-in-mid-stream": "closed the connection before the answer ended",
    "finish-reason-abort": "abort",
    "interrupted-done-without-finish-reason": "stopped after 5 tokens",
    "error-field": "exceeds the available context size",
    "error-field-mid-stream": "exceeds the available context size",
    "busy-503-nginx-html": "HTTP 503: Service Temporarily Unavailable",
    "busy-503-detail-msg": "Server is busy; please try again later.",
    "busy-503-retry-after": "Retry-After",
    "empty-200": "empty",
}


@pytest.mark.parametrize("name", FAULTY)
def test_a_fault_is_reported_in_the_words_of_the_server(name: str) -> None:
    _, why = ask(name)
    assert why is not None and FAULTY[name] in why and "{" not in why and "<" not in why


PROMPTS = {"first": 90, "later": 60, "missing": None}  # tokens of one prompt, as Ollama told them


@pytest.mark.parametrize(("which", "tokens"), PROMPTS.items())
def test_ollamas_own_stream_is_whole_whatever_it_counts_of_the_prompt(which: str, tokens: int | None) -> None:
    response, why = ask(f"ollama-prompt-count-{which}", "ollama")
    assert (response.error, why) == (None, None)
    assert (response.output_tokens, response.chunks, response.prompt_tokens) == (12, 12, tokens)


def test_every_reply_of_a_report_has_its_right_value() -> None:
    known = {*WHOLE, *FAULTY, *(f"ollama-prompt-count-{which}" for which in PROMPTS)}
    chats = {path.stem for path in (RUNS / "replies").glob("*.http") if not path.name.startswith("GET-")}
    assert chats == known


def test_messages_about_loading_are_no_tokens() -> None:
    response, _ = ask("loading-messages")
    assert response.chunks == 12


@settings(max_examples=60)
@given(st.lists(st.integers(0, 400), max_size=8))
def test_however_a_stream_is_cut_it_holds_the_same_tokens(cuts: list[int]) -> None:
    event = b'data: {"id": "1", "choices": [{"index": 0, "delta": {"content": "w"}}]}\n\n'
    body = event * 5 + b"data: [DONE]\n\n"
    edges = [0, *sorted(min(c, len(body)) for c in cuts), len(body)]
    reply = Reply(send_s=0.0, status=200)
    for i, (a, b) in enumerate(pairwise(edges)):
        if body[a:b]:
            reply.pieces.append((Arrival(float(i), None), body[a:b]))
            reply.note_end(body[a:b])
    assert reply.done
    response = read_response(reply, 9.0, None)
    assert (response.error, response.chunks) == (None, 5)


@pytest.mark.parametrize("pieces", [1, 2, 3, 6])
def test_tokens_that_share_a_packet_share_their_arrival(pieces: int) -> None:
    event = b'data: {"id": "1", "choices": [{"index": 0, "delta": {"content": "w"}}]}\n\n'
    reply = Reply(send_s=0.0, status=200)
    for i in range(pieces):
        reply.pieces.append((Arrival(float(i), None), event * (6 // pieces)))
    reply.note_end(b"data: [DONE]\n\n")
    response = read_response(reply, 9.0, None)
    assert (response.chunks, response.arrivals) == (6, pieces)


def test_how_long_a_refusal_asks_to_wait_is_a_column() -> None:
    response, _ = ask("busy-503-retry-after")
    assert response.retry_after_s == 1.0
    for unread in (b"Fri, 31 Dec 1999 23:59:59 GMT", b"-3", b"1e9", b"soon", b""):
        reply = Reply(status=503, headers={"retry-after": unread.decode()})
        assert read_response(reply, 1.0, None).retry_after_s is None
