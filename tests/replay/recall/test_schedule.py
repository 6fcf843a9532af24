"""What a phase of kind `right` asks: every pair alone and at each level, in full rounds, and enough codes."""

import pytest

from replay.recall import schedule
from replay.recall.codes import MOST_CODES
from replay.scenario.schema.phase import RightPhase


@pytest.mark.parametrize("users", [2, 3, 5, 8, 24])
def test_each_level_asks_every_pair_in_full_rounds(users: int) -> None:
    batches = schedule.level(range(24), users, 24, first_round=7)
    assert {len(b.pairs) for b in batches} == {users}
    assert {pair for b in batches for pair in b.pairs} == set(range(24))
    assert [b.round for b in batches] == list(range(7, 7 + len(batches)))
    assert {b.part_of_row for b in batches} == {str(users)}
    assert all(len(set(b.pairs)) == users for b in batches), "no pair twice at once"


def test_open_questions_are_asked_alone_twice_and_then_together() -> None:
    batches = schedule.same_texts()
    assert [len(b.pairs) for b in batches] == [1] * 16 + [8]
    assert {b.round for b in batches[:-1]} == {0, 1} and batches[-1].round == 2


def test_most_limits_of_the_churn_leave_room_for_a_code() -> None:
    limits = schedule.churn_limits(48, seed=3)
    assert len(limits) == 72 and set(limits) == {4, 16, 64}
    assert limits == schedule.churn_limits(48, seed=3) != schedule.churn_limits(48, seed=4)


@pytest.mark.parametrize(
    ("pairs", "users"),
    [(48, (2, 3, 4, 8)), (240, (2, 3, 4, 8)), (96, tuple(range(2, 13))), (100, (99, 98, 97))],
)
def test_a_phase_that_is_allowed_has_enough_codes(pairs: int, users: tuple[int, ...]) -> None:
    RightPhase(name="right", kind="right", pairs=pairs, users=users)
    assert schedule.codes_needed(pairs, users) <= MOST_CODES


def test_a_phase_with_too_many_is_refused() -> None:
    with pytest.raises(ValueError, match="take fewer pairs"):
        RightPhase(name="right", kind="right", pairs=240, users=(2, 3, 4, 5, 200))
    with pytest.raises(ValueError, match="raise pairs"):
        RightPhase(name="right", kind="right", pairs=10, users=(12,))
