"""An answer to a request for embeddings: a vector for each text, or an error of one line."""

import base64
import json
import struct
from typing import Any

import pytest

from replay.client.reply import Arrival, Reply
from replay.client.response import Response, read_response
from replay.server_kinds import READERS

VECTOR = [0.25, -1.0, 3]
BASE64 = base64.b64encode(struct.pack("<3f", *VECTOR)).decode()


def read(body: Any, texts: int = 2, reader: str = "embeddings", status: int = 200) -> Response:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    pieces = [(Arrival(1.0, None), data[:5]), (Arrival(2.0, None), data[5:])]
    reply = Reply(send_s=0.0, status=status, pieces=pieces, whole=True)
    return read_response(reply, 2.0, None, READERS[reader], texts)


def openai(*vectors: Any, **more: Any) -> dict[str, Any]:
    data = [{"object": "embedding", "index": i, "embedding": v} for i, v in enumerate(vectors)]
    return {"object": "list", "data": data, "model": "m", "usage": {"prompt_tokens": 9}} | more


def test_an_answer_has_as_many_vectors_as_texts_and_no_tokens() -> None:
    found = read(openai(VECTOR, VECTOR))
    assert (found.error, found.vectors, found.output_tokens, found.chunks) == (None, 2, None, None)
    assert (found.answered_model, found.prompt_tokens, found.first_token_s) == ("m", 9, None)


def test_ollamas_own_interface_is_read_with_the_time_to_load() -> None:
    body = {"model": "m", "embeddings": [VECTOR, VECTOR], "load_duration": 5e8, "prompt_eval_count": 4}
    found = read(body, reader="ollama-embed")
    assert (found.error, found.vectors, found.prompt_tokens, found.server_load_s) == (None, 2, 4, 0.5)


@pytest.mark.parametrize(
    "vector",
    [BASE64, [VECTOR, VECTOR], [1, 2]],
    ids=["encoding_format base64", "a vector per token, not pooled", "whole numbers"],
)
def test_vectors_come_in_several_forms(vector: Any) -> None:
    assert read(openai(vector, vector)).error is None


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (openai(VECTOR), "1 whole vector for 2 texts"),
        (openai(VECTOR, VECTOR, VECTOR), "3 whole vectors for 2 texts"),
        (openai(VECTOR, []), "1 whole vector for 2 texts"),
        (openai(VECTOR, None), "1 whole vector for 2 texts"),
        (openai(VECTOR, [0.1, None, 0.2]), "1 whole vector for 2 texts"),
        (openai(VECTOR, [0.1]), "1 whole vector for 2 texts"),
        (openai(BASE64, "no base64!"), "1 whole vector for 2 texts"),
        (openai([float("nan")] * 3, VECTOR), "1 whole vector for 2 texts"),
        (openai(), "0 whole vectors for 2 texts"),
        ({"data": {}}, "the answer is JSON without vectors"),
        ({"object": "list", "choices": None}, "the answer is JSON without vectors"),
        ({"error": {"message": "input is too large"}}, "input is too large"),
        (openai(VECTOR, VECTOR, error="half of it failed"), "half of it failed"),
        (b"", "the answer is empty"),
        (b"<html>no</html>", "the answer is neither a stream nor JSON: '<html>no</html>'"),
        (b"[[0.1, 0.2]]", "the answer is neither a stream nor JSON: '[[0.1, 0.2]]'"),
    ],
)
def test_what_is_not_a_vector_for_each_text_is_an_error(body: Any, error: str) -> None:
    assert read(body).error == error


def test_a_refusal_keeps_the_servers_own_words() -> None:
    words = "This server does not support embeddings. Start it with `--embeddings`"
    found = read({"error": {"code": 501, "message": words}}, status=501)
    assert found.error == f"HTTP 501: {words}" and found.vectors is None
