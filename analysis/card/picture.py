"""The card as SVG: verdict above, on the left the naive claim against the truth, on the right the lanes."""

import textwrap
from collections.abc import Sequence
from itertools import groupby

from markupsafe import Markup

from analysis.card.content import Card, claim, title, truth
from analysis.lanes import DECODE, PREFILL, SEGMENT_KINDS, WHOLE, Lane
from analysis.report.figures.phase import PhaseFigures
from analysis.report.pictures.lane_rows import CLASSES
from analysis.report.pictures.svg import element, ticks
from analysis.report.sections.phases import pace_of_one

WIDTH, HEIGHT, EDGE = 1200, 630, 56
SPLIT, LANES_FROM = 560, 620  # px: where the left half ends and the right one begins
TOP, BOTTOM = 250, 520  # px: of both
NARROW = 0.56  # of the size of a font: the mean width of a letter
STYLE = """text { font-family: 'DejaVu Sans', 'Segoe UI', Helvetica, Arial, sans-serif; fill: #1f2328; }
.dim { fill: #59636e; } .green { fill: #18794e; } .yellow { fill: #7a5600; } .red { fill: #b3261e; }
.magenta { fill: #6b3fa0; } .cyan { fill: #0b6b82; } .page { fill: #fff; } .bar { fill: #eef1f4; }
.queued { fill: #6e7781; } .waits { fill: #c3cbd4; stroke: #6e7781; stroke-width: 0.5; }
.prefill { fill: url(#slanted); } .decode { fill: #1a7f5a; } .whole { fill: url(#lined); }
.claim { fill: url(#dotted); stroke: #59636e; } .bad { fill: #b3261e; font-weight: 700; }
.most { fill: none; stroke: #59636e; stroke-dasharray: 4 4; } .ends { stroke: #1f2328; stroke-width: 3; }"""


def draw(card: Card) -> str:
    """The whole picture, as a document of its own."""
    parts = [element("rect", width=WIDTH, height=HEIGHT, class_="page"), *_head(card), *_foot(card)]
    if card.phase is not None:
        parts += [*_speedups(card.phase), *_lanes(card.lanes)]
    else:
        lines = [line for s in card.sentences for line in textwrap.wrap(s, 88)] or [
            "No speedup was measured."
        ]
        parts += [_text(EDGE, TOP + 16 + 32 * i, line, 22) for i, line in enumerate(lines[:8])]
    label = ". ".join(filter(None, (card.verdict, card.meaning, card.server, card.model, card.machine)))
    return str(
        element(
            "svg", element("title", label), element("style", Markup(STYLE)), _patterns(), *parts,
            xmlns="http://www.w3.org/2000/svg", width=WIDTH, height=HEIGHT, viewBox=f"0 0 {WIDTH} {HEIGHT}",
            role="img", aria_label=label,
        )
    )  # fmt: skip


def _head(card: Card) -> list[Markup]:
    size = min(72.0, (WIDTH - 2 * EDGE) / (0.7 * len(card.verdict)))
    meaning = textwrap.wrap(card.meaning, 72)[:2]
    return [
        _text(EDGE, 62, card.question, 24, "dim"),
        _text(EDGE, 140, card.verdict.upper(), size, card.colour, weight="bold"),
        *(_text(EDGE, 184 + 34 * i, line, 26) for i, line in enumerate(meaning)),
    ]


def _foot(card: Card) -> list[Markup]:
    return [
        element("rect", y=BOTTOM + 34, width=WIDTH, height=HEIGHT, class_="bar"),
        _text(EDGE, BOTTOM + 66, f"{card.server} · {card.model}", 20),
        _text(EDGE, BOTTOM + 94, card.machine, 20),
        _text(WIDTH - EDGE, BOTTOM + 94, card.made, 18, "dim", anchor="end"),
    ]


def _speedups(p: PhaseFigures) -> list[Markup]:
    """Three bars on one scale: what the naive formula claims, what is true, and what is possible."""
    assert p.speedup is not None and p.naive_speedup is not None
    high = p.speedup.high or p.speedup.value
    scale = (SPLIT - EDGE) / max(p.naive_speedup, high, p.speedup_max or 1.0, 1.0)
    rows = ((claim(p), p.naive_speedup, "claim"), (truth(p), p.speedup.value, "decode"))
    parts = [_text(EDGE, TOP, title(p), 22, weight="bold")]
    for i, (words, value, kind) in enumerate(rows):
        y = TOP + 40 + 84 * i
        parts += [_text(EDGE, y, words, 18, "dim"), _box(EDGE, y + 12, value * scale, 34, kind)]
    y = TOP + 40 + 84 + 12
    if p.speedup_max:
        parts.append(_box(EDGE, y, p.speedup_max * scale, 34, "most"))
    if p.speedup.low is not None:
        ends = {"y1": y + 17, "y2": y + 17, "class_": "ends"}
        parts.append(element("line", x1=EDGE + p.speedup.low * scale, x2=EDGE + high * scale, **ends))
    together = p.answer_tokens_per_s.together
    if together is None:
        return parts
    parts.append(_text(EDGE, y + 76, "tokens/s of one answer, alone → together", 18, "dim"))
    return [*parts, _text(EDGE, y + 108, pace_of_one(p.answer_tokens_per_s), 28, weight="bold")]


