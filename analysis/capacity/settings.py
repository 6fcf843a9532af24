"""Several settings of one engine, a sweep of each: which is best, and what cannot be told apart."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from analysis.capacity.answers import ServiceTarget
from analysis.capacity.result import NOT_SETTLED, HowMany, how_many
from analysis.files.plan import Visit
from analysis.files.request_record import RequestRecord
from analysis.statistics.estimates import LogEstimate


class Rank(StrEnum):
    """Where a setting stands among the others."""

    BEST = "best"
    TIE = "tie"  # with the best: neither number nor throughput is surely lower
    BEHIND = "behind"
    UNKNOWN = "unknown"  # no number is shown, or its pace changed too much


@dataclass(frozen=True, slots=True)
class Setting:
    """One target that was swept by itself."""

    target: str
    found: HowMany | None
    rank: Rank

    @property
    def best_rate(self) -> LogEstimate | None:
        """Tokens per second at the best of the levels that are carried."""
        return None if self.found is None else _best_rate(self.found)


def settings_of(
    rows: Sequence[RequestRecord],
    visits: Sequence[Visit],
    wanted: ServiceTarget,
    think_s: float,
    targets: Sequence[str],
) -> tuple[Setting, ...]:
    """Every target with its own sweep, in their order, ranked."""
    found = {target: _of_target(rows, visits, wanted, think_s, target) for target in targets}
    sure = {target: f for target, f in found.items() if f is not None and f.settled and f.carries}
    best = max(sure, key=lambda t: _key(sure[t]), default=None)
    for target in sure:  # the best by its number may only tie with one that surely does more
        if best is not None and _surely_before(sure[target], sure[best]):
            best = target
    ranks = {}
    for target in targets:
        if target not in sure or best is None:
            ranks[target] = Rank.UNKNOWN
        elif target == best:
            ranks[target] = Rank.BEST
        else:
            ranks[target] = Rank.BEHIND if _surely_before(sure[best], sure[target]) else Rank.TIE
    return tuple(Setting(target, found[target], ranks[target]) for target in targets)


def _of_target(
    rows: Sequence[RequestRecord],
    visits: Sequence[Visit],
    wanted: ServiceTarget,
    think_s: float,
    target: str,
) -> HowMany | None:
    own = [i for i, v in enumerate(visits) if v.target == target]
    place = {index: k for k, index in enumerate(own)}
    its_rows = [
        replace(r, round=place[r.round])
        for r in rows
        if r.target == target and r.round is not None and r.round in place
    ]
    return how_many(its_rows, [visits[i] for i in own], wanted, think_s)


def _key(found: HowMany) -> tuple[int, float]:
    rate = _best_rate(found)
    return found.carries or 0, rate.log if rate is not None else 0.0


def _surely_before(first: HowMany, second: HowMany) -> bool:
    """It carries surely more; or, where that cannot be told, it surely does more work."""
    if _ends_below(second, first.carries or 0):
        return True
    if _ends_below(first, second.carries or 0):
        return False
    rates = _best_rate(first), _best_rate(second)
    if rates[0] is None or rates[1] is None:
        return False
    return rates[0].over(rates[1]).low() > 1


def _ends_below(found: HowMany, users: int) -> bool:
    """Whether so many users were too many for it: a level up to there was measured and not shown."""
    above = found.above
    return above is not None and above.verdict != NOT_SETTLED and above.users <= users


def _best_rate(found: HowMany) -> LogEstimate | None:
    rates = [r for users, r in found.tokens_per_s.items() if users <= (found.carries or 1)]
    return max(rates, key=lambda r: r.log, default=None)
