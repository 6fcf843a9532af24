"""One round as lanes: a line per request, waiting, prefill and decode drawn to scale, grouped by port."""

from collections.abc import Sequence
from dataclasses import dataclass

from analysis.files.request_record import RequestRecord
from analysis.phase.measure import PhaseMeasured
from analysis.phase.rounds import Round

QUEUED, WAITING, PREFILL, DECODE = "client's queue", "waiting", "prefill", "decode"
FIRST_PART, WHOLE = "waiting or prefill", "sent to ended"  # where the server or the stream tells no more
KINDS = (QUEUED, WAITING, FIRST_PART, PREFILL, DECODE, WHOLE)
GLYPHS = {QUEUED: "·", WAITING: "░", FIRST_PART: "░", PREFILL: "▒", DECODE: "█", WHOLE: "▓"}
FAILED = "×"
NO_ROOM = 10  # columns: below it a lane tells nothing
LATENCY = 10  # columns of the latency beside a lane


@dataclass(frozen=True, slots=True)
class Segment:
    kind: str
    start_s: float  # since the round's start
    end_s: float


@dataclass(frozen=True, slots=True)
class Lane:
    """One request of the round, cut where its state changed; the segments touch and follow one another."""

    base_url: str
    target: str
    user: int | None
    latency_s: float | None
    segments: tuple[Segment, ...]
    failed: bool


def representative_round(phase: PhaseMeasured) -> Round | None:
    """The round with the (lower) median makespan; of the scored ones where there are any."""
    timed = [r for r in (phase.scored or phase.rounds) if r.makespan_s is not None]
    ordered = sorted(timed, key=lambda r: r.makespan_s or 0.0)
    return ordered[(len(ordered) - 1) // 2] if ordered else None


def lanes(a_round: Round, ports: Sequence[str]) -> list[Lane]:
    """The round's requests grouped by port in the order given, each port's as they were due, then by user."""
    origin_s = a_round.start_s or 0.0
    ordered = sorted(
        a_round.requests, key=lambda r: (ports.index(r.base_url), r.scheduled_s or 0.0, r.user or 0)
    )
    return [
        Lane(r.base_url, r.target, r.user, r.latency_s, tuple(_segments(r, origin_s)), r.error is not None)
        for r in ordered
    ]


def _segments(r: RequestRecord, origin_s: float) -> list[Segment]:
    """Empty for a request that was never sent; a segment without length is left out."""
    if r.send_s is None or r.end_s is None or r.start_s is None:
        return []
    cuts = [(QUEUED, r.start_s, r.send_s)]
    if r.first_token_s is None:
        cuts.append((WHOLE, r.send_s, r.end_s))
    elif r.server_prefill_s is None:
        cuts.append((FIRST_PART, r.send_s, r.first_token_s))
    else:
        prefill_from_s = max(r.first_token_s - r.server_prefill_s, r.send_s)
        cuts += [(WAITING, r.send_s, prefill_from_s), (PREFILL, prefill_from_s, r.first_token_s)]
    if r.first_token_s is not None:
        cuts.append((DECODE, r.first_token_s, r.last_token_s or r.end_s))
    return [Segment(kind, a - origin_s, b - origin_s) for kind, a, b in cuts if b > a]


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
    parts = [f"{GLYPHS[kind]} {kind}" for kind in KINDS if kind in kinds]
    return "  ".join(parts + ([f"{FAILED} failed"] if any(lane.failed for lane in drawn) else []))


def picture(phase: PhaseMeasured, width: int) -> list[str]:
    """The lines of the phase's representative round; [] if no round was timed."""
    shown = representative_round(phase)
    if shown is None or not shown.makespan_s:
        return []
    drawn, span_s = lanes(shown, phase.ports), shown.makespan_s
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
