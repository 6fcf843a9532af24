"""Each number of users beside the same alone: what was lost, what was garbled, and is it chance?"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from analysis.prompts.right.answers import Recalled, by_pair, foreign, streams_together
from analysis.prompts.right.exact import at_most, changed_pairs_p, holm, larger_share_p
from analysis.thresholds import REPORT_LEVEL, RIGHT_LOOK


@dataclass(frozen=True, slots=True)
class RightLevel:
    """So many at once, beside the same codes alone; in `churn` beside all that were asked alone."""

    users: int
    churn: bool
    right: int
    n: int
    alone: int  # of the same codes, right alone
    lost: int  # right alone, wrong together; in churn: wrong
    gained: int
    p: float  # that this is chance
    garbled: int
    garbled_p: float
    foreign_open: int
    foreign_ended: int
    together: float | None  # share of the rounds in which two answers were written at the same time
    worse: bool = False  # surely
    broken: bool = False  # surely garbled

    @property
    def excluded_above(self) -> float:
        """No larger share of answers is lost, at 95 %."""
        return at_most(self.lost, self.n, REPORT_LEVEL)


def level_of(users: int, answers: Sequence[Recalled], alone: dict[int, Recalled]) -> RightLevel:
    mine = [a for a in answers if a.users == users]
    together = by_pair(mine)
    both = [(alone[pair], a) for pair, a in together.items() if pair in alone]
    lost, gained = sum(a.right > b.right for a, b in both), sum(a.right < b.right for a, b in both)
    broke = sum(a.garbled is None and b.garbled is not None for a, b in both)
    mended = sum(a.garbled is not None and b.garbled is None for a, b in both)
    rounds = Counter(a.row.round for a in mine)
    return RightLevel(
        users=users,
        churn=False,
        right=sum(b.right for _, b in both),
        n=len(both),
        alone=sum(a.right for a, _ in both),
        lost=lost,
        gained=gained,
        p=changed_pairs_p(lost, gained),
        garbled=sum(b.garbled is not None for _, b in both),
        garbled_p=changed_pairs_p(broke, mended),
        foreign_open=len(foreign([a.row for a in mine]).open),
        foreign_ended=len(foreign([a.row for a in mine]).ended),
        together=streams_together([[a for a in mine if a.row.round == r] for r in rounds]),
    )


def churn_of(answers: Sequence[Recalled], lone: Sequence[Recalled]) -> RightLevel:
    """Ends and starts fall into answers here. Its codes were not asked alone: two shares are compared."""
    scored = [a for a in answers if a.scored]
    right, broken = sum(a.right for a in scored), sum(a.garbled is not None for a in scored)
    lone_broken = sum(a.garbled is not None for a in lone)
    lone_wrong = sum(not a.right for a in lone)
    return RightLevel(
        users=max(a.users for a in answers),
        churn=True,
        right=right,
        n=len(scored),
        alone=sum(a.right for a in lone),
        lost=len(scored) - right,
        gained=0,
        p=larger_share_p(lone_wrong, len(lone), len(scored) - right, len(scored)),
        garbled=broken,
        garbled_p=larger_share_p(lone_broken, len(lone), broken, len(scored)),
        foreign_open=len(foreign([a.row for a in answers]).open),
        foreign_ended=len(foreign([a.row for a in answers]).ended),
        together=streams_together([answers]),
    )


def with_certainty(levels: Sequence[RightLevel]) -> list[RightLevel]:
    """The same levels, with what is sure of each although there are several."""
    worse = holm([level.p for level in levels], RIGHT_LOOK)
    broken = holm([level.garbled_p for level in levels], RIGHT_LOOK)
    return [
        replace(level, worse=is_worse, broken=is_broken or (is_worse and 2 * level.garbled > level.lost))
        for level, is_worse, is_broken in zip(levels, worse, broken, strict=True)
    ]
