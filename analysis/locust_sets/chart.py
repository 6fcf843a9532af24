"""Throughput over users as an SVG picture, a line per set of Locust runs, each point with its bounds."""

from collections.abc import Sequence

from analysis.locust_sets.growth import Growth
from analysis.report.pictures.charts import Drawn
from analysis.report.pictures.svg import across, axes, dot, line, picture, text, ticks, upwards

HEIGHT, LEGEND = 250.0, 20.0
CAPTION = "Answers per second over users, with what Locust's files allow. A line per set of runs."


def users_chart(sets: Sequence[Growth]) -> Drawn:
    """One line for each set, in its colour; below it which is which."""
    points = [p for growth in sets for p in growth.points]
    most = max(p.per_s_bound.high for p in points) * 1.08
    users = sorted({p.users for p in points})
    x, y = across(0, users[-1] * 1.03), upwards(0, most, HEIGHT)
    parts = axes(x, y, users, ticks(most), "users", "answers per second")
    for i, growth in enumerate(sets):
        colour = f"s{i % 4}"
        for before, after in zip(growth.points, growth.points[1:], strict=False):
            ends = x.at(before.users), y.at(before.per_s), x.at(after.users), y.at(after.per_s)
            parts.append(line(*ends, f"series {colour}"))
        for p in growth.points:
            low, high = y.at(p.per_s_bound.low), y.at(p.per_s_bound.high)
            parts.append(line(x.at(p.users), low, x.at(p.users), high, f"series {colour}"))
            title = f"{p.users} users: {p.per_s:.3g} answers per second"
            parts.append(dot(x.at(p.users), y.at(p.per_s), f"point {colour}", title))
        if growth.name:
            at = x.start + i * (x.end - x.start) / len(sets)
            parts.append(dot(at, HEIGHT + LEGEND / 2, f"point {colour}"))
            parts.append(text(at + 1.5, HEIGHT + LEGEND / 2 + 4, growth.name, "start"))
    label = "Answers per second over users: " + "; ".join(f"{p.users}: {p.per_s:.3g}" for p in points)
    return Drawn(picture(HEIGHT + LEGEND, label, parts), CAPTION)