def _lanes(drawn: Sequence[Lane]) -> list[Markup]:
    """A bar per request on one scale, a gap between ports; no name."""
    span_s = max((s.end_s for lane in drawn for s in lane.segments), default=0.0)
    if span_s <= 0:
        return []
    ports = [list(own) for _, own in groupby(drawn, key=lambda lane: lane.base_url)]
    each = (BOTTOM - 70 - TOP) / (len(drawn) + 0.5 * (len(ports) - 1))
    scale, y = (WIDTH - EDGE - LANES_FROM) / span_s, float(TOP)
    parts = [_text(LANES_FROM, TOP - 14, "one line per request, one group per port", 16, "dim")]
    for own in ports:
        for lane in own:
            thick = max(each * 0.72, 1.0)
            parts.append(_box(LANES_FROM, y, WIDTH - EDGE - LANES_FROM, thick, "bar"))
            parts += [
                _box(LANES_FROM + s.start_s * scale, y, (s.end_s - s.start_s) * scale, thick, CLASSES[s.kind])
                for s in lane.segments
            ]
            if lane.failed:
                end_s = lane.segments[-1].end_s if lane.segments else 0.0
                parts.append(_text(LANES_FROM + end_s * scale + 2, y + thick * 0.8, "×", 20, "bad"))
            y += each
        y += 0.5 * each
    parts += [
        _text(LANES_FROM + t * scale, BOTTOM - 44, f"{t:g} s", 16, "dim", anchor="middle")
        for t in ticks(span_s)
    ]
    return [*parts, *_legend(drawn)]


def _legend(drawn: Sequence[Lane]) -> list[Markup]:
    kinds = {s.kind for lane in drawn for s in lane.segments}
    parts, x = [], float(LANES_FROM)
    for kind in (k for k in SEGMENT_KINDS if k in kinds):
        words = {PREFILL: "reads the prompt", DECODE: "writes", WHOLE: "sent to ended"}.get(kind, kind)
        parts += [_box(x, BOTTOM - 20, 22, 16, CLASSES[kind]), _text(x + 30, BOTTOM - 6, words, 16, "dim")]
        x += 56 + 16 * NARROW * len(words)
    return parts


def _patterns() -> Markup:
    """Told apart without colours: slanted lines, level lines and dots."""
    slanted = element(
        "pattern", element("rect", width=7, height=7, fill="#c3cbd4"),
        element("rect", width=4, height=7, fill="#b35900"),
        id="slanted", width=7, height=7, patternUnits="userSpaceOnUse", patternTransform="rotate(45)",
    )  # fmt: skip
    dotted = element(
        "pattern", element("rect", width=8, height=8, fill="#fff"),
        element("circle", cx=4, cy=4, r=1.8, fill="#59636e"),
        id="dotted", width=8, height=8, patternUnits="userSpaceOnUse",
    )  # fmt: skip
    lined = element(
        "pattern", element("rect", width=5, height=5, fill="#fff"),
        element("rect", width=5, height=4, fill="#57719c"),
        id="lined", width=5, height=5, patternUnits="userSpaceOnUse",
    )  # fmt: skip
    return element("defs", slanted, dotted, lined)


def _box(x: float, y: float, width: float, height: float, class_: str) -> Markup:
    return element(
        "rect", x=float(x), y=float(y), width=float(max(width, 1.0)), height=float(height), class_=class_
    )


def _text(
    x: float,
    y: float,
    words: str,
    size: float,
    class_: str = "",
    anchor: str = "start",
    weight: str = "normal",
) -> Markup:
    """Cut where it would leave the picture."""
    room = WIDTH - EDGE - x if anchor == "start" else WIDTH / 2
    most = int(room / (NARROW * size))
    shown = words if len(words) <= most else f"{words[: most - 1]}…"
    return element(
        "text", shown, x=float(x), y=float(y), font_size=float(size), text_anchor=anchor, font_weight=weight,
        class_=class_,
    )  # fmt: skip
