"""What each number of users got done. docs/METHODOLOGY.md derives every bound."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from scipy.special import chdtri

from analysis.files.locust_stats import Name, Snapshot, Sums
from analysis.locust_only.bounds import Bound, Level
from analysis.locust_only.times.first_tokens import alone_at_most_s, mean_s
from analysis.locust_only.times.solo import MIN_BLOCKS, Block, between, blocks, scatter
from analysis.locust_only.times.windows import stretches, window_s
from analysis.statistics.estimates import student
from analysis.thresholds import FASTEST_MARGIN, LOOK_LEVEL, SOLO_SCATTER
from analysis.verdict.outcomes import Outcome

SIGMAS = 3.0  # the fastest of some hundred answers lies no further below their mean

ASKING_SEEN = 0.9  # of the share that pauses like one user's leave: less, and these users pause longer
LEAST_ERROR = 0.01  # of a mean latency: the first and last of a stretch are never all alike
SHORTEST_S = 1e-6  # a mean latency, so that nothing is divided by 0
ENDS = ("low", "high")


@dataclass(frozen=True, slots=True)
class Known:
    """What a level is measured against."""

    rows: Mapping[Name, Sums]  # of the history, with the requests of the whole run
    solo_s: Mapping[Name, Bound]
    lag_s: float
    first_token: tuple[Name, Sums] | None = None  # the row of the first tokens of the only kind of request


@dataclass(frozen=True, slots=True)
class _Ended:
    """What ended in a stretch: per row, and in all."""

    rows: Mapping[Name, Block]
    count: int
    failures: int
    latency_s: Bound
    longest_s: float  # no answer took longer


def levels_of(history: Sequence[Snapshot], known: Known) -> list[Level]:
    """One per number of users, the fewest first; only those in which something ended."""
    found = stretches(history, known.lag_s)
    levels: list[Level] = []
    for users in sorted(found):
        ended = _ended(found[users], known)
        window = window_s(found[users], known.lag_s)
        if not ended.count or window.low <= 0:
            continue
        one = levels[0] if levels and levels[0].users == 1 else None
        levels.append(_level(users, found[users], ended, window, one, known))
    return levels


def _ended(stretch: Sequence[Snapshot], known: Known) -> _Ended:
    rows = {row: between(stretch[0], stretch[-1], row) for row in known.rows}
    rows = {row: block for row, block in rows.items() if block.count > 0}
    slowest = [
        min(stretch[-1].sums[row].slowest_s, max(b.latency_s + b.slack_s for b in blocks(stretch, row)))
        for row in rows
    ]
    latency_s = math.fsum(b.latency_s for b in rows.values())
    slack_s = math.fsum(b.slack_s for b in rows.values())
    return _Ended(
        rows,
        sum(b.count for b in rows.values()),
        sum(b.failures for b in rows.values()),
        Bound(max(latency_s - slack_s, 0.0), latency_s + slack_s),
        max(slowest, default=0.0),
    )


def _level(
    users: int, stretch: Sequence[Snapshot], ended: _Ended, window: Bound, one: Level | None, known: Known
) -> Level:
    cut_s = users * ended.longest_s  # either end cuts at most a request of each user in two
    in_flight = Bound(
        max(ended.latency_s.low - cut_s, 0.0) / window.high, (ended.latency_s.high + cut_s) / window.low
    )
    asking = Bound(min(in_flight.low / users, 1.0), min(in_flight.high / users, 1.0))
    if one is not None:
        asking = replace(asking, low=max(asking.low, min(_asking_at_least(ended, one), asking.high)))
    rate = Bound(max(ended.count - users, 0) / window.high, (ended.count + users) / window.low)
    return Level(
        users=users,
        answers=ended.count,
        failed=ended.failures,
        window_s=window,
        answers_per_s=rate,
        in_flight=in_flight,
        asking=asking,
        over_one=_over(rate, one.answers_per_s) if one and one.answers_per_s.low > 0 else None,
        speedup=_speedup(users, stretch, ended, window, asking, known) if users > 1 else None,
        first_token_s=mean_s(stretch, known.first_token[0]) if known.first_token else None,
        outcome=Outcome.INCONCLUSIVE,
        words="",
    )


def _asking_at_least(ended: _Ended, one: Level) -> float:
    """Share of the users' time with a request open, if they pause no longer than one user alone does.

    A user's time is Σ latency and Σ pause; with one user the pauses are what its window has more than its
    latencies, the first of which may have begun before.
    """
    latency_s = ended.latency_s.low / ended.count
    cycles = one.answers - 1
    if cycles < 1:
        return 0.0
    pause_s = one.window_s.high * (1 - one.asking.low) / cycles
    return latency_s / (latency_s + pause_s)


def _over(rate: Bound, base: Bound) -> Bound:
    return Bound(rate.low / base.high, rate.high / base.low)


def _speedup(
    users: int,
    stretch: Sequence[Snapshot],
    ended: _Ended,
    window: Bound,
    asking: Bound,
    known: Known,
) -> Bound | None:
    """Solo time of the answers per second, at least and, of the time with a request open, at most.

    By the window, and by Little's law: users × solo time / mean latency, which needs no window.
    """
    if ended.failures or asking.low <= 0:
        return None
    steady = _steady(users, stretch, ended)
    latency_s = _mean_latency(users, steady, ended)
    lows, highs = [0.0], []
    if set(ended.rows) <= set(known.solo_s):
        solo = {row: known.solo_s[row] for row in ended.rows}
        low_s, high_s = (_weighted(ended, {r: getattr(b, end) for r, b in solo.items()}) for end in ENDS)
        cut = users * max(b.high for b in solo.values()) / high_s  # in answers
        lows.append(max(ended.count - cut, 0.0) * low_s / window.high)
        highs.append((ended.count + cut) * high_s / window.low / asking.low)
        highs.append(users * high_s / latency_s.low)
        if _asking_seen(users, ended, window) >= ASKING_SEEN * asking.low:
            lows.append(asking.low * users * low_s / latency_s.high)
    fastest = {row: _fastest_s(users, steady, row, known.rows[row]) for row in ended.rows}
    if all(fastest.values()):
        alone_s = {row: s for row, s in fastest.items() if s is not None}
        typical_s, most_s = _weighted(ended, alone_s), max(alone_s.values())
        at_most = (ended.count * typical_s + users * most_s) / window.low / asking.low
        highs.append(max(min(at_most, users * typical_s / latency_s.low), 1.0))
    alone = _alone_by_first_tokens(steady, latency_s, known)
    if alone is not None:
        highs.append(max(users * alone / latency_s.low, 1.0))
    return Bound(max(lows), min(*highs, float(users))) if highs else None


def _alone_by_first_tokens(steady: Sequence[Snapshot], latency_s: Bound, known: Known) -> float | None:
    if known.first_token is None:
        return None
    row, sums = known.first_token
    first_token_s = mean_s(steady, row)
    if first_token_s is None:
        return None
    return alone_at_most_s(first_token_s, sums, latency_s, next(iter(known.rows.values())))


def _weighted(ended: _Ended, seconds: Mapping[Name, float]) -> float:
    """Mean over what ended."""
    return math.fsum(block.count * seconds[row] for row, block in ended.rows.items()) / ended.count


def _asking_seen(users: int, ended: _Ended, window: Bound) -> float:
    return ended.latency_s.low / (users * (window.low + window.high) / 2)


def _steady(users: int, stretch: Sequence[Snapshot], ended: _Ended) -> Sequence[Snapshot]:
    """The stretch after the first answer of each user: those were asked while there were fewer users."""
    counts = [sum(s.sums[row].requests for row in ended.rows if row in s.sums) for s in stretch]
    later = [s for s, n in zip(stretch, counts, strict=True) if n - counts[0] >= users]
    steady = sum(len(blocks(later, row)) for row in ended.rows)
    return later if steady >= MIN_BLOCKS else stretch


def _mean_latency(users: int, steady: Sequence[Snapshot], ended: _Ended) -> Bound:
    found = [block for row in ended.rows for block in blocks(steady, row)]
    count = sum(b.count for b in found)
    mean = math.fsum(b.latency_s for b in found) / count
    means = [b.mean_s for b in found]
    edge = (max(means) - min(means)) * users / 2 / count  # a user more or less of each phase of a cycle
    spread = scatter(found)
    chance = student(max(len(found) - 1, 1), LOOK_LEVEL) * spread * mean / math.sqrt(count) if spread else 0.0
    half = max(edge, chance, LEAST_ERROR * mean) + sum(b.slack_s for b in found) / count
    return Bound(max(mean - half, SHORTEST_S), mean + half)


def _fastest_s(users: int, steady: Sequence[Snapshot], row: Name, run: Sums) -> float | None:
    """No request of the row takes longer alone; None if its requests are not alike, or some failed.

    Alone nothing is slower than the fastest answer, but for scatter: that of a level is, of a server that
    works one at a time, the scatter of a sum of so many answers.
    """
    if run.failures or run.fastest_s <= 0:
        return None
    parts = blocks(steady, row)
    found = scatter(parts)
    if len(parts) < MIN_BLOCKS:
        return None
    if found is None:  # times are rounded
        return run.fastest_s * FASTEST_MARGIN
    if found > SOLO_SCATTER:
        return None
    df = len(parts) - 1
    at_most = found * math.sqrt(df / chdtri(df, LOOK_LEVEL))  # few blocks may be alike by chance
    return run.fastest_s * math.exp(SIGMAS * min(at_most * users**0.5, SOLO_SCATTER))
