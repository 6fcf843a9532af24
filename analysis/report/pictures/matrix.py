"""The contention matrix as a heat map: how much of the possible gain each pair of targets reaches."""

from collections.abc import Sequence

from analysis.report.pictures.charts import Drawn
from analysis.report.pictures.svg import RIGHT, box, picture, text
from analysis.report.words import number
from analysis.verdict.limit import Pair

CELL, NAMES, HEAD = 46.0, 24.0, 30.0  # px of a row; per cent for the names; px above the cells
SHADES = 5
LONGEST = 14


def matrix_chart(pairs: Sequence[Pair]) -> Drawn | None:
    """A cell per pair: the shade is its share of the possible gain, the words are its speedup of at most."""
    if not pairs:
        return None
    names = list(dict.fromkeys(name for p in pairs for name in (p.a, p.b)))
    wide = (RIGHT - NAMES) / len(names)
    height = HEAD + CELL * len(names) + 8
    parts = []
    for i, name in enumerate(names):
        parts.append(text(NAMES - 1, HEAD + CELL * (i + 0.6), _short(name), "end"))
        parts.append(text(NAMES + wide * (i + 0.5), HEAD - 10, _short(name)))
    for p in pairs:
        for a, b in ((p.a, p.b), (p.b, p.a)):
            x, y = NAMES + wide * names.index(a), HEAD + CELL * names.index(b)
            parts.append(box(x, y, x + wide, y + CELL, f"cell c{_shade(p)}"))
            parts.append(text(x + wide / 2, y + CELL * 0.6, _cell(p), class_="name"))
    said = "; ".join(f"{p.a} and {p.b}: {_cell(p)}, {p.outcome}" for p in pairs)
    return Drawn(
        picture(height, f"Speedup of every two targets together: {said}", parts),
        "Every two targets together: speedup of the most possible. The fuller the cell, the less they share.",
    )


def _shade(p: Pair) -> int:
    """0: no gain, SHADES - 1: all of the possible one."""
    most, found = p.phase.speedup_max, p.phase.speedup
    if found is None or not most or most <= 1:
        return 0
    share = (found.value - 1) / (most - 1)
    return round(min(max(share, 0.0), 1.0) * (SHADES - 1))


def _cell(p: Pair) -> str:
    return f"{number(p.phase.speedup.value if p.phase.speedup else None)} of {number(p.phase.speedup_max)}"


def _short(name: str) -> str:
    return name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…"
