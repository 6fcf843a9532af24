"""What users did by themselves, from a row per request: who was surely alone, and what n users got done.

There is no round. In its place stands the longest stretch with n users: the seconds of solo time that were
answered in it, over the seconds in which a request was open. docs/METHODOLOGY.md derives it.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from statistics import fmean, median

from analysis.locust_rows.alone import MIN_ALONE, Solo, mean_length, users_at_ends
from analysis.locust_rows.rows import LocustRow
from analysis.phase.intervals import Interval, busy_s, overlap, peak
from analysis.statistics.estimates import student
from analysis.thresholds import (
    FASTEST_MARGIN,
    GAIN,
    HASTE,
    HELD_SHARE,
    LENGTHS_BAND,
    LOOK_LEVEL,
    LUMP_SHARE,
)

WIDEST = 100.0  # of a logarithm
Cut = tuple[LocustRow, Interval]  # a request, and what of it lies within the stretch


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
    speedup: Speedup
    streams: int | None  # K: answers decoded at the same time; None: first tokens do not show it
    decoding_share: float  # of the busy time, with an answer being decoded
    length_ratio: float | None  # mean length together over alone


def stretches_of(requests: Sequence[LocustRow], solos: Mapping[str, Solo]) -> tuple[Stretch, ...]:
    """One for each number of users with which more requests were open at once than a gain needs."""
    found: dict[int, Interval] = {}
    numbered = zip(users_at_ends(requests), requests, strict=True)
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


def _speedup(cuts: Sequence[Cut], solos: Mapping[str, Solo], fastest_s: Mapping[str, float]) -> Speedup:
    """A request that an end of the stretch cuts counts by its share within; for the low end not at all.

    On a server that works on one thing at a time what the shares take away at one end they give at the other,
    but for one answer: the high end has it in addition, and every failed request as if it had been answered.
    A name without solos counts nothing in the low end. In the high end it takes alone what the fastest of its
    name took, or each request its own time: company makes none of them faster.
    """
    whole = [(r, part) for r, part in cuts if r.error is None]
    names = Counter(r.name for r, _ in whole)
    busy = busy_s(part for _, part in cuts)
    solo_s = {name: solos[name].latency_s.value if name in solos else 0.0 for name in names}
    wide = {
        name: math.exp(_half_width(solos[name], n)) if name in solos else 1.0 for name, n in names.items()
    }

    def most_s(r: LocustRow) -> float:
        if r.name in solos:
            return solo_s[r.name] * wide[r.name]
        return min(fastest_s.get(r.name, math.inf) * FASTEST_MARGIN, r.latency_s)

    low = math.fsum(
        solo_s[r.name] / wide.get(r.name, 1.0) for r, part in whole if part == (r.send_s, r.end_s)
    )
    value = math.fsum(solo_s[cut[0].name] * _share(cut) for cut in whole)
    high = math.fsum(most_s(cut[0]) * _share(cut) for cut in whole)
    more = max((most_s(r) for r, _ in whole), default=0.0) * (1 + len(cuts) - len(whole))
    at_least = 0.0 if set(names) <= set(solos) else 1.0  # the fastest alone never shows a loss
    return Speedup(low / busy, value / busy, max((high + more) / busy, at_least))


def _share(cut: Cut) -> float:
    r, (start, end) = cut
    return (end - start) / r.latency_s


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
    return min(student(solo.latency_s.df, LOOK_LEVEL) * se, WIDEST)


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
    together = mean_length(whole)
    return together / fmean(known) if together and len(known) == len(whole) else None
