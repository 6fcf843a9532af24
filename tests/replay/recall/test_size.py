"""What a small budget leaves out of a phase of kind `right`, in its order."""

from itertools import pairwise

from analysis.files.plan import PlannedRight
from replay.recall.size import FEW_PAIRS, sizes_of

PLAN = PlannedRight("right", ("A",))


def test_open_questions_go_first_then_pairs_churn_and_numbers_of_users() -> None:
    sizes = sizes_of(PLAN)
    assert (sizes[0].pairs, sizes[0].levels, sizes[0].churn, sizes[0].texts) == (48, (2, 3, 4, 8), True, True)
    assert (sizes[-1].pairs, sizes[-1].levels, sizes[-1].churn) == (FEW_PAIRS, (2,), False)
    costs = [size.requests(PLAN.max_tokens) for size in sizes]
    assert all(a > b for a, b in pairwise(costs))


def test_few_pairs_are_never_more_than_were_asked_for() -> None:
    assert {s.pairs for s in sizes_of(PlannedRight("right", ("A",), pairs=12))} == {12}
