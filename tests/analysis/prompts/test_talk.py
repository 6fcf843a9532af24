"""The word of a conversation on caches of known truth: what is kept, for how many, and how it is known."""

from dataclasses import replace

import pytest

from analysis.files.plan import IN_TURN
from analysis.prompts.finding import Finding
from analysis.prompts.talk.finding import found_in
from analysis.prompts.talk.words import TalkWord
from tests.support.talks import PLAN, Talk

SEEDS = range(20)


def found(talk: Talk, slots: int | None = None) -> Finding:
    return found_in(PLAN, talk.rows, "llamacpp", slots)


def condition(judged: Finding, name: str) -> bool | None:
    return next(c.passed for c in judged.conditions if c.name == name)


@pytest.mark.parametrize("tells", ["usage", "none", "zero"])
def test_two_slots_keep_two_people_and_lose_three_however_the_server_tells_it(tells: str) -> None:
    for seed in SEEDS:
        judged = found(Talk(tells=tells, jitter=0.05, seed=seed).measure())
        assert (judged.word, judged.figures["warm"], judged.figures["lost_at"]) == (TalkWord.KEPT, 2, 3)
        assert judged.figures["told_by"] == ("timings" if tells == "usage" else "time")


def test_a_server_that_tells_zero_where_it_kept_all_is_found_out() -> None:
    assert condition(found(Talk(tells="zero").measure()), "cache told truly") is False
    assert condition(found(Talk(tells="usage").measure()), "cache told truly") is True
    assert condition(found(Talk(tells="none").measure()), "cache told truly") is None


@pytest.mark.parametrize(
    ("talk", "word"),
    [
        ({"slots": 1}, TalkWord.LOST),
        ({"slots": 1, "host": 6}, TalkWord.KEPT),
        ({"slots": 4, "caches": False}, TalkWord.NEVER),
    ],
    ids=["one slot", "one slot and a host cache", "no cache"],
)
def test_each_kind_of_cache_gets_its_word(talk: dict[str, int], word: TalkWord) -> None:
    words = {found(Talk(**talk, jitter=0.05, seed=s).measure((2,))).word for s in SEEDS}  # type: ignore[arg-type]
    assert words == {word}


def test_six_prompts_in_the_hosts_memory_keep_six_conversations_warm_and_lose_the_seventh() -> None:
    for seed in SEEDS:
        talk = Talk(slots=1, host=6, seed=seed).measure((2, 6, 8), (IN_TURN,))
        judged = found(talk)
        assert (judged.figures["warm"], judged.figures["lost_at"]) == (6, 8)


@pytest.mark.parametrize(
    ("similarity", "word"), [(0.1, TalkWord.TAKEN_OVER), (0.6, TalkWord.KEPT)], ids=["alike", "apart"]
)
def test_a_common_system_message_loses_histories_where_a_tenth_in_common_is_alike(
    similarity: float, word: TalkWord
) -> None:
    for seed in SEEDS:
        talk = Talk(similarity=similarity, seed=seed).measure((2,), ())
        assert found(talk.part("system", 2, system=200), slots=2).word is word


def test_a_lost_turn_is_lost_although_a_system_message_was_in_the_cache() -> None:
    """Without what everybody has in common it would read 40 % kept."""
    judged = found(Talk(similarity=0.1).measure((2,), ()).part("system", 2, system=300), slots=2)
    (row,) = [row for row in judged.figures["rows"] if row["order"] == "system"]
    assert (row["users_kept"], row["turns_kept"]) == (0, 0)


def test_histories_that_come_back_late_because_others_are_served_first_are_kept() -> None:
    judged = found(Talk(slots=1, host=6).measure((2,)))
    assert judged.word is TalkWord.KEPT
    (together,) = [row for row in judged.figures["rows"] if row["order"] == "together"]
    assert together["users_kept"] == 2 and together["first_token_s"]["max"] > 1


def test_one_stranger_between_turns_is_enough_on_one_slot() -> None:
    judged = found(Talk(slots=1).measure((2,), ()).part("stranger", 1))
    assert judged.word is TalkWord.LOST
    assert "One unrelated request" in judged.notes[0]


def test_what_is_neither_told_nor_slow_enough_to_be_timed_is_unknown() -> None:
    talk = Talk(tells="none").measure()
    rows = [replace(r, first_token_s=(r.send_s or 0) + 0.05) for r in talk.rows]
    judged = found_in(PLAN, rows)
    assert judged.word is TalkWord.UNKNOWN
    assert judged.figures["told_by"] is None


def test_a_history_that_the_server_cuts_is_no_lost_cache() -> None:
    talk = Talk().measure()
    rows = [replace(r, prompt_tokens=200) if (r.turn or 0) > 2 else r for r in talk.rows]
    judged = found_in(PLAN, rows)
    assert judged.word is TalkWord.UNKNOWN
    assert condition(judged, "history grew") is False


def test_some_kept_and_some_lost_is_partly() -> None:
    talk = Talk().measure((2,), (IN_TURN,))
    second = [r for r in talk.rows if r.part == "in-turn 2"][1::2]
    lost = {r.request_id for r in second}
    rows = [
        replace(r, cached_tokens=0, first_token_s=(r.send_s or 0) + 0.9) if r.request_id in lost else r
        for r in talk.rows
    ]
    assert found_in(PLAN, rows).word is TalkWord.PARTLY
