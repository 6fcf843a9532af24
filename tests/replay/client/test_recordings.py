"""Replies recorded from real engines (tests/runs/engines): each is read with its right value.

All streams were asked for 12 tokens, the proxies for 4, the router for 3. Bodies are as a client sees them,
without the framing of chunks. However a stream is cut into reads and ends, it holds the same tokens.
"""

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from replay.client.reply import Arrival, Reply
from replay.client.response import Response, read_response
from replay.server_kinds import READERS
from tests.support.checkout import RUNS

ENGINES = RUNS / "engines"
RECORDINGS = sorted(  # the pages are tests/replay/server_kinds/test_recorded_pages.py's
    path.relative_to(ENGINES).as_posix()
    for path in (*ENGINES.rglob("POST*.txt"), *ENGINES.glob("proxies/*.txt"))
)
STREAMS = [name for name in RECORDINGS if "stream" in name or "extra_fields" in name or "proxies/" in name]
WHOLE = [name for name in RECORDINGS if "_whole" in name]
ANSWERS_AS = {  # the name in the answer
    "docker-model-runner": "model.gguf",
    "litellm-1.108.7": "small",
    "llama-cpp-python": "tiny",
    "llama-server-router": "tiny-b",
    "llama-swap": "smol.gguf",
    "ollama-0.24.0": "smol",
    "ollama-0.33.0-rc": "smol",
    "open-webui": "smol:latest",
    "proxies": "SmolLM2-135M-Instruct",
    "transformers": "acme/tiny@main",
    "vllm": "m",
    "vllm-key": "m",
}
REFUSED = {  # the server's own words
    "docker-model-runner/POST_chat_wrong_model.txt": "HTTP 404: error while getting model: get model",
    "litellm-1.108.7/POST_chat_wrong_model.txt": "HTTP 400: /chat/completions: Invalid model name passed in",
    "llama-swap/POST_chat_wrong_model.txt": "HTTP 404: no router for requested model",
    "ollama-0.24.0/POST_api_chat_foreign_host.txt": "HTTP 403: Forbidden",
    "ollama-0.24.0/POST_api_chat_wrong_model.txt": "HTTP 404: model 'no-such-model' not found",
    "ollama-0.24.0/POST_chat_wrong_model.txt": "HTTP 404: model 'no-such-model' not found",
    "ollama-0.33.0-rc/POST_api_chat_foreign_host.txt": "HTTP 403: Forbidden",
    "ollama-0.33.0-rc/POST_api_chat_wrong_model.txt": "HTTP 404: model 'no-such-model' not found",
    "ollama-0.33.0-rc/POST_chat_wrong_model.txt": "HTTP 404: model 'no-such-model' not found",
    "open-webui/POST_api_chat_completions_no_key.txt": "HTTP 401: Not authenticated",
    "open-webui/POST_api_chat_completions_wrong_model.txt": "HTTP 400: Model not found",
    "transformers/POST_chat_extra_fields.txt": "HTTP 422: Unexpected fields in the request: {'cache_prompt'",
    "transformers/POST_chat_wrong_model.txt": "HTTP 400: Server is pinned to 'acme/tiny'",
    "vllm/POST_chat_too_long.txt": "HTTP 400: max_tokens=99999 cannot be greater than max_model_len=2048.",
    "vllm/POST_chat_wrong_model.txt": "HTTP 404: The model `no-such-model` does not exist.",
}
CUT = "the stream ended without [DONE] and without a finish_reason"  # by who recorded it
TOO_LONG = {  # 99,999 tokens were asked for: tokens that came, and why it is no answer
    "docker-model-runner/POST_chat_too_long.txt": (34, CUT),
    "litellm-1.108.7/POST_chat_too_long.txt": (63, CUT),
    "llama-cpp-python/POST_chat_too_long.txt": (56, None),
    "llama-swap/POST_chat_too_long.txt": (74, None),
    "ollama-0.24.0/POST_chat_too_long.txt": (89, CUT),
    "ollama-0.33.0-rc/POST_chat_too_long.txt": (97, CUT),
}
NO_CHAT = {  # replies of other interfaces
    "ollama-0.24.0/POST_api_embed.txt": "the answer is JSON without choices",
    "ollama-0.24.0/POST_api_show.txt": "the answer is JSON without choices",
    "ollama-0.33.0-rc/POST_api_embed.txt": "HTTP 501: This server does not support embeddings.",
    "ollama-0.33.0-rc/POST_api_show.txt": "the answer is JSON without choices",
}
TAKES_ANY_NAME = "llama-cpp-python/POST_chat_wrong_model.txt"  # it repeats whatever it is asked


def recorded(name: str) -> tuple[int, dict[str, str], bytes]:
    """Status, headers with names in lower case, body."""
    head, _, body = (ENGINES / name).read_bytes().replace(b"\r\n", b"\n").partition(b"\n\n")
    first, *lines = head.decode().splitlines()
    pairs = (line.partition(":") for line in lines)
    return int(first.split()[1]), {key.lower(): value.strip() for key, _, value in pairs}, body


def read(name: str, cuts: list[int] | None = None) -> Response:
    status, headers, body = recorded(name)
    edges = [0, *sorted(min(c, len(body)) for c in cuts or ()), len(body)]
    reply = Reply(send_s=0.0, status=status, headers=headers)
    for i, (a, b) in enumerate(pairwise(edges)):
        if body[a:b]:
            reply.pieces.append((Arrival(float(i), None), body[a:b]))
            reply.note_end(body[a:b])
    reader = "ollama" if name.startswith("ollama-") and "api_chat" in name else "openai"
    return read_response(reply, 1000.0, None, READERS[reader])


