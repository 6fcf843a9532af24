"""What a run costs and what fits its budget: arithmetic, no clock."""

import pytest

from analysis.files.plan import PlannedPhase
from replay.plan.budget import (
    BUDGET_TOKENS,
    LEAST_TOKENS,
    MOST_TOKENS,
    Speed,
    chain_s,
    equal_tokens,
    fit_to_budget,
    requests_of,
    solo_targets,
    tokens_for_budget,
    total_s,
    worst_case_s,
)
from replay.plan.progress import describe

USUAL = (
    PlannedPhase("phase1", 2, ("A", "B")),
    PlannedPhase("control", 2, ("A",)),
    PlannedPhase("phase2", 4, ("A", "B")),
    PlannedPhase("phase3", 8, ("A", "B")),
)
ONE_SECOND = {"A": 1.0, "B": 1.0}


def test_alike_targets_get_the_same_number_of_tokens() -> None:
    tokens = equal_tokens({"A": Speed(0.1, 0.02), "B": Speed(0.1, 0.0205)}, 2.0)
    assert tokens["A"] == tokens["B"] == 93  # 0.1 + 92 * 0.0205 = 1.99


def test_a_faster_target_answers_longer_so_that_solos_agree() -> None:
    speeds = {"fast": Speed(0.1, 0.01), "slow": Speed(0.2, 0.03)}
    tokens = equal_tokens(speeds, 2.0)
    assert tokens == {"fast": 191, "slow": 61}
    assert speeds["fast"].solo_s(191) == pytest.approx(speeds["slow"].solo_s(61), rel=0.02)


def test_a_slow_target_makes_all_solos_longer_and_a_very_fast_one_stops_at_the_most() -> None:
    tokens = equal_tokens({"slow": Speed(1.0, 0.2), "fast": Speed(0.0, 0.001)}, 2.0)
    assert tokens == {"slow": LEAST_TOKENS, "fast": MOST_TOKENS}  # 1.0 + 31 * 0.2 = 7.2 s


def test_tokens_that_seem_to_cost_nothing_are_not_asked_for_without_end() -> None:
    lump = {"A": Speed(3.0, 0.0)}
    assert equal_tokens(lump, 2.0) == {"A": LEAST_TOKENS}
    assert tokens_for_budget(USUAL[1:2], lump, 1.0) == {"A": LEAST_TOKENS}


def test_solos_take_the_targets_in_turn_over_the_whole_phase() -> None:
    plan = PlannedPhase("p", 4, ("A", "B"), 3, 3)
    assert [solo_targets(plan, gap) for gap in range(4)] == [["A"], ["B"], ["A"], ["B"]]


def test_every_target_gets_a_solo_even_where_there_are_more_targets_than_gaps() -> None:
    plan = PlannedPhase("p", 5, tuple("ABCDE"), 3, 3)
    assert {t for gap in range(4) for t in solo_targets(plan, gap)} == set("ABCDE")


def test_a_target_without_a_user_is_not_asked_alone() -> None:
    assert {t for gap in range(4) for t in solo_targets(PlannedPhase("p", 2, ("A", "B", "C")), gap)} == {
        "A",
        "B",
    }


def test_the_worst_case_is_everything_one_after_another() -> None:
    plan = PlannedPhase("p", 4, ("A", "B"), 5, 5)
    assert worst_case_s(plan, {"A": 1.0, "B": 2.0}) == pytest.approx(3 * 1 + 3 * 2 + 5 * (2 * 1 + 2 * 2))
    assert requests_of(plan) == 6 + 5 * 4
    assert total_s([plan, plan], ONE_SECOND) == 2 * worst_case_s(plan, ONE_SECOND)


def test_spacing_lengthens_the_worst_case() -> None:
    spaced = PlannedPhase("p", 3, ("A",), 3, 3, spacing_s=5.0)
    assert worst_case_s(spaced, {"A": 1.0}) == pytest.approx(4 + 3 * 11)


def test_nothing_is_cut_without_a_budget_or_within_it() -> None:
    assert fit_to_budget(USUAL, ONE_SECOND, None, keep=1) == fit_to_budget(USUAL, ONE_SECOND, 1e6, keep=1)
    assert fit_to_budget(USUAL, ONE_SECOND, 104.0, keep=1).cuts == ()  # exactly what everything takes


def test_rounds_are_cut_before_phases() -> None:
    fitted = fit_to_budget(USUAL, ONE_SECOND, 103.0, keep=1)
    assert [p.name for p in fitted.phases] == ["phase1", "control", "phase2", "phase3"]
    assert {p.max_rounds for p in fitted.phases} == {4}
    assert fitted.cuts[0] == "phase1: 4 rounds instead of 5"


def test_later_phases_go_only_when_three_rounds_are_still_too_much_and_each_is_priced() -> None:
    fitted = fit_to_budget(USUAL, ONE_SECOND, 30.0, keep=1)
    assert [p.name for p in fitted.phases] == ["phase1", "control"]
    assert {p.max_rounds for p in fitted.phases} == {3}
    assert fitted.cuts == (
        "phase1: 3 rounds instead of 5",
        "control: 3 rounds instead of 5",
        "phase3 left out: it needs up to 28 s more",
        "phase2 left out: it needs up to 16 s more",
    )


def test_the_first_phase_is_kept_whatever_the_budget() -> None:
    assert [p.name for p in fit_to_budget(USUAL, ONE_SECOND, -5.0, keep=1).phases] == ["phase1"]
    assert fit_to_budget(USUAL, ONE_SECOND, 0.0, keep=0).phases == ()


def test_answers_are_shortened_before_anything_else_and_not_below_the_least() -> None:
    speeds = {"A": Speed(0.1, 0.02), "B": Speed(0.1, 0.02)}
    free = tokens_for_budget(USUAL, speeds, None)
    tight = tokens_for_budget(USUAL, speeds, 150.0)
    hopeless = tokens_for_budget(USUAL, speeds, 1.0)
    assert free["A"] == 96
    assert BUDGET_TOKENS < tight["A"] < 96
    solo_s = {t: speeds[t].solo_s(n) for t, n in tight.items()}
    assert total_s(USUAL, solo_s) + chain_s(USUAL, solo_s) <= 150
    assert set(hopeless.values()) == {BUDGET_TOKENS}
    assert tokens_for_budget((), speeds, 150.0) == free, "the plan free has no phases that must fit"


def test_the_plan_is_described_with_its_requests_its_worst_case_and_targets_left_out() -> None:
    lines = describe(
        [USUAL[0], PlannedPhase("solo3", 2, ("A", "B", "C"), 3, 8)], {"A": 1, "B": 1, "C": 1}, 150
    )
    assert lines == [
        "phase1: 2 users over 2 targets, 5 rounds, 16 requests, at most 16 s",
        "solo3: 2 users over 2 targets, 3 to 8 rounds, 25 requests, at most 25 s; "
        "no user for C: it is not measured",
        "48 requests in all, worst case 48 s if everything is serial (budget 150 s)",
    ]
    assert describe([USUAL[1]], ONE_SECOND, 0)[-1].endswith("(no budget)")
