"""The free plan: no verdict, but a curve of the solo time answered per second, by requests in flight."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from analysis.files.request_record import BASELINE, FREE, RequestRecord
from analysis.thresholds import FREE_WINDOW_SOLOS


@dataclass(frozen=True, slots=True)
class FreeLevel:
    """What was answered while exactly `in_flight` requests were open."""

    in_flight: int
    window_s: float
    speedup: float  # G: Σ solo time of the answers / window; an answer counts for each window it was open in


def curve(records: Sequence[RequestRecord]) -> list[FreeLevel]:
    """G by requests in flight; [] without solos of every target. Windows under two solos are left out."""
    solo_s = _solo_s(records)
    edges: list[tuple[float, int, float]] = []
    answered: set[str] = set()
    for r in records:
        if r.kind != FREE or r.send_s is None or r.end_s is None or r.end_s <= r.send_s:
            continue
        each = 0.0
        if r.not_whole_because(None) is None:
            answered.add(r.target)
            each = solo_s.get(r.target, 0.0) / (r.end_s - r.send_s)
        edges += [(r.send_s, 1, each), (r.end_s, -1, -each)]
    if not answered or not answered <= set(solo_s):
        return []
    edges.sort()
    windows: dict[int, float] = {}
    done: dict[int, float] = {}
    depth, rate, since = 0, 0.0, edges[0][0]  # rate: solo time that is answered per second
    for instant, step, each in edges:
        windows[depth] = windows.get(depth, 0.0) + instant - since
        done[depth] = done.get(depth, 0.0) + rate * (instant - since)
        depth, rate, since = depth + step, rate + each, instant
    steady_s = FREE_WINDOW_SOLOS * fmean(solo_s.values())
    return [FreeLevel(n, w, done[n] / w) for n, w in sorted(windows.items()) if n and w >= steady_s]


def _solo_s(records: Sequence[RequestRecord]) -> Mapping[str, float]:
    """Mean latency alone, per target."""
    alone: dict[str, list[float]] = {}
    for r in records:
        if r.kind == BASELINE and r.latency_s is not None and r.not_whole_because(None) is None:
            alone.setdefault(r.target, []).append(r.latency_s)
    return {target: fmean(found) for target, found in alone.items()}