def asked(name: str) -> int:
    return {"proxies": 4, "llama-server-router": 3}.get(Path(name).parts[0], 12)


def test_no_recording_is_without_a_right_value() -> None:
    assert set(RECORDINGS) == {*STREAMS, *WHOLE, *REFUSED, *TOO_LONG, *NO_CHAT, TAKES_ANY_NAME}


@pytest.mark.parametrize("name", [n for n in (*STREAMS, TAKES_ANY_NAME) if n not in REFUSED])
def test_a_stream_holds_every_token_that_was_asked_for(name: str) -> None:
    found = read(name)
    assert (found.error, found.finish_reason, found.chunks) == (None, "length", asked(name))
    assert found.output_tokens in (asked(name), None)
    assert (found.output_tokens is None) is name.startswith("llama-cpp-python"), "it alone tells no usage"
    assert found.behind == ("http://127.0.0.1:11434" if name.startswith("litellm") else None)
    if name != TAKES_ANY_NAME:
        assert (found.answered_model or "").endswith(ANSWERS_AS[Path(name).parts[0]])


@pytest.mark.parametrize("name", WHOLE)
def test_a_whole_body_has_its_tokens_and_no_stream(name: str) -> None:
    found = read(name)
    assert (found.error, found.finish_reason, found.output_tokens) == (None, "length", 12)
    assert (found.chunks, found.first_token_s) == (None, None)


@pytest.mark.parametrize("name", REFUSED)
def test_a_refusal_reaches_the_user_in_the_words_of_the_server(name: str) -> None:
    found = read(name)
    assert found.error is not None and found.error.startswith(REFUSED[name])
    assert found.output_tokens is None


@pytest.mark.parametrize(("name", "tokens", "why"), [(n, *v) for n, v in TOO_LONG.items()])
def test_an_answer_that_was_cut_while_it_was_recorded_is_no_answer(
    name: str, tokens: int, why: str | None
) -> None:
    found = read(name)
    assert (found.chunks, found.finish_reason) == (tokens, None if why else "stop")
    assert found.error == why


@pytest.mark.parametrize(("name", "words"), NO_CHAT.items())
def test_a_reply_of_another_interface_is_no_answer(name: str, words: str) -> None:
    assert (read(name).error or "").startswith(words)


@settings(max_examples=150, deadline=None)
@given(
    name=st.sampled_from([n for n in STREAMS if n not in REFUSED]),
    cuts=st.lists(st.integers(0, 6000), max_size=30),
)
def test_however_a_recording_is_cut_into_reads_it_holds_the_same(name: str, cuts: list[int]) -> None:
    found = read(name, cuts)
    assert (found.error, found.finish_reason, found.chunks) == (None, "length", asked(name))
    assert found.arrivals is not None and 1 <= found.arrivals <= asked(name)


SHAPES = (
    b'{"content": "w"}',
    b'{"role": "assistant", "content": "w"}',
    b'{"content": null, "reasoning_content": "w"}',
    b'{"reasoning": "w"}',
    b'{"content": [{"type": "text", "text": "w"}]}',
    b'{"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "w"}]}]}',
    b'{"something_new": {"deep": ["w"]}}',
)
NO_TOKENS = (b'{"role": "assistant", "content": ""}', b'{"content": null}', b"{}")
ENDS = (  # what follows the last token
    b'data: {"id": "1", "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}\n\ndata: [DONE]\n\n',
    b'data: {"id": "1", "choices": [{"index": 0, "delta": {}, "finish_reason": "eos_token"}]}\n\n',
    b'data: {"id": "1", "choices": [{"index": 0, "delta": {}, "finish_reason": null}]}\n\ndata: [DONE]\n\n',
    b"data: [DONE]\n\n",
    b"data:[DONE]",
    b": bye\n\ndata: [DONE]\n",
)
LINE_ENDS = (b"\n", b"\r\n", b"\r")


@settings(max_examples=300, deadline=None)
@given(
    deltas=st.lists(st.sampled_from((*SHAPES, *NO_TOKENS)), min_size=1, max_size=12),
    end=st.sampled_from(ENDS),
    line_end=st.sampled_from(LINE_ENDS),
    blank=st.sampled_from((b"", b" ")),
    cuts=st.lists(st.integers(0, 1500), max_size=12),
)
def test_any_shape_any_end_and_any_cut_hold_the_tokens_that_were_sent(
    deltas: list[bytes], end: bytes, line_end: bytes, blank: bytes, cuts: list[int]
) -> None:
    tokens = sum(delta in SHAPES for delta in deltas)
    event = b'data:%b{"id": "1", "model": "m", "choices": [{"index": 0, "delta": %b}]}\n\n'
    body = (b"".join(event % (blank, d) for d in (SHAPES[0], *deltas)) + end).replace(b"\n", line_end)
    edges = [0, *sorted(min(c, len(body)) for c in cuts), len(body)]
    reply = Reply(send_s=0.0, status=200)
    for i, (a, b) in enumerate(pairwise(edges)):
        if body[a:b]:
            reply.pieces.append((Arrival(float(i), None), body[a:b]))
            reply.note_end(body[a:b])
    assert reply.done or reply.finished
    found = read_response(reply, 99.0, None)
    assert (found.error, found.chunks) == (None, tokens + 1)


def test_a_token_that_speaks_of_the_end_is_not_the_end() -> None:
    reply = Reply(send_s=0.0, status=200)
    reply.note_end(b'data: {"choices": [{"index": 0, "delta": {"content": "data: [DONE]"}}]}\n\n')
    assert not reply.done
    reply.note_end(b"data: [DO")
    reply.note_end(b"NE]")
    assert reply.done
