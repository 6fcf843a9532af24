"""Lanes for HTML: of each request its bar, cut into pieces, in per cent of one span for all phases."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from analysis.files.server_samples import ServerSample
from analysis.lanes import (
    DECODE,
    FIRST_PART,
    PREFILL,
    QUEUED,
    SEGMENT_KINDS,
    WAITING,
    WHOLE,
    Lane,
    lanes,
    representative_round,
)
from analysis.phase.measure import PhaseMeasured
from analysis.phase.rounds import Round
from analysis.report.pictures.svg import ticks
from analysis.report.words import number

DEEPEST = 4  # shades of a server's load: more requests at once look alike, the words count them
CLASSES = {
    QUEUED: "queued",
    WAITING: "waits",
    FIRST_PART: "waits",
    PREFILL: "prefill",
    DECODE: "decode",
    WHOLE: "whole",
}


@dataclass(frozen=True, slots=True)
class Piece:
    class_: str
    left: float  # per cent of the span
    width: float
    words: str
    inside: str = ""  # written on it, where there is room


@dataclass(frozen=True, slots=True)
class LaneRow:
    label: str
    took: str
    error: str | None
    end: float  # per cent: where the mark of a failed request stands
    pieces: tuple[Piece, ...]

    @property
    def words(self) -> str:
        """What a screen reader says of the bar."""
        return "; ".join(p.words for p in self.pieces) + (f"; failed: {self.error}" if self.error else "")


@dataclass(frozen=True, slots=True)
class PhaseLanes:
    title: str
    ports: tuple[tuple[str, tuple[LaneRow, ...]], ...]
    loads: dict[str, tuple[Piece, ...]]  # by port, where the server says how busy it is
    kinds: tuple[tuple[str, str], ...]  # (class, what it means), as they occur
    ticks: tuple[tuple[float, str], ...]  # (per cent, seconds)


def phase_lanes(phases: Sequence[PhaseMeasured], samples: Sequence[ServerSample] = ()) -> list[PhaseLanes]:
    """The rounds worth seeing of each phase, all on the time scale of the longest."""
    shown = [(p, a_round) for p in phases for a_round in _worth_seeing(p)]
    span_s = max((a_round.makespan_s or 0.0 for _, a_round in shown), default=0.0)
    return [_drawn(phase, a_round, span_s, samples) for phase, a_round in shown] if span_s > 0 else []


def _worth_seeing(phase: PhaseMeasured) -> list[Round]:
    """The representative round, and the first with a failed request where that has none."""
    usual = representative_round(phase)
    failed = [a for a in phase.rounds if a.makespan_s and any(r.error for r in a.requests)]
    if usual is None or not failed or usual in failed:
        return [usual] if usual is not None else []
    return [usual, failed[0]]


def _drawn(
    phase: PhaseMeasured, a_round: Round, span_s: float, samples: Sequence[ServerSample]
) -> PhaseLanes:
    drawn = lanes(a_round, phase.ports)
    kinds = {s.kind for lane in drawn for s in lane.segments}
    meant = {CLASSES[kind]: kind for kind in SEGMENT_KINDS if kind in kinds}
    return PhaseLanes(
        f"{phase.plan.name}: round {a_round.index + 1} of {len(phase.rounds)}, "
        f"{len(drawn)} requests in {number(a_round.makespan_s)} s",
        tuple((port, tuple(_row(x, span_s) for x in drawn if x.base_url == port)) for port in phase.ports),
        {port: found for port in phase.ports if (found := _load(samples, port, a_round, span_s))},
        tuple(meant.items()),
        tuple((100 * t / span_s, f"{t:g}") for t in ticks(span_s)),
    )


def _load(samples: Sequence[ServerSample], base_url: str, a_round: Round, span_s: float) -> tuple[Piece, ...]:
    """Each answer of the server holds until the next one; () where it says nothing of its load."""
    start_s, end_s = a_round.start_s, a_round.end_s
    if start_s is None or end_s is None:
        return ()
    first, last = (bisect_left(samples, at_s, key=lambda s: s.at_s) for at_s in (start_s, end_s))
    own = [s for s in samples[first:last] if s.base_url == base_url and s.busy is not None]
    alike = [(key, next(found).at_s) for key, found in groupby(own, key=lambda s: (s.busy or 0, s.waiting))]
    edges = [at_s - start_s for _, at_s in alike] + [end_s - start_s]
    return tuple(
        Piece(
            f"l{min(busy, DEEPEST)}",
            100 * edges[i] / span_s,
            100 * (edges[i + 1] - edges[i]) / span_s,
            f"{busy} busy" + (f", {waiting} waiting" if waiting else ""),
            f"{busy} + {waiting}" if waiting else f"{busy}",
        )
        for i, ((busy, waiting), _) in enumerate(alike)
    )


def _row(lane: Lane, span_s: float) -> LaneRow:
    pieces = tuple(
        Piece(
            CLASSES[s.kind],
            100 * s.start_s / span_s,
            100 * (s.end_s - s.start_s) / span_s,
            f"{s.kind} {number(s.end_s - s.start_s)} s",
        )
        for s in lane.segments
    )
    label = lane.target if lane.user is None else f"{lane.target}, user {lane.user}"
    took = "not sent" if lane.latency_s is None else f"{number(lane.latency_s)} s"
    return LaneRow(label, took, lane.error, pieces[-1].left + pieces[-1].width if pieces else 0.0, pieces)
