"""Exact tests on counts: pairs that changed, two shares, several tests at once, and what is excluded."""

import math
from collections.abc import Sequence

from scipy.special import betaincinv


def changed_pairs_p(lost: int, gained: int) -> float:
    """McNemar's test, one-sided and exact: that so many of the pairs that changed were lost by chance."""
    changed = lost + gained
    return float(sum(math.comb(changed, k) for k in range(lost, changed + 1)) / 2**changed)


def larger_share_p(few: int, of: int, many: int, many_of: int) -> float:
    """Fisher's exact test, one-sided: that `many` of `many_of` is a larger share by chance only."""
    every, found = of + many_of, few + many
    ways = (math.comb(many_of, k) * math.comb(of, found - k) for k in range(many, min(found, many_of) + 1))
    return sum(ways) / math.comb(every, found)


def holm(ps: Sequence[float], level: float) -> list[bool]:
    """Which of several tests hold, so that one of them is wrong at most at `level`."""
    holds = [False] * len(ps)
    for rank, i in enumerate(sorted(range(len(ps)), key=ps.__getitem__)):
        if ps[i] > level / (len(ps) - rank):
            break
        holds[i] = True
    return holds


def at_most(found: int, of: int, level: float) -> float:
    """The largest share that leaves `found` or fewer `of` so many, at this level (Clopper and Pearson).

    With none found it is 1 - (1 - level)^(1/n).
    """
    return 1.0 if found >= of else float(betaincinv(found + 1, of - found, level))
