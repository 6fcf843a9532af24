"""Nine in ten is shown by count, by room or by higher levels; never by luck, never by one wave."""

import math
import random
from functools import cache

import pytest
from scipy.stats import nct, norm

from analysis.capacity.answers import Answer
from analysis.capacity.levels import Level
from analysis.capacity.shown import Pace, by_count, by_room, design_effect, refuted, shown, tolerance_factor
from analysis.thresholds import LADDERS, ROOM_LEVEL


def answers(margins: list[float], every_s: float = 1.0, lasts_s: float = 2.0) -> tuple[Answer, ...]:
    return tuple(
        Answer("a", i * every_s, i * every_s + lasts_s, None, None, 10, None, False, False, margin)
        for i, margin in enumerate(margins)
    )


def level(margins: list[float], users: int = 2, **times: float) -> Level:
    made = answers(margins, **times)
    return Level(users, 1, made, made, 60.0)


@pytest.mark.parametrize(("confidence", "ladder"), LADDERS.items())
def test_who_looks_after_every_answer_is_wrong_as_seldom_as_the_ladder_says(
    confidence: float, ladder: tuple[int, ...]
) -> None:
    """Exactly, by dynamic programming, at a true share of 0.9; three misses only where levels are pooled."""

    @cache
    def wrong(n: int, misses: int) -> float:
        if misses < len(ladder) and n >= ladder[misses]:
            return 1.0
        if misses >= len(ladder) or n >= ladder[-1]:
            return 0.0
        return 0.9 * wrong(n + 1, misses) + 0.1 * wrong(n + 1, misses + 1)

    assert wrong(0, 0) <= (1 - confidence) * 1.16


def test_the_tolerance_factor_is_that_of_the_noncentral_t() -> None:
    for n in (8, 22, 60):
        exact = nct.ppf(ROOM_LEVEL, n - 1, norm.ppf(0.9) * math.sqrt(n)) / math.sqrt(n)
        assert tolerance_factor(n) == pytest.approx(exact, rel=1e-3)


def test_answers_without_a_miss_show_it_at_the_first_step_of_the_ladder() -> None:
    rng = random.Random(1)
    found = by_count(answers([rng.uniform(0.0, 0.2) for _ in range(53)]), Pace(2.2))
    assert found is not None
    assert (found.met, found.of, found.confidence) == (53, 53, 0.99)


def test_one_answer_less_shows_it_with_less_confidence() -> None:
    found = by_count(answers([0.1, 0.2] * 26), Pace(2.2))
    assert found is not None
    assert found.confidence == 0.95


def test_far_from_the_target_22_answers_are_enough() -> None:
    assert by_room(answers([1.0, 1.1] * 11), Pace(2.2)) is not None


def test_near_the_target_room_shows_nothing() -> None:
    assert by_room(answers([0.05, 0.4] * 11), Pace(2.2)) is None


def test_one_miss_leaves_no_room() -> None:
    assert by_room(answers([1.0, 1.1] * 11 + [-0.1]), Pace(2.2)) is None


def test_one_wave_shows_nothing() -> None:
    assert (
        shown(level([1.0, 1.1] * 11, every_s=0.0, lasts_s=9.0), [], lower_missed=False, pace=Pace()) is None
    )


def test_a_miss_below_bars_room() -> None:
    far = level([1.0, 1.1] * 11)
    assert shown(far, [], lower_missed=False, pace=Pace(2.2)) is not None
    assert shown(far, [], lower_missed=True, pace=Pace(2.2)) is None


def test_answers_of_a_higher_level_show_a_lower_one() -> None:
    below, above = level([0.01, 0.3] * 10), level([0.01, 0.3] * 17, users=4)
    found = shown(below, [above], lower_missed=True, pace=Pace(2.2))
    assert found is not None
    assert (found.of, found.by) == (54, "pooled")


def test_two_misses_of_three_refute_and_one_of_three_does_not() -> None:
    assert refuted(met=0, of=2)
    assert not refuted(met=2, of=3)


def test_independent_answers_are_worth_one_each() -> None:
    rng = random.Random(3)
    levels = [answers([rng.gauss(0, 0.1) for _ in range(60)], 0.3) for _ in range(200)]
    effects = [design_effect(made, Pace(2.0)) for made in levels]
    assert sum(effects) / len(effects) < 1.3
    assert sorted(effects)[100] == 1.0


def test_answers_of_a_machine_that_wanders_are_worth_less() -> None:
    margins = [0.3 * math.sin(i / 8) for i in range(60)]
    assert design_effect(answers(margins, 0.3), Pace(2.0)) > 4
