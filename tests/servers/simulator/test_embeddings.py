"""The simulator speaks OpenAI's and Ollama's embeddings, whatever its policy."""

import json
import urllib.error
import urllib.request
from typing import Any

import pytest

from servers.queue_model import POLICIES
from servers.simulator import wire
from tests.support.serving import servers


def post(url: str, body: Any) -> Any:
    request = urllib.request.Request(url, json.dumps(body).encode())
    with urllib.request.urlopen(request, timeout=10) as reply:
        return json.load(reply)


def test_every_policy_answers_both_interfaces_with_a_vector_for_each_text() -> None:
    port = {"ttft_s": 0.005, "tpot_s": 0.001}
    machines = [{"policy": policy, "ports": [port]} for policy in POLICIES]
    with servers("simulate", "--farm", json.dumps({"machines": machines})) as s:
        for url in s.urls:
            openai = post(f"{url}/v1/embeddings", {"input": ["a b", "c"], "model": "simulated"})
            assert [len(item["embedding"]) for item in openai["data"]] == [wire.DIMENSIONS] * 2
            assert openai["usage"]["prompt_tokens"] == 3
            ollama = post(f"{url}/api/embed", {"input": "a b"})
            assert [len(vector) for vector in ollama["embeddings"]] == [wire.DIMENSIONS]
        with pytest.raises(urllib.error.HTTPError, match="400"):
            post(f"{s.urls[0]}/v1/embeddings", {"input": []})


@pytest.mark.parametrize("body", [{}, {"input": []}, {"input": [1]}, {"input": {"a": 1}}, [], None])
def test_what_is_no_list_of_texts_is_refused(body: Any) -> None:
    with pytest.raises(wire.BadRequest, match="'input' must be"):
        wire.read_texts(body, ["m"])


def test_a_text_is_as_much_work_as_a_token() -> None:
    ask = wire.read_texts({"input": ["a b", "c"]}, ["m"])
    assert (ask.max_tokens, ask.prompt_tokens, ask.stream, ask.embeds) == (2, 3, False, True)
