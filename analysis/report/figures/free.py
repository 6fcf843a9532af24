"""The free plan: no verdict, but a curve of the solo time answered per second, by requests in flight."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from analysis.files.request_record import BASELINE, FREE, STOPPED, RequestRecord
from analysis.thresholds import FREE_WINDOW_SOLOS


@dataclass(frozen=True, slots=True)
class FreeLevel:
    """What was answered while exactly `in_flight` requests were open."""

    in_flight: int
    window_s: float
    answers: int  # that ended then
    speedup: float  # G: solo time of what was answered / window


@dataclass(frozen=True, slots=True)
class _Alone:
    """A target's answers with nothing else open, on average; None: they do not stream."""

    latency_s: float
    ttft_s: float | None
    tokens: float | None

    def work_s(self, r: RequestRecord) -> float:
        """Solo time of what this answer holds: of one that was cut, as far as it came."""
        if r.not_whole_because(None) is None:
            return self.latency_s
        came = r.chunks or 0
        if r.error != STOPPED or not came or self.ttft_s is None or not self.tokens:
            return 0.0
        return self.ttft_s + (self.latency_s - self.ttft_s) * min(came / self.tokens, 1.0)

    def begin_s(self, r: RequestRecord, send_s: float) -> float:
        """When its server began with it, at the earliest: nothing was done for it before."""
        if self.ttft_s is None or r.first_token_s is None:
            return send_s
        return max(send_s, r.first_token_s - self.ttft_s)


def curve(records: Sequence[RequestRecord]) -> list[FreeLevel]:
    """G by requests in flight; [] without solos of every target. Windows under two solos are left out.

    An answer's solo time is spread from when its server began with it to its end: spread over the time that
    it waited too, it would count too late, and what is cut at the end not at all.
    """
    alone = _alone(records)
    edges: list[
        tuple[float, int, int, float]
    ] = []  # instant, change of depth, answers that ended, of the rate
    answered: set[str] = set()
    for r in records:
        if r.kind != FREE or r.send_s is None or r.end_s is None or r.end_s <= r.send_s:
            continue
        edges += [(r.send_s, 1, 0, 0.0), (r.end_s, -1, int(r.error is None), 0.0)]
        whole = r.not_whole_because(None) is None
        if whole:
            answered.add(r.target)
        own = alone.get(r.target)
        work_s, begin_s = (own.work_s(r), own.begin_s(r, r.send_s)) if own else (0.0, r.send_s)
        if work_s and begin_s < r.end_s:
            rate = work_s / (r.end_s - begin_s)
            edges += [(begin_s, 0, 0, rate), (r.end_s, 0, 0, -rate)]
    if not answered or not answered <= set(alone):
        return []
    edges.sort()
    windows: dict[int, float] = {}
    done: dict[int, float] = {}
    ends: dict[int, int] = {}
    depth, rate, since = 0, 0.0, edges[0][0]  # rate: solo time that is answered per second
    before = 0  # the depth until this instant: several may end at one
    for instant, step, ended, change in edges:
        if instant > since:
            windows[depth] = windows.get(depth, 0.0) + instant - since
            done[depth] = done.get(depth, 0.0) + rate * (instant - since)
            before = depth
        ends[before] = ends.get(before, 0) + ended
        depth, rate, since = depth + step, rate + change, instant
    steady_s = FREE_WINDOW_SOLOS * fmean(own.latency_s for own in alone.values())
    return [
        FreeLevel(n, w, ends.get(n, 0), done[n] / w)
        for n, w in sorted(windows.items())
        if n and w >= steady_s
    ]


def _alone(records: Sequence[RequestRecord]) -> Mapping[str, _Alone]:
    found: dict[str, list[RequestRecord]] = {}
    for r in records:
        if r.kind == BASELINE and r.latency_s is not None and r.not_whole_because(None) is None:
            found.setdefault(r.target, []).append(r)
    return {
        target: _Alone(
            fmean(r.latency_s or 0.0 for r in rows),
            _mean([r.ttft_s for r in rows]),
            _mean([r.chunks for r in rows]),
        )
        for target, rows in found.items()
    }


def _mean(values: Sequence[float | None]) -> float | None:
    known = [v for v in values if v is not None]
    return fmean(known) if len(known) == len(values) else None
