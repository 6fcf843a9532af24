"""How much of a phase of kind `right` fits a budget: what is left out first, and what all of it costs."""

from dataclasses import dataclass

from analysis.files.plan import PlannedRight
from analysis.thresholds import FORM_TRIES
from replay.recall import schedule

FEW_PAIRS = 24  # where the budget is small


@dataclass(frozen=True, slots=True)
class Size:
    """How much of the phase is asked."""

    pairs: int
    levels: tuple[int, ...]
    churn: bool
    texts: bool

    def requests(self, tokens: int) -> float:
        """In answers of the usual length, one after another."""
        churn = schedule.churn_requests(self.pairs) if self.churn else 0
        texts = 3 * len(schedule.QUESTIONS) * schedule.TEXT_TOKENS / tokens if self.texts else 0.0
        return 2 * FORM_TRIES + self.pairs * (1 + len(self.levels)) + churn + texts


def sizes_of(plan: PlannedRight) -> list[Size]:
    """From all that is planned to the least that can say something."""
    few = min(FEW_PAIRS, plan.pairs)
    some = tuple(u for u in plan.users if u in (plan.users[0], plan.users[-1], 4))
    return [
        Size(plan.pairs, plan.users, plan.churn, True),
        Size(plan.pairs, plan.users, plan.churn, False),
        Size(few, plan.users, plan.churn, False),
        Size(few, plan.users, False, False),
        Size(few, some, False, False),
        Size(few, plan.users[:1], False, False),
    ]
