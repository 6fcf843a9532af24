"""What ends it: the first rule that holds, at the lowest level that missed twice."""

from collections.abc import Mapping, Sequence
from enum import StrEnum

from analysis.capacity.answers import Answer, ServiceTarget
from analysis.capacity.levels import Level
from analysis.phase.intervals import peak
from analysis.statistics.estimates import LogEstimate, percentile
from analysis.thresholds import (
    GAIN,
    LOSS,
    PREEMPTED_GAP,
    PREEMPTED_SHARE,
    REFUSED_SHARE,
    SLOT_TTFT,
    STALL_GAP,
    STALL_TOKENS,
)
from analysis.verdict.outcomes import Outcome


class Why(StrEnum):
    """The reason that a server carries no more; the sentences are in `said/words.py`."""

    REFUSED = "refused"  # a limit that is set
    FAILING = "failing"  # timeouts, resets
    PREEMPTED = "preempted"  # answers are pushed out of the cache and read again
    IRREGULAR = "irregular"  # no queue: hiccups, another program
    SLOTS = "slots"  # the next one waits for the end of another
    STALL = "stall"  # answers stand still while prompts are read
    SHARED = "shared"  # no gain: all share the speed of one
    CONTENTION = Outcome.CONTENTION.value  # more at once is less in all
    CHIP = "chip"  # batching has shared the chip out
    OPEN = "open"  # nothing was missed


def why(
    levels: Sequence[Level],
    rates: Mapping[int, LogEstimate],
    target: ServiceTarget,
    every: Sequence[Answer],
) -> Why:
    """The reason, from the levels, fewest users first.

    `rates`: tokens per second by users; `every`: all answers of the run, those too that count for no level.
    """
    failing = next((v for v in levels if sum(not a.met for a in v.seen) >= 2), None)
    if failing is None:
        return Why.OPEN
    missed = [a for a in failing.seen if not a.met]
    refusals, failures = (sum(flags) for flags in ((a.refused for a in missed), (a.failed for a in missed)))
    if refusals >= REFUSED_SHARE * len(failing.seen) or refusals * 2 > len(missed):
        return Why.REFUSED
    if failures * 2 > len(missed):
        return Why.FAILING
    solo_ttft_s = _solo_ttft_s(levels)
    gaps = [a.gap_s for a in failing.seen if a.gap_s is not None]
    stalls = percentile(gaps, 0.5) if gaps else 0.0
    far = sum(g > PREEMPTED_GAP * solo_ttft_s for g in gaps)
    if far and far >= PREEMPTED_SHARE * len(gaps) and stalls < solo_ttft_s:
        return Why.PREEMPTED
    late = [a for a in missed if a.ttft_s is not None and a.ttft_s > target.ttft_s]
    if len(late) * 2 > len(missed):
        return _late(failing, late, every, solo_ttft_s * _slowdown(levels[0], failing))
    if stalls > max(STALL_GAP * solo_ttft_s, STALL_TOKENS * _pace_s(failing)):
        return Why.STALL
    return _slow(failing, rates)


def _solo_ttft_s(levels: Sequence[Level]) -> float:
    """Median first token with the fewest users."""
    ttfts = [a.ttft_s for a in levels[0].seen if a.ttft_s is not None]
    return percentile(ttfts, 0.5) if ttfts else 0.0


def _pace_s(level: Level) -> float:
    """Median seconds per token."""
    paces = [a.tpot_s for a in level.seen if a.tpot_s is not None]
    return percentile(paces, 0.5) if paces else 0.0


def _slowdown(alone: Level, level: Level) -> float:
    """How many times as long a token takes there: so much longer takes a prompt too."""
    paces = [[a.tpot_s for a in v.seen if a.tpot_s is not None] for v in (alone, level)]
    return max(percentile(paces[1], 0.5) / percentile(paces[0], 0.5), 1.0) if all(paces) else 1.0


def _late(level: Level, late: Sequence[Answer], every: Sequence[Answer], prompt_s: float) -> Why:
    """First tokens that come late: a queue, a stall, or neither."""
    streams = [(a.first_s, a.last_s) for a in level.seen if a.first_s is not None and a.last_s is not None]
    if peak(streams) >= level.users:
        return Why.IRREGULAR
    after_an_end = sum(_follows_an_end(a, every, SLOT_TTFT * prompt_s) for a in late)
    return Why.SLOTS if after_an_end * 2 > len(late) else Why.STALL


def _follows_an_end(answer: Answer, all_of_them: Sequence[Answer], within_s: float) -> bool:
    """Whether another answer of its port ended just before this one's first token."""
    first_s = answer.first_s
    return first_s is not None and any(
        other is not answer and other.server == answer.server and 0 <= first_s - other.end_s <= within_s
        for other in all_of_them
    )


def _slow(level: Level, rates: Mapping[int, LogEstimate]) -> Why:
    """Tokens that come slowly: shared, hindered, or simply shared out."""
    here, alone = rates.get(level.users), rates.get(1)
    if here is None or alone is None:
        return Why.CHIP
    if here.value <= GAIN * alone.value:
        return Why.CONTENTION if here.value < LOSS * max(r.value for r in rates.values()) else Why.SHARED
    return Why.CONTENTION if here.value < LOSS * max(r.value for r in rates.values()) else Why.CHIP
