"""What an answer says: a failure is an `error`, a missing number is None, nothing raises."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.files.request_record import same_model
from replay.client.reply import Arrival, Reply
from replay.client.response import Response, read_response

DONE = b"data: [DONE]\n\n"


def sse(**chunk: Any) -> bytes:
    return b"data: " + json.dumps(chunk).encode() + b"\n\n"


def token(text: str = "x", finish: Any = None) -> bytes:
    return sse(choices=[{"delta": {"content": text}, "finish_reason": finish}])


def read(*pieces: bytes, status: int | None = 200, problem: str | None = None, **headers: str) -> Response:
    arrivals = [(Arrival(float(i), None), piece) for i, piece in enumerate(pieces, start=1)]
    head = {name.replace("_", "-"): value for name, value in headers.items()}
    reply = Reply(send_s=0.0, status=status, headers=head, pieces=arrivals)
    return read_response(reply, 9.0, problem)


def test_tokens_have_the_instants_of_their_pieces() -> None:
    answer = read(token("a"), token("b"), b": ping\n\n", token("c"), DONE)
    assert (answer.first_token_s, answer.last_token_s, answer.end_s) == (1.0, 4.0, 9.0)
    assert (answer.chunks, answer.longest_gap_s, answer.error) == (3, 2.0, None)


@pytest.mark.parametrize(
    "chunk",
    [
        {"choices": []},
        {"choices": [{"delta": {"role": "assistant"}}]},
        {"choices": [{"delta": {"content": ""}}]},
        {"choices": [{"delta": {"content": None, "reasoning_content": None}}]},
        {"choices": [{"delta": {"content": 5}}]},
        {"choices": [{"delta": None}]},
        {"choices": [{"delta": {}}], "prompt_progress": {"processed": 3}},
        {"choices": None},
        {"choices": [None]},
    ],
)
def test_what_brings_no_text_is_no_first_token(chunk: dict[str, Any]) -> None:
    assert read(sse(**chunk), token(), DONE).first_token_s == 2.0


@pytest.mark.parametrize("key", ["content", "reasoning_content", "reasoning"])
def test_reasoning_counts_as_text(key: str) -> None:
    assert read(sse(choices=[{"delta": {key: "x"}}]), DONE).first_token_s == 1.0


def test_text_of_the_old_completions_endpoint_counts() -> None:
    assert read(sse(choices=[{"text": "x"}]), DONE).chunks == 1


def test_a_stream_may_end_by_done_or_by_a_finish_reason_but_by_neither_it_is_an_error() -> None:
    assert read(token(), DONE).error is None
    assert read(token(finish="stop")).error is None
    assert read(token()).error == "the stream ended without [DONE] and without a finish_reason"


def test_a_stream_without_text_is_an_error_unless_the_server_counted_tokens() -> None:
    assert read(DONE).error == "the stream ended without any text"
    assert read(sse(choices=[], usage={"completion_tokens": 3}), DONE).error is None


def test_counts_and_times_of_the_server_are_read() -> None:
    usage = {"prompt_tokens": 9, "completion_tokens": 1}
    timings = {"prompt_ms": 1500, "predicted_ms": 250.5, "cache_n": 4}
    answer = read(token(finish="stop"), sse(choices=[], usage=usage, timings=timings), DONE)
    assert (answer.prompt_tokens, answer.output_tokens, answer.cached_tokens) == (9, 1, 4)
    assert (answer.server_prefill_s, answer.server_decode_s) == (1.5, 0.2505)


def test_cached_tokens_of_usage_go_before_those_of_timings_even_if_zero() -> None:
    usage = {"prompt_tokens_details": {"cached_tokens": 0}}
    assert read(token(), sse(usage=usage, timings={"cache_n": 4}), DONE).cached_tokens == 0


@pytest.mark.parametrize("wrong", ["9", -1, 1.5, True, None, [], {}])
def test_numbers_of_another_kind_are_missing_numbers(wrong: Any) -> None:
    answer = read(sse(usage={"prompt_tokens": wrong}, timings={"prompt_ms": str(wrong)}), DONE)
    assert answer.prompt_tokens is None
    assert answer.server_prefill_s is None


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b'{"error": "Unexpected endpoint"}', "Unexpected endpoint"),
        (b'{"error": {"message": "a\\n\\n b"}}', "a b"),
        (b'{"error": {"code": 3}}', "an unnamed error, code 3"),
        (b'data: {"error": {"message": "full"}}\n\n', "full"),
        (b'{"status": "ok"}', "the answer is JSON without choices"),
        (b'{"choices": [', "the answer is JSON without choices"),
        (b"<html>hi</html>", "the answer is neither a stream nor JSON: '<html>hi</html>'"),
        (b"data: {nope\n\ndata: [DONE]\n\n", "an event of the stream is no JSON object: '{nope'"),
        (b"data: 5\n\ndata: [DONE]\n\n", "an event of the stream is no JSON object: '5'"),
        (b"", "the answer is empty"),
    ],
)
def test_what_is_no_completion_under_status_200_is_an_error(body: bytes, error: str) -> None:
    assert read(body).error == error


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (404, b'{"error": {"message": "model \'x\' not found"}}', "HTTP 404: model 'x' not found"),
        (404, b'{"detail": "Not Found"}', "HTTP 404: Not Found"),
        (503, b'{"error": {"code": 503, "message": "Loading model"}}', "HTTP 503: Loading model"),
        (502, b"<p>bad\ngateway</p>", "HTTP 502: bad gateway"),
        (500, b"", "HTTP 500: Internal Server Error"),
        (599, b"", "HTTP 599: no reason"),
    ],
)
def test_a_refusal_says_status_and_reason(status: int, body: bytes, error: str) -> None:
    assert read(body, status=status).error == error


def test_a_compressed_answer_is_refused() -> None:
    assert "gzip encoded" in str(read(b"\x1f\x8b", content_encoding="gzip").error)


def test_the_words_of_the_server_go_before_the_cut_they_explain() -> None:
    assert read(token(), sse(error="full"), problem="closed").error == "full"
    assert read(token(), problem="closed").error == "closed"


def test_what_a_server_writes_fits_on_one_writable_line() -> None:
    lone_surrogate = b'{"error": "\\ud800 \\u0000' + b"x" * 999 + b'"}'
    error = str(read(lone_surrogate).error)
    assert len(error) == 200
    assert error.encode().startswith(b"? xxx")


KEYS = st.sampled_from(
    [
        *("choices", "delta", "content", "finish_reason", "error", "message", "model"),
        *("usage", "prompt_tokens_details", "cached_tokens", "completion_tokens"),
        *("timings", "prompt_ms"),
    ]
)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize(
    "name", ["/home/u/" + "deep/" * 60 + "M.gguf", "My  Models/x.gguf", "Ünï/模型:🦙", " m "]
)
def test_a_model_whose_name_is_long_or_odd_is_the_one_that_was_asked_for(name: str) -> None:
    chunk = {"model": name, "choices": [{"delta": {"content": "w"}}]}
    response = read(sse(**chunk), DONE)
    assert response.answered_model == name
    assert same_model(name, response.answered_model)


@given(st.lists(st.dictionaries(KEYS, ANYTHING, max_size=4), max_size=4), st.booleans())
def test_no_document_can_make_the_reader_raise(documents: list[Any], streamed: bool) -> None:
    bodies = [json.dumps(document).encode() for document in documents]
    answer = read(*[b"data: %s\n\n" % body for body in bodies] if streamed else bodies)
    assert answer.http_status == 200


@given(st.lists(st.binary(max_size=30)), st.sampled_from([None, 200, 404]))
def test_no_bytes_can_make_the_reader_raise(pieces: list[bytes], status: int | None) -> None:
    assert read(*pieces, status=status).error is not None


def test_deep_nesting_is_no_crash() -> None:
    assert read(b"data: " + b"[" * 100_000 + b"\n\n").error is not None
