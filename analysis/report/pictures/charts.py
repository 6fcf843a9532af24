"""The charts of the HTML report: speedup over users, throughput, the map of overlap and speedup, the pace."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from markupsafe import Markup

from analysis.console import plural
from analysis.report.figures.machine import ThroughputFigures
from analysis.report.figures.phase import PhaseFigures
from analysis.report.pictures.svg import (
    LEFT,
    RIGHT,
    Scale,
    across,
    axes,
    box,
    dot,
    line,
    picture,
    point,
    text,
    ticks,
    upwards,
)
from analysis.report.words import interval, number, topology
from analysis.statistics.estimates import Estimate

HEIGHT, ROW = 250.0, 34.0


@dataclass(frozen=True, slots=True)
class Drawn:
    """One picture and what stands below it."""

    svg: Markup
    caption: str


def speedup_chart(phases: Sequence[PhaseFigures]) -> Drawn | None:
    """G with its interval over users, between the floor (serial, 1) and the ceiling (Gmax)."""
    shown = sorted((p for p in phases if p.speedup is not None), key=lambda p: (p.users, p.ports))
    if not shown:
        return None
    most = max(max(p.speedup_max or 1.0, _high(p.speedup)) for p in shown) * 1.08
    users = sorted({p.users for p in shown})
    x, y = across(0, users[-1] + 0.6), upwards(0, most, HEIGHT)
    parts = axes(x, y, users, ticks(most), "users at once", "speedup G, ×")
    parts.append(line(LEFT, y.at(1), RIGHT, y.at(1), "floor"))
    over = _series(shown)
    kinds = list(dict.fromkeys(over.values()))
    for i, kind in enumerate(kinds):
        own = _one_each([p for p in shown if over[p.name] == kind])
        parts += _path([(x.at(p.users), y.at(p.speedup_max)) for p in own if p.speedup_max], "ceiling")
        parts += _path([(x.at(p.users), y.at(p.speedup.value)) for p in own if p.speedup], f"series s{i % 4}")
    for p in shown:
        assert p.speedup is not None
        parts += _marked(x.at(p.users), y, p.speedup, kinds.index(over[p.name]) % 4, _said(p))
    label = "Speedup over users: " + "; ".join(_said(p) for p in shown)
    keys = list(enumerate(kinds))
    return Drawn(
        picture(HEIGHT + ROW, label, [*parts, *legend(keys, HEIGHT + ROW - 8)]),
        "Speedup over users, with its 95 % interval. Red: a serial server. Dotted: the most possible.",
    )


def throughput_chart(rows: Sequence[ThroughputFigures], recommended: int | None) -> Drawn | None:
    """Answers per minute over requests in flight, as the machine model says, with the recommended number."""
    if len(rows) < 2:
        return None
    most = max(_high(r.responses_per_min) for r in rows if r.measured or len(rows) == 1) * 1.08
    x, y = across(0, rows[-1].workers + 0.6), upwards(0, most, HEIGHT)
    counts = [r.workers for r in rows if r.workers.bit_count() == 1 or r is rows[-1]]
    parts = axes(x, y, counts, ticks(most), "requests in flight", "answers per minute")
    parts += _path([(x.at(r.workers), y.at(r.responses_per_min.value)) for r in rows], "series s0")
    for r in rows:
        if r.measured:
            parts += _marked(
                x.at(r.workers), y, r.responses_per_min, 0, f"{r.workers}: {interval(r.responses_per_min)}"
            )
    best = next((r for r in rows if r.workers == recommended), None)
    if best is not None:
        at = x.at(best.workers)
        parts.append(line(at, y.end, at, y.start, "advised"))
        anchor = "end" if at > 60 else "start"
        parts.append(text(at + (-1 if at > 60 else 1), y.end + 10, f"recommended: {best.workers}", anchor))
    told = f"; recommended: {best.workers}" if best else ""
    return Drawn(
        picture(HEIGHT, f"Answers per minute over requests in flight{told}", parts),
        "Answers per minute over requests in flight: points were measured, the line is the machine model's.",
    )


def overlap_map(phases: Sequence[PhaseFigures]) -> Drawn | None:
    """Each phase by how much answers overlap and what that gains, both as a share of the possible."""
    shown = [(p, place) for p in phases if (place := _place(p)) is not None]
    if not shown:
        return None
    x, y = across(-8, 108), upwards(-30, 118, HEIGHT)
    regions = (
        (-8, -30, 35, 35, "one at a time", "lock"),
        (35, -10, 108, 35, "overlap without a gain", "shared"),
        (35, -30, 108, -10, "slower than in turn", "worse"),
        (35, 35, 108, 118, "parallel", "gains"),
        (-8, 35, 35, 118, "other gain", "odd"),
    )
    parts = [box(x.at(a), y.at(b), x.at(c), y.at(d), f"region {kind}") for a, b, c, d, _, kind in regions]
    parts += axes(x, y, [0, 50, 100], [0, 50, 100], "overlap while decoding, % of the possible", "gain, %")
    parts += [
        text(x.at(a) + 1, y.at(d) + 14, words, "start", "region-name") for a, _, _, d, words, _ in regions
    ]
    for p, (overlap, gain) in shown:
        parts.append(dot(x.at(overlap), y.at(gain), "point s0", f"{p.name}: {_said(p)}", 5.5))
    parts += _names([(x.at(o), y.at(g), p.name) for p, (o, g) in shown])
    label = "Map of overlap and gain: " + "; ".join(
        f"{p.name}: overlap {o:.0f} %, gain {g:.0f} %" for p, (o, g) in shown
    )
    return Drawn(
        picture(HEIGHT, label, parts),
        "What overlap brings: (C − 1) / (N − 1) to the right, (G − 1) / (Gmax − 1) upwards.",
    )


def pace_chart(phases: Sequence[PhaseFigures]) -> Drawn | None:
    """Output tokens per second of one answer: alone (ring) and together (dot), a row per phase."""
    shown = [p for p in phases if p.answer_tokens_per_s.together is not None]
    if not shown:
        return None
    paces = [p.answer_tokens_per_s for p in shown]
    most = max(e.value for pace in paces for e in (pace.alone, pace.together) if e is not None) * 1.08
    x, height = across(0, most), ROW * len(shown) + 50
    y = Scale(0, 1, height - 38, 14)
    parts = axes(x, y, ticks(most), [], "output tokens/s of one answer", "")
    for i, (p, pace) in enumerate(zip(shown, paces, strict=True)):
        at = 26 + i * ROW
        assert pace.together is not None
        parts.append(text(LEFT, at - 9, f"{p.name}, {plural(p.users, 'user')}", "start"))
        if pace.alone is not None:
            parts.append(line(x.at(pace.together.value), at, x.at(pace.alone.value), at, "series s0"))
            parts.append(dot(x.at(pace.alone.value), at, "ring s0", f"alone {interval(pace.alone)}"))
        parts.append(dot(x.at(pace.together.value), at, "point s0", f"together {interval(pace.together)}"))
    label = "Tokens per second of one answer, alone and together: " + "; ".join(
        f"{p.name} {number(a.alone.value if a.alone else None)} and {number(a.together.value)}"
        for p, a in zip(shown, paces, strict=True)
        if a.together is not None
    )
    return Drawn(
        picture(height, label, parts), "Output tokens per second of one answer: alone (ring), together (dot)."
    )


def _place(p: PhaseFigures) -> tuple[float, float] | None:
    """(overlap, gain) in per cent of the possible; None where either is unknown."""
    if (
        p.decode_overlap is None
        or p.speedup is None
        or not p.speedup_max
        or p.users < 2
        or p.speedup_max <= 1
    ):
        return None
    overlap = (p.decode_overlap.value - 1) / (p.users - 1)
    return 100 * overlap, 100 * (p.speedup.value - 1) / (p.speedup_max - 1)


def _series(phases: Sequence[PhaseFigures]) -> dict[str, str]:
    """By phase: the ports of its line. Sets of ports that occur once, with one user each, are one line."""
    each = Counter(topology(p) for p in phases)
    growing = [p.name for p in phases if p.users == p.ports > 1 and each[topology(p)] == 1]
    joined = growing if len(growing) > 1 else []
    return {p.name: "one user per port" if p.name in joined else topology(p) for p in phases}


def _one_each(phases: Sequence[PhaseFigures]) -> list[PhaseFigures]:
    """One phase per number of users: the line goes through the first of those that share one."""
    return list({p.users: p for p in reversed(phases)}.values())[::-1]


def _path(points: Sequence[tuple[float, float]], class_: str) -> list[Markup]:
    return [line(x1, y1, x2, y2, class_) for (x1, y1), (x2, y2) in pairwise(sorted(points))]


def _marked(x: float, y: Scale, found: Estimate, number: int, title: str) -> list[Markup]:
    """The point and its interval."""
    ends = (
        [line(x, y.at(found.low), x, y.at(found.high), f"ends s{number}")]
        if found.low is not None and found.high is not None
        else []
    )
    return [*ends, point(x, y.at(found.value), number, title)]


def _said(p: PhaseFigures) -> str:
    return f"{p.name}, {plural(p.users, 'user')} over {topology(p)}: {interval(p.speedup)}"


def _high(found: Estimate | None) -> float:
    return max(found.high or found.value, found.value) if found else 0.0


def legend(keys: Sequence[tuple[int, str]], y: float) -> list[Markup]:
    """(number of the series, its name); [] for a single one."""
    if len(keys) < 2:
        return []
    parts, at = [], LEFT
    for series, words in keys:
        parts += [point(at + 1, y - 4, series), text(at + 3, y, words, "start")]
        at += 5 + 2.2 * len(words)
    return parts


def _names(points: Sequence[tuple[float, float, str]]) -> list[Markup]:
    """Names beside their points; where points lie together the names share a line."""
    placed: list[tuple[float, float, list[str]]] = []
    for x, y, name in sorted(points):
        near = next((p for p in placed if abs(p[0] - x) < 8 and abs(p[1] - y) < 16), None)
        if near is None:
            placed.append((x, y, [name]))
        else:
            near[2].append(name)
    return [
        text(x + (-2 if x > 60 else 2), y - 8, ", ".join(names), "end" if x > 60 else "start", "name")
        for x, y, names in placed
    ]
