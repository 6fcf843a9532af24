"""What users did by themselves, from a row per request: who was surely alone, and what n users got done.

There is no round. In its place stands the longest stretch with n users: the seconds of solo time that were
answered in it, over the seconds in which a request was open. docs/METHODOLOGY.md derives it.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from statistics import fmean, median

from analysis.locust_rows.alone import MIN_ALONE, Alone, Solo, mean_length, users_at_ends
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


@dataclass(frozen=True, slots=True)
class Cut:
    """A request, and what of it (or of its decoding) lies within the stretch."""

    request: LocustRow
    part_s: Interval
    whole_s: float

    @property
    def share(self) -> float:
        return (self.part_s[1] - self.part_s[0]) / self.whole_s


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
    decode_speedup: Speedup | None  # the same while answers were decoded; None: first tokens do not show it
    streams: int | None  # K: answers decoded at the same time; None: first tokens do not show it
    slowdown: float | None  # mean decode time over that alone; None: first tokens or solos do not show it
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
    cuts = _cuts(requests, lambda r: (r.send_s, r.end_s), span_s)
    if not cuts:
        return None
    parts = [cut.part_s for cut in cuts]
    whole = [cut.request for cut in cuts if cut.request.error is None]
    decoded = _cuts(whole, lambda r: (r.first_token_s or r.end_s, r.end_s), span_s)
    decodes = [cut.part_s for cut in decoded]
    alone = {name: solo.latency for name, solo in solos.items()}
    decode_alone = {name: solo.decode for name, solo in solos.items() if solo.decode is not None}
    streams = _streams(whole, decodes, solos)
    return Stretch(
        users=users,
        span_s=span_s,
        answers=sum(span_s[0] < r.end_s <= span_s[1] for r in whole),
        failed=len(cuts) - len(whole),
        busy_s=busy_s(parts),
        in_flight=overlap(parts) or 0.0,
        most_in_flight=peak(parts, HELD_SHARE * median(b - a for a, b in parts)),
        speedup=_speedup(cuts, alone, _fastest_s(requests)),
        decode_speedup=_speedup(decoded, decode_alone, {}) if streams and decode_alone else None,
        streams=streams,
        slowdown=_slowdown(whole, decode_alone) if streams else None,
        decoding_share=busy_s(decodes) / busy_s(parts),
        length_ratio=_length_ratio(whole, solos),
    )


def _cuts(requests: Sequence[LocustRow], of: Callable[[LocustRow], Interval], span_s: Interval) -> list[Cut]:
    """What of these intervals lies within the stretch; those that do not are left out."""
    found = []
    for r in requests:
        start, end = of(r)
        part = max(start, span_s[0]), min(end, span_s[1])
        if part[1] > part[0]:
            found.append(Cut(r, part, end - start))
    return found


def _speedup(cuts: Sequence[Cut], alone: Mapping[str, Alone], fastest_s: Mapping[str, float]) -> Speedup:
    """A request that an end of the stretch cuts counts by its share within; for the low end not at all.

    On a server that works on one thing at a time what the shares take away at one end they give at the other,
    but for one answer: the high end has it in addition, and every failed request as if it had been answered.
    A name without solos counts nothing in the low end. In the high end it takes alone what the fastest of its
    name took, or each request its own time: company makes none of them faster.
    """
    whole = [cut for cut in cuts if cut.request.error is None]
    names = Counter(cut.request.name for cut in whole)
    busy = busy_s(cut.part_s for cut in cuts)
    solo_s = {name: alone[name].mean_s.value if name in alone else 0.0 for name in names}
    wide = {name: math.exp(_half_width(alone[name], n)) for name, n in names.items() if name in alone}

    def most_s(cut: Cut) -> float:
        name = cut.request.name
        if name in alone:
            return solo_s[name] * wide[name]
        return min(fastest_s.get(name, math.inf) * FASTEST_MARGIN, cut.whole_s)

    inside = [cut.request.name for cut in whole if cut.share >= 1]
    low = math.fsum(solo_s[name] / wide.get(name, 1.0) for name in inside)
    value = math.fsum(solo_s[cut.request.name] * cut.share for cut in whole)
    high = math.fsum(most_s(cut) * cut.share for cut in whole)
    more = max(map(most_s, whole), default=0.0) * (1 + len(cuts) - len(whole))
    at_least = 0.0 if set(names) <= set(alone) else 1.0  # the fastest alone never shows a loss
    return Speedup(low / busy, value / busy, max((high + more) / busy, at_least))


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


def _half_width(alone: Alone, answers: int) -> float:
    """Of the log speedup: the solos' mean, and as many answers that scatter as they do."""
    se = math.hypot(alone.mean_s.se, alone.scatter / math.sqrt(answers))
    return min(student(alone.mean_s.df, LOOK_LEVEL) * se, WIDEST)


def _streams(
    whole: Sequence[LocustRow], decodes: Sequence[Interval], solos: Mapping[str, Solo]
) -> int | None:
    """K, where tokens are seen as they come: not in a lump at the end, and not held back in company."""
    if not whole or any(r.first_token_s is None for r in whole) or not decodes:
        return None
    known = [solos[r.name] for r in whole if r.name in solos]
    alone_s = [solo.decode.mean_s.value if solo.decode else 0.0 for solo in known]
    if any(s < LUMP_SHARE * solo.latency.mean_s.value for s, solo in zip(alone_s, known, strict=True)):
        return None
    streams = peak(decodes, HELD_SHARE * median(b - a for a, b in decodes))
    together_s = fmean(r.end_s - (r.first_token_s or r.end_s) for r in whole)
    held_back = streams > 1 and bool(alone_s) and together_s < HASTE * fmean(alone_s)
    return None if held_back else streams or None


def _slowdown(whole: Sequence[LocustRow], decode_alone: Mapping[str, Alone]) -> float | None:
    """How many times as long answers decode together as alone."""
    known = [
        (r.end_s - r.first_token_s) / decode_alone[r.name].mean_s.value
        for r in whole
        if r.name in decode_alone and r.first_token_s is not None
    ]
    return fmean(known) if known else None


def _length_ratio(whole: Sequence[LocustRow], solos: Mapping[str, Solo]) -> float | None:
    """Each name against its own solos; None where a length is unknown or 0."""
    alone = [solos[r.name].length if r.name in solos else None for r in whole]
    known = [length for length in alone if length]
    together = mean_length(whole)
    return together / fmean(known) if together and len(known) == len(whole) else None
