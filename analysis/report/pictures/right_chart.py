"""The picture of a phase of kind `right`: what became of each code, and whose code went where."""

from collections.abc import Iterator, Mapping
from typing import Any

from markupsafe import Markup

from analysis.report.pictures.charts import Drawn
from analysis.report.pictures.svg import LINE, RIGHT, box, picture, text

ROW, BAR, NAMES = 30.0, 18.0, 24.0  # px of a row and of its bar; per cent where the bars begin
MOST_ASTRAY = 8
PARTS = (  # of each code: as it was alone and together, its colour
    ("right both times", "gains"),
    ("right alone only", "worse"),
    ("right together only", "gained"),
    ("wrong both times", "neither"),
)


def right_chart(figures: Mapping[str, Any]) -> Drawn | None:
    """A bar for each number of users, cut into what became of its codes; below, whose code went where."""
    levels = [level for level in figures["levels"] if level["n"]]
    if not levels:
        return None
    parts: list[Markup] = []
    for i, level in enumerate(levels):
        parts += _bar(level, 6 + i * ROW)
    height = 6 + len(levels) * ROW
    astray = figures["astray"][:MOST_ASTRAY]
    for found in astray:
        height += LINE
        words = f"{found['code']}: asked by request {found['asked_by']} → in the answer to {found['got_by']}"
        parts.append(text(0, height, words, "start", "name"))
    label = "Codes right alone and together: " + "; ".join(map(_said, levels))
    below = " Below: another request's code, from whom to whom." if astray else ""
    return Drawn(
        picture(height + LINE, label, parts),
        "What became of each code, by the number of requests at once. Green: right alone and together; red: "
        f"right alone, wrong together; blue: the reverse; grey: wrong both times.{below}",
    )


def _bar(level: Mapping[str, Any], y: float) -> Iterator[Markup]:
    yield text(NAMES - 1, y + BAR * 0.75, _name(level), "end", "name")
    at, wide = NAMES, RIGHT - NAMES
    for (_, class_), count in zip(PARTS, _counts(level), strict=True):
        if count:
            to = at + wide * count / level["n"]
            yield box(at, y, to, y + BAR, f"region {class_}")
            yield text((at + to) / 2, y + BAR * 0.75, str(count))
            at = to


def _counts(level: Mapping[str, Any]) -> tuple[int, int, int, int]:
    lost, gained = level["lost"], level["gained"]
    return level["right"] - gained, lost, gained, level["n"] - level["right"] - lost


def _name(level: Mapping[str, Any]) -> str:
    return f"{level['users']} come and go" if level["churn"] else f"{level['users']} at once"


def _said(level: Mapping[str, Any]) -> str:
    counts = zip(PARTS, _counts(level), strict=True)
    return f"{_name(level)}: " + ", ".join(f"{count} {name}" for (name, _), count in counts if count)
