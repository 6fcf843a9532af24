"""Lanes in text: a line per request, waiting, prefill and decode drawn to scale."""

from collections.abc import Sequence

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

GLYPHS = {QUEUED: "·", WAITING: "░", FIRST_PART: "░", PREFILL: "▒", DECODE: "█", WHOLE: "▓"}
FAILED = "×"
NO_ROOM = 10  # columns: below it a lane tells nothing
LATENCY = 10  # columns of the latency beside a lane


def column(instant_s: float, span_s: float, width: int) -> int:
    """The column an instant falls on: to scale, 0 at the round's start, `width` at its end."""
    return round(min(max(instant_s / span_s, 0.0), 1.0) * width) if span_s > 0 else 0


def draw(lane: Lane, span_s: float, width: int) -> str:
    """The lane in exactly `width` columns (one more for the mark of a failed request)."""
    cells = [" "] * width
    for segment in lane.segments:
        start, end = column(segment.start_s, span_s, width), column(segment.end_s, span_s, width)
        cells[start:end] = GLYPHS[segment.kind] * (end - start)
    return "".join(cells) + (FAILED if lane.failed else "")


def axis(span_s: float, width: int) -> str:
    """`0 s` on the left, the middle, and the whole span on the right edge, in `width` columns."""
    right, middle = f"{span_s:.2f} s", f"{span_s / 2:.2f}"
    left_gap = width // 2 - len("0 s") - len(middle) // 2
    text = "0 s" + " " * max(left_gap, 1) + middle
    return text + " " * max(width - len(text) - len(right), 1) + right


def legend(drawn: Sequence[Lane], span_s: float, width: int) -> str:
    """Only what is long enough to be seen, in the order of a request's life."""
    kinds = {
        s.kind
        for lane in drawn
        for s in lane.segments
        if column(s.end_s, span_s, width) > column(s.start_s, span_s, width)
    }
    if FIRST_PART in kinds:
        kinds.discard(WAITING)  # one glyph for both: what was waiting is that too
    parts = [f"{GLYPHS[kind]} {kind}" for kind in SEGMENT_KINDS if kind in kinds]
    return "  ".join(parts + ([f"{FAILED} failed"] if any(lane.failed for lane in drawn) else []))


def picture(phase: PhaseMeasured, width: int, scale_s: float | None = None) -> list[str]:
    """The lines of the phase's representative round; [] if no round was timed.

    `scale_s`: the time that fills the width; None: the round's own.
    """
    shown = representative_round(phase)
    if shown is None or not shown.makespan_s:
        return []
    drawn, span_s = lanes(shown, phase.ports), scale_s or shown.makespan_s
    label = max(len(_label(lane)) for lane in drawn)
    room = max(width - label - LATENCY - 3, NO_ROOM)
    indent = " " * (label + LATENCY + 2)
    lines = [f"{phase.plan.name}, round {shown.index + 1} of {len(phase.rounds)}, the median one:"]
    port = None
    for lane in drawn:
        if lane.base_url != port:
            port = lane.base_url
            lines.append(port)
        took = f"{lane.latency_s:.2f} s" if lane.latency_s is not None else "not sent"
        lines.append(f"{_label(lane):<{label}}{took:>{LATENCY}} |{draw(lane, span_s, room)}".rstrip())
    return [*lines, indent + axis(span_s, room), indent + legend(drawn, span_s, room)]


def _label(lane: Lane) -> str:
    return f"  {lane.target}" + (f", user {lane.user}" if lane.user is not None else "")
