"""Prompts: no two alike, all equally long, and nothing in a body that would change the measurement."""

from hypothesis import given
from hypothesis import strategies as st

from replay.client.prompt import prompt, unique_prefix
from replay.server_kinds import Ask, openai
from replay.server_kinds.engines import llamacpp

SEEDS = st.integers(0, 10**9 - 1)


@given(SEEDS)
def test_no_two_of_ten_thousand_requests_share_their_prefix(seed: int) -> None:
    assert len({unique_prefix(seed, i) for i in range(10_000)}) == 10_000


@given(SEEDS, st.integers(0, 10**6))
def test_all_prompts_of_a_message_are_equally_long(seed: int, number: int) -> None:
    one = prompt("Tell me.", seed, number)
    assert len(one) == len(prompt("Tell me.", 0, 0))
    assert len(one.split()) == len(prompt("Tell me.", 0, 0).split())
    assert one.endswith(" Tell me.")


@given(SEEDS, st.integers(1, 10**5))
def test_neighbours_differ_within_their_first_group_of_digits(seed: int, number: int) -> None:
    assert unique_prefix(seed, number)[:4] != unique_prefix(seed, number + 1)[:4]


def test_a_body_streams_with_usage_and_has_no_seed() -> None:
    body = llamacpp.KIND.endpoints[0].body(Ask("hi", "m", 64, 0.0, {"top_k": 1}))
    assert body == {
        "model": "m",
        "messages": [{"role": "user", "content": "hi"}],
        "max_tokens": 64,
        "temperature": 0.0,
        "stream": True,
        "stream_options": {"include_usage": True},
        "cache_prompt": False,
        "ignore_eos": True,
        "top_k": 1,
    }
    assert "model" not in openai.body(Ask("hi", None, 64, 0.0))
