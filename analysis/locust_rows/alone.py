"""Who was surely alone: the solo time of each name, from a row per request."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean, stdev

from analysis.locust_rows.rows import LocustRow
from analysis.phase.intervals import Interval
from analysis.statistics.estimates import LogEstimate

MIN_ALONE = 5  # requests: fewer may agree by chance


@dataclass(frozen=True, slots=True)
class Alone:
    """One duration of the requests that were alone."""

    mean_s: LogEstimate  # of the arithmetic mean
    scatter: float  # standard deviation of its logarithm


@dataclass(frozen=True, slots=True)
class Solo:
    """Requests of one name that were surely alone, the run's first one left out: it may load the model."""

    latency: Alone
    decode: Alone | None  # first token to end; None where that is not seen
    trend: float  # mean latency of the later half over the earlier one
    trend_se: float  # of its logarithm
    length: float | None
    spans_s: Interval  # first send to last end of them


def solos_of(requests: Sequence[LocustRow]) -> dict[str, Solo]:
    """By name, where at least five were surely alone and whole; requests in the order they ended.

    Left out is what may have shared the server with a request that left no row, as those do that are open
    when the run ends or when users are stopped.
    """
    longest_s = max(r.latency_s for r in requests)
    totals = list(users_at_ends(requests))
    stops = [
        (before.end_s - longest_s, after.end_s + longest_s)
        for (before, after), (n, m) in zip(pairwise(requests), pairwise(totals), strict=True)
        if m < n
    ]
    first = {r.name: r for r in sorted(requests, key=lambda r: -r.send_s)}
    alone: dict[str, list[LocustRow]] = {}
    by_key = {id(r): users for r, users in zip(requests, totals, strict=True)}
    for r in _lone(requests):
        by_another = any(start < r.end_s and r.send_s < end for start, end in stops)
        seen_to_end = by_key[id(r)] == 1 or r.end_s <= requests[-1].end_s - longest_s
        if r.error is None and r.latency_s > 0 and r is not first[r.name] and seen_to_end and not by_another:
            alone.setdefault(r.name, []).append(r)
    return {name: _solo(found) for name, found in alone.items() if len(found) >= MIN_ALONE}


def _lone(requests: Iterable[LocustRow]) -> Iterator[LocustRow]:
    """Those during which no other request was open."""
    ordered = sorted(requests, key=lambda r: r.send_s)
    ended_s = -math.inf
    for r, after in zip(ordered, [*ordered[1:], None], strict=True):
        if r.send_s >= ended_s and (after is None or after.send_s >= r.end_s):
            yield r
        ended_s = max(ended_s, r.end_s)


def _solo(found: Sequence[LocustRow]) -> Solo:
    """From requests in the order they ended."""
    latency = _alone([r.latency_s for r in found])
    decodes_s = [r.end_s - r.first_token_s for r in found if r.first_token_s is not None]
    seen = len(decodes_s) == len(found) and min(decodes_s) > 0
    half = len(found) // 2
    early_s, late_s = (fmean(r.latency_s for r in part) for part in (found[:half], found[-half:]))
    return Solo(
        latency=latency,
        decode=_alone(decodes_s) if seen else None,
        trend=late_s / early_s,
        trend_se=latency.scatter * math.sqrt(2 / half),
        length=mean_length(found),
        spans_s=(min(r.send_s for r in found), max(r.end_s for r in found)),
    )


def _alone(durations_s: Sequence[float]) -> Alone:
    logs = [math.log(s) for s in durations_s]
    scatter, n = stdev(logs), len(logs)
    mean_s = LogEstimate(fmean(logs) + scatter**2 / 2, scatter / math.sqrt(n), n - 1, n)
    return Alone(mean_s, scatter)


def mean_length(found: Sequence[LocustRow]) -> float | None:
    lengths = [r.length for r in found if r.length]
    return fmean(lengths) if len(lengths) == len(found) and found else None


def users_at_ends(requests: Iterable[LocustRow]) -> Iterator[int]:
    """How many users there were as each request ended: of all workers that have answered by then."""
    users: dict[int, int] = {}
    for r in requests:
        users[r.worker] = r.users
        yield sum(users.values())
