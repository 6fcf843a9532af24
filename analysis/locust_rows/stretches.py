"""What users did by themselves, from a row per request: who was surely alone, and what n users got done.

There is no round. In its place stands the longest stretch with n users: the seconds of solo time that were
answered in it, over the seconds in which a request was open. docs/METHODOLOGY.md derives it.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from statistics import fmean, median, stdev

from analysis.locust_rows.rows import LocustRow
from analysis.phase.intervals import Interval, busy_s, overlap, peak
from analysis.statistics.estimates import LogEstimate, student
from analysis.thresholds import (
    FASTEST_MARGIN,
    GAIN,
    HASTE,
    HELD_SHARE,
    LENGTHS_BAND,
    LOOK_LEVEL,
    LUMP_SHARE,
)

MIN_ALONE = 5  # requests alone, and answers of a stretch: fewer may agree by chance
Cut = tuple[LocustRow, Interval]  # a request, and what of it lies within the stretch


@dataclass(frozen=True, slots=True)
class Solo:
    """Requests of one name that were surely alone, the run's first one left out: it may load the model."""

    latency_s: LogEstimate  # of the arithmetic mean
    scatter: float  # standard deviation of log latency
    length: float | None
    decode_s: float | None  # first token to end
    spans_s: Interval  # first send to last end of them


@dataclass(frozen=True, slots=True)
class Speedup:
    """Seconds of solo time answered per busy second: what surely holds, and the value between."""

    low: float
    value: float
    high: float


@dataclass(frozen=True, slots=True)
class Stretch:
    """The longest stretch with so many users, from the end of its first answer to the end of its last."""

    users: int
    span_s: Interval
    answers: int
    failed: int
    busy_s: float  # of it, with a request open
    in_flight: float  # mean while one was open
    most_in_flight: int
    speedup: Speedup | None  # low and value are 0 where a name was never alone
    streams: int | None  # K: answers decoded at the same time; None: first tokens do not show it
    decoding_share: float  # of the busy time, with an answer being decoded
    length_ratio: float | None  # mean length together over alone


def solos_of(requests: Sequence[LocustRow]) -> dict[str, Solo]:
    """By name, where at least five were surely alone and whole; requests in the order they ended.

    Left out is what may have shared the server with a request that left no row, as those do that are open
    when the run ends or when users are stopped.
    """
    longest_s = max(r.latency_s for r in requests)
    totals = list(_users(requests))
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
    logs = [math.log(r.latency_s) for r in found]
    scatter = stdev(logs)
    mean = LogEstimate(fmean(logs) + scatter**2 / 2, scatter / math.sqrt(len(logs)), len(logs) - 1, len(logs))
    decodes = [r.end_s - r.first_token_s for r in found if r.first_token_s is not None]
    return Solo(
        latency_s=mean,
        scatter=scatter,
        length=_length(found),
        decode_s=fmean(decodes) if len(decodes) == len(found) else None,
        spans_s=(min(r.send_s for r in found), max(r.end_s for r in found)),
    )


def _length(found: Sequence[LocustRow]) -> float | None:
    lengths = [r.length for r in found if r.length]
    return fmean(lengths) if len(lengths) == len(found) and found else None


def _users(requests: Iterable[LocustRow]) -> Iterator[int]:
    """How many users there were as each request ended: of all workers that have answered by then."""
    users: dict[int, int] = {}
    for r in requests:
        users[r.worker] = r.users
        yield sum(users.values())


def stretches_of(requests: Sequence[LocustRow], solos: Mapping[str, Solo]) -> tuple[Stretch, ...]:
    """One for each number of users with which more requests were open at once than a gain needs."""
    found: dict[int, Interval] = {}
    numbered = zip(_users(requests), requests, strict=True)
    for users, group in groupby(numbered, key=lambda pair: pair[0]):
        ends = [r.end_s for _, r in group]
        span_s = ends[0], ends[-1]
        if users not in found or span_s[1] - span_s[0] > found[users][1] - found[users][0]:
            found[users] = span_s
    stretches = (_stretch(users, found[users], requests, solos) for users in sorted(found))
    return tuple(s for s in stretches if s is not None and s.in_flight > GAIN and s.answers >= MIN_ALONE)


