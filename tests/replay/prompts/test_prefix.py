"""Prompts: no two alike, all equally long, and nothing in a body that would change the measurement."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replay.prompts.prefix import prompt, request_of, unique_prefix
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


@pytest.mark.parametrize("request_id", [1, 2, 77, 5000])
def test_the_prefix_tells_whose_it_is(request_id: int) -> None:
    seed = 987_654_321
    digits = "".join(c for c in unique_prefix(seed, request_id) if c.isdigit())
    assert request_of(seed, digits) == request_id


@pytest.mark.parametrize("digits", ["123", "1234567890", "12345678x", ""])
def test_what_is_no_prefix_is_nobodys(digits: str) -> None:
    assert request_of(1, digits) is None


def test_a_slip_of_one_digit_is_no_other_requests_prefix() -> None:
    """Of a million requests, with any digit of any place changed."""
    digits = "".join(c for c in unique_prefix(5, 1000) if c.isdigit())
    slips = {digits[:i] + d + digits[i + 1 :] for i in range(9) for d in "0123456789"} - {digits}
    assert all(not 0 < (request_of(5, slip) or 0) <= 1_000_000 for slip in slips)
