"""The real clients from PyPI talk to mock servers and simulator: these are not our imagination only."""

from collections.abc import Iterator
from typing import Any

import ollama
import openai
import pytest

from replay.server_kinds import SERVER_KINDS
from tests.support.serving import MockServer, Servers, servers

TOKENS = 5
ASKED: list[Any] = [{"role": "user", "content": "Tell me of the sea."}]


@pytest.fixture(scope="module")
def simulator() -> Iterator[Servers]:
    with servers("simulate", "--ttft-s", "0.02", "--tpot-s", "0.002") as running:
        yield running


def client_of(url: str, below: str = "v1") -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{url}/{below}", api_key="none", max_retries=0)


COUNTED = (TOKENS, TOKENS - 1)  # LM Studio counts one less
NO_STREAM_USAGE = {"llama-cpp-python", "koboldcpp"}  # usage with whole answers only
BELOW = {"open-webui": "api"}  # where OpenAI's paths begin, if not at /v1


def talk(url: str, stream_usage: bool = True, below: str = "v1") -> None:
    """The client's list of models, a stream (with usage where there is any) and a whole answer."""
    with client_of(url, below) as client:
        [model] = [m.id for m in client.models.list()]
        ask: dict[str, Any] = {"model": model, "messages": ASKED, "max_tokens": TOKENS}
        chunks = list(
            client.chat.completions.create(**ask, stream=True, stream_options={"include_usage": True})
        )
        texts = [c.choices[0].delta.content for c in chunks if c.choices and c.choices[0].delta.content]
        assert len(texts) == TOKENS
        ends = [c.choices[0].finish_reason for c in chunks if c.choices]
        assert [end for end in ends if end] == ["length"]
        usage = chunks[-1].usage
        assert (usage is not None) == stream_usage
        assert usage is None or usage.completion_tokens in COUNTED
        whole = client.chat.completions.create(**ask)
        assert (whole.choices[0].message.content, whole.choices[0].finish_reason) == (
            "".join(texts),
            "length",
        )
        assert whole.usage is not None
        assert whole.usage.total_tokens - whole.usage.prompt_tokens in COUNTED


@pytest.mark.parametrize("kind", SERVER_KINDS)
def test_openais_client_talks_to_every_mock_server(mock: MockServer, kind: str) -> None:
    talk(mock(kind).urls[0], kind not in NO_STREAM_USAGE, BELOW.get(kind, "v1"))


def test_openais_client_talks_to_the_simulator(simulator: Servers) -> None:
    talk(simulator.urls[0])


def test_openais_client_names_what_went_wrong(mock: MockServer) -> None:
    for kind in ("openai", "vllm", "ollama"):
        with client_of(mock(kind).urls[0]) as client, pytest.raises(openai.NotFoundError):
            client.chat.completions.create(model="no-such", messages=[{"role": "user", "content": "x"}])
    keyed = mock("openai", "--key", "sesame").urls[0]
    with client_of(keyed) as client, pytest.raises(openai.AuthenticationError):
        client.models.list()
    with client_of(mock("vllm", "--quirk", "error-midstream").urls[0]) as client:
        stream = client.chat.completions.create(
            model="mock-model", messages=[{"role": "user", "content": "x"}], stream=True
        )
        with pytest.raises(openai.APIError, match="the model has crashed"):
            list(stream)


def test_ollamas_client_talks_to_its_mock_server(mock: MockServer) -> None:
    client = ollama.Client(host=mock("ollama").urls[0])
    assert [m.model for m in client.list().models] == ["mock-model"]
    lines = list(
        client.chat(model="mock-model", messages=ASKED, options={"num_predict": TOKENS}, stream=True)
    )
    assert [line.message.content for line in lines[:-1]] == [f" w{i}" for i in range(TOKENS)]
    last = lines[-1]
    assert (last.done, last.done_reason, last.eval_count) == (True, "length", TOKENS)
    assert last.total_duration is not None
    assert last.eval_duration is not None
    assert last.total_duration > last.eval_duration > 0
    [running] = client.ps().models
    assert (running.model, running.context_length) == ("mock-model", 4096)
    whole = client.chat(model="mock-model", messages=ASKED, options={"num_predict": TOKENS})
    assert whole.message.content == "".join(f" w{i}" for i in range(TOKENS))
    client.close()


def test_ollamas_client_names_what_went_wrong(mock: MockServer) -> None:
    client = ollama.Client(host=mock("ollama").urls[0])
    with pytest.raises(ollama.ResponseError, match="model 'no-such' not found"):
        client.chat(model="no-such", messages=ASKED)
    client.close()
    client = ollama.Client(host=mock("ollama", "--quirk", "error-midstream").urls[0])
    with pytest.raises(ollama.ResponseError, match="the model has crashed"):
        list(client.chat(model="mock-model", messages=ASKED, options={"num_predict": 9}, stream=True))
    client.close()