def _stretch(
    users: int, span_s: Interval, requests: Sequence[LocustRow], solos: Mapping[str, Solo]
) -> Stretch | None:
    start, end = span_s
    fastest_s = _fastest_s(requests)
    cuts = [(r, (max(r.send_s, start), min(r.end_s, end))) for r in requests]
    cuts = [(r, part) for r, part in cuts if part[1] > part[0]]
    if not cuts:
        return None
    parts = [part for _, part in cuts]
    whole = [(r, part) for r, part in cuts if r.error is None]
    decodes = [(max(r.first_token_s, start), part[1]) for r, part in whole if r.first_token_s is not None]
    length = median(b - a for a, b in parts)
    return Stretch(
        users=users,
        span_s=span_s,
        answers=sum(start < r.end_s <= end for r, _ in whole),
        failed=len(cuts) - len(whole),
        busy_s=busy_s(parts),
        in_flight=overlap(parts) or 0.0,
        most_in_flight=peak(parts, HELD_SHARE * length),
        speedup=_speedup(cuts, solos, fastest_s),
        streams=_streams(whole, decodes, solos),
        decoding_share=busy_s(decodes) / busy_s(parts),
        length_ratio=_length_ratio([r for r, _ in whole], solos),
    )


def _speedup(
    cuts: Sequence[Cut], solos: Mapping[str, Solo], fastest_s: Mapping[str, float]
) -> Speedup | None:
    """A request that an end of the stretch cuts counts by its share within; for the low end not at all.

    On a server that works on one thing at a time what the shares take away at one end they give at the other,
    but for one answer: the high end has it in addition, and every failed request as if it had been answered.
    Without solos there is a high end only: alone no request is slower than the fastest of its name.
    """
    whole = [(r, part) for r, part in cuts if r.error is None]
    names = Counter(r.name for r, _ in whole)
    known = set(names) <= set(solos)
    if not whole or not (known or set(names) <= set(fastest_s)):
        return None
    alone_s = {name: solos[name].latency_s.value if known else fastest_s[name] for name in names}
    busy = busy_s(part for _, part in cuts)
    shared = math.fsum(alone_s[r.name] * (part[1] - part[0]) / r.latency_s for r, part in whole)
    more = max(alone_s.values()) * (1 + len(cuts) - len(whole))
    if not known:
        return Speedup(0.0, 0.0, max((shared + more) / busy * FASTEST_MARGIN, 1.0))
    inside = math.fsum(alone_s[r.name] for r, part in whole if part == (r.send_s, r.end_s))
    half = max(_half_width(solos[name], count) for name, count in names.items())
    low, high = math.exp(-half), math.exp(min(half, 100.0))
    return Speedup(inside / busy * low, shared / busy, (shared + more) / busy * high)


def _fastest_s(requests: Sequence[LocustRow]) -> dict[str, float]:
    """By name, where all answers are about as long as each other: a short one would be fast."""
    by_name: dict[str, list[LocustRow]] = defaultdict(list)
    for r in requests:
        if r.error is None and r.latency_s > 0:
            by_name[r.name].append(r)
    alike = {name: [r.length or 0.0 for r in found] for name, found in by_name.items()}
    return {
        name: min(r.latency_s for r in found)
        for name, found in by_name.items()
        if LENGTHS_BAND[0] * max(alike[name]) <= min(alike[name])
    }


def _half_width(solo: Solo, answers: int) -> float:
    """Of the log speedup: the solos' mean, and as many answers that scatter as they do."""
    se = math.hypot(solo.latency_s.se, solo.scatter / math.sqrt(answers))
    return student(solo.latency_s.df, LOOK_LEVEL) * se


def _streams(whole: Sequence[Cut], decodes: Sequence[Interval], solos: Mapping[str, Solo]) -> int | None:
    """K, where tokens are seen as they come: not in a lump at the end, and not held back in company."""
    if not whole or len(decodes) < len(whole):
        return None
    together = fmean(r.end_s - (r.first_token_s or r.end_s) for r, _ in whole)
    for name in {r.name for r, _ in whole} & set(solos):
        solo = solos[name]
        if (solo.decode_s or 0.0) < LUMP_SHARE * solo.latency_s.value:
            return None
    alone = [solos[r.name].decode_s or 0.0 for r, _ in whole if r.name in solos]
    streams = peak(decodes, HELD_SHARE * median(b - a for a, b in decodes))
    return None if streams > 1 and alone and together < HASTE * fmean(alone) else streams or None


def _length_ratio(whole: Sequence[LocustRow], solos: Mapping[str, Solo]) -> float | None:
    """Each name against its own solos; None where a length is unknown or 0."""
    alone = [solos[r.name].length if r.name in solos else None for r in whole]
    known = [length for length in alone if length]
    together = _length(whole)
    return together / fmean(known) if together and len(known) == len(whole) else None
