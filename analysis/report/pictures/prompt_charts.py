"""The pictures of phases of the kinds stall, talk and right: from their figures in report.json."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from analysis.prompts.finding import Finding
from analysis.report.pictures.charts import HEIGHT, Drawn
from analysis.report.pictures.right_chart import right_chart
from analysis.report.pictures.svg import across, axes, dot, line, picture, ticks, upwards
from analysis.report.words import number


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


DRAWN: dict[str, Callable[[Mapping[str, Any]], Drawn | None]] = {"stall": _stall, "right": right_chart}
