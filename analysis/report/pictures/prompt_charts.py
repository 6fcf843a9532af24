"""The pictures of phases of the kinds stall, talk and right: from their figures in report.json."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from markupsafe import Markup

from analysis.prompts.finding import Finding
from analysis.report.pictures.charts import HEIGHT, Drawn
from analysis.report.pictures.svg import (
    LINE,
    RIGHT,
    across,
    axes,
    box,
    dot,
    line,
    picture,
    text,
    ticks,
    upwards,
)
from analysis.report.words import number

# Of right
ROW, BAR, NAMES = 30.0, 18.0, 24.0  # px of a row and of its bar; per cent where the bars begin
MOST_ASTRAY = 8
PARTS = (  # of each code: as it was alone and together, its colour
    ("right both times", "gains"),
    ("right alone only", "worse"),
    ("right together only", "gained"),
    ("wrong both times", "neither"),
)


def prompt_chart(name: str, findings: Sequence[Finding]) -> Drawn | None:
    """The picture of this name; None where no finding has it or nothing was measured for it."""
    found = next((f for f in findings if name in f.charts), None)
    return DRAWN[name](found.figures) if found is not None and name in DRAWN else None


def _stall(figures: Mapping[str, Any]) -> Drawn | None:
    """Each size's standstill over its tokens, beside the time that the reading takes."""
    sizes = [s for s in figures["sizes"] if not s["other_port"] and s["reading_beside_s"]]
    if not sizes:
        return None
    tokens = sorted({s["prompt_tokens"] for s in sizes})
    most = max(max(s["stall_s"]["max"], s["reading_beside_s"]["value"]) for s in sizes) * 1.15
    x, y = across(0, tokens[-1] * 1.08), upwards(0, most, HEIGHT)
    parts = axes(x, y, tokens, ticks(most), "tokens of the long prompt", "s without a token")
    reading = [(s["prompt_tokens"], s["reading_beside_s"]["value"]) for s in sizes]
    for (a, a_s), (b, b_s) in zip([(0, 0.0), *reading], reading, strict=False):
        if b > a:
            parts.append(line(x.at(a), y.at(a_s), x.at(b), y.at(b_s), "ceiling"))
    for s in sizes:
        at, stall = x.at(s["prompt_tokens"]), s["stall_s"]
        title = f"{s['prompt_tokens']} tokens beside {s['runners']}: {number(stall['median'])} s"
        parts.append(line(at, y.at(stall["median"]), at, y.at(stall["max"]), "ends s0"))
        parts.append(dot(at, y.at(stall["median"]), f"point s{min(s['runners'] - 1, 3)}", title))
    return Drawn(
        picture(HEIGHT, "The longest standstill of the others over the tokens of the long prompt", parts),
        "The longest standstill of the others: median and most, by the size of the long prompt. "
        "Dotted: as long as its reading takes.",
    )


def _talk(figures: Mapping[str, Any]) -> Drawn | None:
    """A bar for each part: the tokens of a last turn that were read, of those that were sent."""
    rows = [row for row in figures["rows"] if row["sent"]]
    if not rows:
        return None
    most = max(row["sent"] for row in rows)
    parts: list[Markup] = []
    for i, row in enumerate(rows):
        y, wide = 6 + i * ROW, RIGHT - NAMES
        name = f"{row['order']}, {row['users']}" if row["users"] > 1 else row["order"]
        parts.append(text(NAMES - 1, y + BAR * 0.75, name, "end", "name"))
        parts.append(box(NAMES, y, NAMES + wide * row["sent"] / most, y + BAR, "region neither"))
        if row["read"] is not None:
            parts.append(box(NAMES, y, NAMES + wide * row["read"] / most, y + BAR, "region worse"))
            label = f"{row['read']:.0f} of {row['sent']:.0f}"
            parts.append(text(NAMES + wide * row["sent"] / most / 2, y + BAR * 0.75, label))
    return Drawn(
        picture(
            6 + len(rows) * ROW + LINE, "Tokens read again in the last turn, by who talks beside it", parts
        ),
        "The last turn of a conversation, by how many talk: tokens that were read (red) of those that were "
        "sent (grey). Kept: only the new words are read.",
    )


def _right(figures: Mapping[str, Any]) -> Drawn | None:
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


DRAWN: dict[str, Callable[[Mapping[str, Any]], Drawn | None]] = {
    "stall": _stall,
    "talk": _talk,
    "right": _right,
}
