"""What overlapped: streams open together (K, C), and the staircases of first tokens and of ends."""

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from statistics import median

from analysis.files.request_record import RequestRecord
from analysis.phase.intervals import Interval, peak
from analysis.phase.rounds import Round
from analysis.phase.solos import decode_share
from analysis.thresholds import (
    EVEN,
    HELD_SHARE,
    IN_TURN_TOKENS,
    LUMP_SHARE,
    MODE_SHARE,
    SAME_END_SHARE,
    SLOT_GAP_BEFORE,
    SLOT_GAP_TTFT,
    SLOT_TTFT,
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
    return round_peak_of(decode_intervals(requests))


def round_peak_of(intervals: Sequence[Interval]) -> int:
    if not intervals:
        return 0
    return peak(intervals, HELD_SHARE * median(end - start for start, end in intervals))


def agreed(peaks: Sequence[int]) -> int | None:
    """The peak that at least 60 % of the rounds have; None if they do not agree."""
    if not peaks:
        return None
    value, count = Counter(peaks).most_common(1)[0]
    return value if count >= MODE_SHARE * len(peaks) else None


def waited_for_slots(
    requests: Sequence[RequestRecord], k: int, reading_s: Callable[[RequestRecord], float]
) -> bool:
    """True if every request beyond the first k was seen to wait for a slot: k is all there are.

    The first of them gets its first token after the first end, the second after the second, and so on, each
    within the time that its prompt takes to be read (`reading_s`), one prompt after another if need be.
    """
    served = sorted(
        (r for r in requests if r.first_token_s is not None), key=lambda r: r.first_token_s or 0.0
    )
    ends = sorted(r.last_token_s for r in requests if r.last_token_s is not None)
    if not 0 < k < len(served):
        return False
    firsts = [r.first_token_s or 0.0 for r in served[: k + 1]]
    steps = [b - a for a, b in pairwise(firsts)]
    in_turn_s = max(SLOT_GAP_TTFT * reading_s(served[k]), SLOT_GAP_BEFORE * max(steps[:-1], default=0.0))
    if steps[-1] <= in_turn_s:  # prompts that are read one after another explain it too
        return False
    read_until_s = -math.inf
    for end_s, r in zip(ends, served[k:], strict=False):
        first_s, own_s = r.first_token_s or 0.0, SLOT_TTFT * reading_s(r)
        waited = first_s - (r.send_s or 0.0) > own_s
        if not (waited and end_s <= first_s <= max(end_s, read_until_s) + own_s):
            return False
        read_until_s = first_s
    return True


def in_turn(requests: Sequence[RequestRecord], reading_s: Callable[[RequestRecord], float]) -> bool:
    """True if nothing of any answer was made before the one before had ended, whatever the solos say.

    Each first token waits for an end, and then longer than for a next token: its prompt is read only then.
    Answers shorter than that reading prove nothing: read in turn, they need not meet even where all decode
    together.
    """
    if round_peak(requests) != 1 or not waited_for_slots(requests, 1, reading_s):
        return False
    served = sorted((r for r in requests if r.decode_s), key=lambda r: r.first_token_s or 0.0)
    if len(served) < len(requests):
        return False
    return all(
        (one.decode_s or 0.0) >= reading_s(following)
        and (following.first_token_s or 0.0) - (one.last_token_s or 0.0)
        >= IN_TURN_TOKENS * min(one.tpot_s or 0.0, following.tpot_s or 0.0)
        for one, following in pairwise(served)
    )


def ports_take_turns(requests: Sequence[RequestRecord]) -> bool:
    """True if several ports answered, never two at a time, and one of them several requests together."""
    ports = defaultdict(list)
    for r in requests:
        ports[r.base_url].append(r)
    spans = [
        (min(i[0] for i in found), max(i[1] for i in found))
        for rs in ports.values()
        if (found := decode_intervals(rs))
    ]
    apart = len(spans) > 1 and round_peak_of(spans) == 1
    return apart and any(round_peak(rs) > 1 for rs in ports.values())


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


def ended_together(a_round: Round, share: float = TOGETHER_SHARE) -> bool:
    """True if all requests ended within the last part of the round, by default its last tenth."""
    ends = [r.end_s for r in a_round.requests if r.end_s is not None]
    makespan = a_round.makespan_s
    return bool(ends) and makespan is not None and max(ends) - min(ends) <= share * makespan


def at_a_time(a_round: Round) -> int | None:
    """How many ended together in each of several even steps; None if the ends make no such steps.

    Read from the round alone, whatever the solos say: N steps are one at a time, N/k steps k at a time.
    """
    ends = sorted(r.end_s for r in a_round.requests if r.end_s is not None)
    if len(ends) < 2 or len(ends) < len(a_round.requests) or a_round.start_s is None:
        return None
    even_s = (ends[-1] - a_round.start_s) / len(ends)
    steps: list[list[float]] = [[ends[0]]]
    for before, end in pairwise(ends):
        if end - before > SAME_END_SHARE * even_s:
            steps.append([])
        steps[-1].append(end)
    sizes = {len(step) for step in steps[:-1]} or {len(steps[0])}
    if len(steps) < 2 or len(sizes) > 1 or len(steps[-1]) > max(sizes):
        return None
    step_s = (ends[-1] - a_round.start_s) / len(steps)
    starts = [a_round.start_s, *(step[-1] for step in steps)]
    lengths = [(b - a) / step_s for a, b in pairwise(starts)]
    return max(sizes) if all(abs(length - 1) <= EVEN for length in lengths) else None
