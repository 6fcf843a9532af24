"""Decoding without what stands apart from it: text before the queue, or a last chunk that comes late."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import median

from analysis.files.request_record import BASELINE, BURST, RequestRecord
from analysis.phase.overlap import agreed
from analysis.thresholds import FAR_GAP, FAR_GAP_SHARE, GROWS, MODE_SHARE, UNDISTURBED


def without_far_gaps(requests: Sequence[RequestRecord]) -> list[RequestRecord]:
    """The requests with their decode beyond a gap that is far longer than the others and stands at one end.

    Text before the queue ends in such a gap, and a late last chunk comes after one: neither is decoding. What
    most solos of a target do at one end is its habit, and holds for its rounds too, where the other gaps may
    grow. Where an older log does not say when the gap ended, a gap that grows in company was a wait in the
    queue and came first; one that stays the same is taken for the end.
    """
    habits = {target: _habit(found) for target, found in _by_target(requests).items()}
    return [_without_far_gap(r, habits.get(r.target)) for r in requests]


def _by_target(requests: Sequence[RequestRecord]) -> dict[str, list[RequestRecord]]:
    found = defaultdict(list)
    for r in requests:
        if r.error is None and r.longest_gap_s is not None and r.decode_s is not None:
            found[r.target].append(r)
    return found


@dataclass(frozen=True, slots=True)
class _Habit:
    """What a target's solos do: a far gap of this length, at the start or at the end of the stream."""

    gap_s: float
    at_start: bool


def _habit(requests: Sequence[RequestRecord]) -> _Habit | None:
    solos = [r for r in requests if r.kind == BASELINE]
    far = [r for r in solos if _is_far(r)]
    if not far or len(far) < MODE_SHARE * len(solos):
        return None
    gap_s = median(r.longest_gap_s or 0.0 for r in far)
    edges = [_edge(r) for r in far if r.longest_gap_end_s is not None]
    if edges:
        edge = agreed([0 if e is None else 1 + e for e in edges])
        return _Habit(gap_s, edge == 2) if edge else None
    together = [r.longest_gap_s or 0.0 for r in requests if r.kind == BURST]
    return _Habit(gap_s, bool(together) and max(together) > GROWS * gap_s)


def _without_far_gap(r: RequestRecord, habit: _Habit | None) -> RequestRecord:
    gap_s, first_s, last_s = r.longest_gap_s, r.first_token_s, r.last_token_s
    if gap_s is None or first_s is None or last_s is None:
        return r
    if r.longest_gap_end_s is None:
        if habit is None or gap_s < habit.gap_s * UNDISTURBED[0]:
            return r
        return (
            replace(r, first_token_s=first_s + gap_s)
            if habit.at_start
            else replace(r, last_token_s=last_s - gap_s)
        )
    edge = _edge(r)
    habitual = habit is not None and edge == habit.at_start and gap_s >= habit.gap_s * UNDISTURBED[0]
    if edge is None or not (habitual or _is_far(r)):
        return r
    end_s = r.longest_gap_end_s
    return replace(r, first_token_s=end_s) if edge else replace(r, last_token_s=end_s - gap_s)


def _edge(r: RequestRecord) -> bool | None:
    """True if the longest gap stands at the start of the stream, False at its end, None in between."""
    gap_s, end_s = r.longest_gap_s or 0.0, r.longest_gap_end_s or 0.0
    before_s, after_s = end_s - gap_s - (r.first_token_s or 0.0), (r.last_token_s or 0.0) - end_s
    if before_s <= FAR_GAP_SHARE * after_s:
        return True
    return False if after_s <= FAR_GAP_SHARE * before_s else None


def _is_far(r: RequestRecord) -> bool:
    decode_s, tokens = r.decode_s or 0.0, r.chunks or r.tokens or 0
    others_s = (decode_s - (r.longest_gap_s or 0.0)) / max(tokens - 2, 1)
    return (r.longest_gap_s or 0.0) > max(FAR_GAP * others_s, FAR_GAP_SHARE * decode_s)
