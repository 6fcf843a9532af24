"""The word of a stall on servers of known truth: what stands still, for how long, in how many pieces."""

import math
from collections.abc import Callable
from dataclasses import replace

import pytest

from analysis.files.request_record import RUNNER
from analysis.prompts.finding import Finding
from analysis.prompts.stall.finding import found_in
from analysis.prompts.stall.words import StallWord
from servers.queue_model import Policy, Port
from tests.support.stalls import PLAN, TOKEN_S, Stall

SEEDS = range(20)
FROZEN = Policy(port=Port(decode_beside_prefill=0.0))
IN_PIECES = Policy(port=Port(decode_beside_prefill=0.0, piece_s=512 * TOKEN_S))
SLOWED = Policy(port=Port(decode_beside_prefill=0.3))
HARDLY = Policy(port=Port(decode_beside_prefill=0.93))
ONE_SLOT = Policy(port=Port(slots=1))


def found(stall: Stall, **how: object) -> Finding:
    stall.measure(**how)  # type: ignore[arg-type]
    return found_in(PLAN, stall.rows, stall.arrivals)


@pytest.mark.parametrize(
    ("policy", "word"),
    [
        (FROZEN, StallWord.FROZEN),
        (IN_PIECES, StallWord.IN_PIECES),
        (SLOWED, StallWord.SLOWED),
        (HARDLY, StallWord.HARDLY),
        (ONE_SLOT, StallWord.QUEUED),
    ],
    ids=lambda value: value.value if isinstance(value, StallWord) else "",
)
def test_each_kind_of_server_gets_its_word_whatever_the_noise(policy: Policy, word: StallWord) -> None:
    tokens = 120 if word is StallWord.QUEUED else 400
    sizes = (256, 2000)
    words = {found(Stall(policy, 0.15, seed=seed, tokens=tokens), sizes=sizes).word for seed in SEEDS}
    assert words == {word}


def test_a_machine_that_slows_down_threefold_is_still_frozen_for_as_long_as_it_reads() -> None:
    for seed in SEEDS:
        judged = found(Stall(FROZEN, jitter=0.15, drift=3.0, seed=seed))
        assert judged.word is StallWord.FROZEN
        shares = [size["stall_share"]["value"] for size in judged.figures["sizes"]]
        assert all(0.9 <= share <= 1.05 for share in shares)


def test_the_size_of_a_piece_and_the_sum_are_named() -> None:
    judged = found(Stall(IN_PIECES), sizes=(256, 4096))
    largest = judged.figures["sizes"][-1]
    assert largest["read_at_a_time"] == pytest.approx(512, rel=0.15)
    assert largest["standstills"] == pytest.approx(4096 / 512, abs=1)
    assert "8 times" in judged.sentences[0] and "s in all" in judged.sentences[0]


def test_the_pace_that_the_others_keep_is_the_one_that_the_server_leaves_them() -> None:
    sizes = found(Stall(SLOWED), sizes=(1000, 4000)).figures["sizes"]
    assert [size["pace_kept"]["value"] for size in sizes] == pytest.approx([0.3] * len(sizes), abs=0.03)


@pytest.mark.parametrize(
    ("shared", "place"), [(1.0, "helps"), (math.inf, "costs-nothing")], ids=["shares the chip", "its own"]
)
def test_a_port_of_its_own_for_long_prompts(shared: float, place: str) -> None:
    judged = found(Stall(Policy(compute=shared), newcomer_port=1))
    assert judged.figures["newcomer"] == {"target": PLAN.newcomer, "verdict": place}


def test_a_lock_over_both_ports_is_no_help() -> None:
    locked = Policy(slots=1)
    stall = Stall(locked, newcomer_port=1, tokens=120)
    assert found(stall).word is StallWord.QUEUED


def test_the_price_of_the_long_prompt_is_what_it_takes_longer_beside_others() -> None:
    """Two streams share one stream's worth of compute: the reading takes twice as long."""
    (first, *_) = found(Stall(Policy(compute=1)), runners=(1,)).figures["sizes"]
    assert first["price"]["value"] == pytest.approx(2.0, abs=0.1)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda stall: stall.arrivals.clear(),
        lambda stall: stall.arrivals.update({key: at[:5] for key, at in stall.arrivals.items()}),
        lambda stall: setattr(stall, "rows", [replace(r, error="HTTP 500") for r in stall.rows]),
        lambda stall: setattr(stall, "rows", [r for r in stall.rows if r.kind != RUNNER]),
    ],
    ids=["no tokens known", "too few before", "all failed", "nobody ran"],
)
def test_what_cannot_be_seen_is_unknown(spoil: Callable[[Stall], None]) -> None:
    stall = Stall(FROZEN)
    stall.measure()
    spoil(stall)
    judged = found_in(PLAN, stall.rows, stall.arrivals)
    assert judged.word is StallWord.UNKNOWN
    assert not judged.word.decided and judged.sentences[0].startswith("Nothing can be said")


def test_a_size_that_the_context_does_not_hold_ends_the_list_and_is_no_failure() -> None:
    stall = Stall(FROZEN)
    stall.measure()
    last = replace(stall.rows[-1], round=9_000, error="HTTP 400: too long", http_status=400)
    assert found_in(PLAN, [*stall.rows, last], stall.arrivals).word is StallWord.FROZEN


def test_a_prompt_that_was_in_the_cache_makes_it_unknown() -> None:
    stall = Stall(FROZEN)
    stall.measure()
    rows = [replace(r, cached_tokens=500) if r.prompt_words == 1000 else r for r in stall.rows]
    assert found_in(PLAN, rows, stall.arrivals).word is StallWord.UNKNOWN
