"""The free plan: no verdict, but a curve of the solo time answered per second, by requests in flight."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from analysis.files.request_record import BASELINE, FREE, RequestRecord
from analysis.phase.intervals import time_at_depth
from analysis.thresholds import FREE_WINDOW_SOLOS


@dataclass(frozen=True, slots=True)
class Level:
    """What was answered while exactly `in_flight` requests were open."""

    in_flight: int
    window_s: float
    speedup: float  # G: Σ solo time of the answers / window; an answer counts for each window it was open in


def curve(records: Sequence[RequestRecord]) -> list[Level]:
    """G by requests in flight; [] without solos of every target. Windows under two solos are left out."""
    solo_s = _solo_s(records)
    answers = [r for r in records if r.kind == FREE and r.not_whole_because(None) is None]
    if not answers or not {r.target for r in answers} <= set(solo_s):
        return []
    windows = time_at_depth(_open(r) for r in records if r.kind == FREE and r.end_s is not None)
    done: dict[int, float] = {}
    for answer in answers:
        start_s, end_s = _open(answer)
        for depth, spent_s in _depths(records, start_s, end_s).items():
            share = solo_s[answer.target] * spent_s / (end_s - start_s)
            done[depth] = done.get(depth, 0.0) + share
    steady_s = FREE_WINDOW_SOLOS * fmean(solo_s.values())
    return [Level(n, w, done.get(n, 0.0) / w) for n, w in sorted(windows.items()) if w >= steady_s]


def _solo_s(records: Sequence[RequestRecord]) -> Mapping[str, float]:
    """Mean latency alone, per target."""
    alone: dict[str, list[float]] = {}
    for r in records:
        if r.kind == BASELINE and r.latency_s is not None and r.not_whole_because(None) is None:
            alone.setdefault(r.target, []).append(r.latency_s)
    return {target: fmean(found) for target, found in alone.items()}


def _open(r: RequestRecord) -> tuple[float, float]:
    return (r.send_s or 0.0, r.end_s or 0.0)


def _depths(records: Sequence[RequestRecord], start_s: float, end_s: float) -> dict[int, float]:
    """Seconds of [start, end) spent at each number of requests in flight."""
    spans = (_open(r) for r in records if r.kind == FREE and r.end_s is not None)
    return time_at_depth((max(a, start_s), min(b, end_s)) for a, b in spans)
