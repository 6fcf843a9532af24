"""What overlapped: streams open together (K, C), and the staircases of first tokens and of ends."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from statistics import median

from analysis.files.request_record import RequestRecord
from analysis.phase.intervals import Interval, peak
from analysis.phase.rounds import Round
from analysis.phase.solos import decode_share
from analysis.thresholds import (
    HELD_SHARE,
    LUMP_SHARE,
    MODE_SHARE,
    SLOT_GAP_BEFORE,
    SLOT_GAP_TTFT,
    TOGETHER_SHARE,
)


def decode_intervals(requests: Sequence[RequestRecord]) -> list[Interval]:
    """[first token, last token) of each request that streamed."""
    return [
        (r.first_token_s, r.last_token_s)
        for r in requests
        if r.first_token_s is not None and r.last_token_s is not None
    ]


def streams_known(solos: Sequence[RequestRecord]) -> bool:
    """False if a target does not stream, or answers in one lump: then decode times are unknown."""
    shares = defaultdict(list)
    for r in solos:
        shares[r.target].append(decode_share(r))
    return bool(shares) and all(median(share) >= LUMP_SHARE for share in shares.values())


def slowdown(rounds: Sequence[Round], alone_s: Callable[[RequestRecord], float]) -> float | None:
    """Median decode time together over alone, each at its own number of tokens; None if nothing streamed."""
    ratios = [
        r.decode_s / alone
        for a_round in rounds
        for r in a_round.requests
        if r.decode_s is not None and (alone := alone_s(r)) > 0
    ]
    return median(ratios) if ratios else None


def round_peak(requests: Sequence[RequestRecord]) -> int:
    """Most streams open together for at least a tenth of the median decode time."""
    intervals = decode_intervals(requests)
    if not intervals:
        return 0
    return peak(intervals, HELD_SHARE * median(end - start for start, end in intervals))


def agreed(peaks: Sequence[int]) -> int | None:
    """The peak that at least 60 % of the rounds have; None if they do not agree."""
    if not peaks:
        return None
    value, count = Counter(peaks).most_common(1)[0]
    return value if count >= MODE_SHARE * len(peaks) else None


def slots_exact(requests: Sequence[RequestRecord], k: int, solo_ttft_s: float) -> bool:
    """True if the (k+1)-th first token surely waited for an end: k is all there are, not all we saw."""
    intervals = sorted(decode_intervals(requests))
    if not 0 < k < len(intervals):
        return False
    before, after = intervals[k - 1][0], intervals[k][0]
    an_end_between = any(before < end <= after for _, end in intervals)
    in_turn_s = max((b - a for (a, _), (b, _) in pairwise(intervals[:k])), default=0.0)
    waited_s = after - before
    return an_end_between and waited_s > max(SLOT_GAP_TTFT * solo_ttft_s, SLOT_GAP_BEFORE * in_turn_s)


def first_token_steps(rounds: Sequence[Round], solo_s: Callable[[RequestRecord], float]) -> list[float]:
    """Each wait from one first token to the next, over what the one served meanwhile would take alone."""
    firsts = _neighbours(rounds, lambda r: r.first_token_s)
    return [(following - first) / solo_s(served) for (first, served), (following, _) in firsts]


def end_steps(rounds: Sequence[Round], solo_s: Callable[[RequestRecord], float]) -> list[float]:
    """Each wait from one end to the next, over what the request that ended last would take alone."""
    ends = _neighbours(rounds, lambda r: r.end_s)
    return [(end - before) / solo_s(ended) for (before, _), (end, ended) in ends]


def _neighbours(
    rounds: Sequence[Round], instant: Callable[[RequestRecord], float | None]
) -> Iterator[tuple[tuple[float, RequestRecord], tuple[float, RequestRecord]]]:
    """Requests of a round that follow one another at this instant of theirs."""
    for a_round in rounds:
        known = [(t, r) for r in a_round.requests if (t := instant(r)) is not None]
        yield from pairwise(sorted(known, key=lambda pair: pair[0]))


def first_ends(rounds: Sequence[Round], solo_s: Callable[[RequestRecord], float]) -> list[float]:
    """Of each round, the latency of the answer that ended first over what it would take alone."""
    firsts = [min(a.requests, key=lambda r: r.end_s or 0.0) for a in rounds]
    return [(r.latency_s or 0.0) / solo_s(r) for r in firsts]


def ended_together(a_round: Round) -> bool:
    """True if all requests ended within the last tenth of the round."""
    ends = [r.end_s for r in a_round.requests if r.end_s is not None]
    makespan = a_round.makespan_s
    return bool(ends) and makespan is not None and max(ends) - min(ends) <= TOGETHER_SHARE * makespan
