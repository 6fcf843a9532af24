"""First tokens by rank: a queue is a staircase, requests that are answered at once are a flat line."""

from collections.abc import Sequence
from itertools import pairwise

from analysis.console import plural
from analysis.report.figures.phase import PhaseFigures
from analysis.report.pictures.charts import HEIGHT, ROW, Drawn, legend
from analysis.report.pictures.svg import across, axes, line, picture, point, ticks, upwards
from analysis.report.words import number

MOST_PHASES = 4  # more lines are a tangle: those with the most users


def staircase_chart(phases: Sequence[PhaseFigures]) -> Drawn | None:
    """None without a phase of three requests or more whose answers stream: two are no staircase."""
    streamed = sorted((p for p in phases if len(p.ttft_by_rank_s) > 2), key=lambda p: p.users)
    shown = streamed[-MOST_PHASES:]
    if not shown:
        return None
    ranks, most = shown[-1].users, max(max(p.ttft_by_rank_s) for p in shown) * 1.08
    x, y = across(0.5, ranks + 0.5), upwards(0, most, HEIGHT)
    marks = [n for n in range(1, ranks + 1) if ranks <= 12 or n.bit_count() == 1]
    parts = axes(x, y, marks, ticks(most), "first tokens in the order they came", "s after the send")
    keys = [(i, p.name) for i, p in enumerate(shown)]
    said = []
    for i, p in enumerate(shown):
        steps = [
            (x.at(n), y.at(ttft_s), number(ttft_s)) for n, ttft_s in enumerate(p.ttft_by_rank_s, start=1)
        ]
        parts += [line(x1, y1, x2, y2, f"series s{i}") for (x1, y1, _), (x2, y2, _) in pairwise(steps)]
        parts += [point(a, b, i, f"{p.name}: {ttft} s") for a, b, ttft in steps]
        said.append(f"{p.name}, {plural(p.users, 'user')}: {', '.join(ttft for *_, ttft in steps)} s")
    return Drawn(
        picture(
            HEIGHT + ROW,
            f"First tokens by rank: {'; '.join(said)}",
            [*parts, *legend(keys, HEIGHT + ROW - 8)],
        ),
        "First tokens in the order they came, mean over the scored rounds. Steps are a queue.",
    )
