"""The pictures of a sweep: work done, the speed of one answer and the first token, each over users."""

from collections.abc import Sequence
from itertools import pairwise

from markupsafe import Markup

from analysis.capacity.result import HowMany
from analysis.capacity.said.figures import LevelFigures, level_figures
from analysis.report.pictures.charts import HEIGHT, Drawn
from analysis.report.pictures.svg import (
    LEFT,
    RIGHT,
    Scale,
    across,
    axes,
    dot,
    line,
    picture,
    text,
    ticks,
    upwards,
)
from analysis.report.words import interval, number
from analysis.statistics.estimates import Estimate

FAR = 3  # an interval that ends higher, in largest estimates, is cut: two answers say nothing of the scale
THROUGHPUT, SPEED, TTFT = "levels-throughput", "levels-speed", "levels-ttft"


def level_chart(name: str, found: HowMany) -> Drawn | None:
    """The picture of this name; None where nothing was measured for it."""
    levels = level_figures(found)
    if not levels:
        return None
    return {THROUGHPUT: _throughput, SPEED: _speed, TTFT: _ttft}[name](found, levels)


def _throughput(found: HowMany, levels: Sequence[LevelFigures]) -> Drawn | None:
    shown = [(v.users, e) for v in levels if (e := v.output_tokens_per_s) is not None]
    if not shown:
        return None
    largest = max(e.value for _, e in shown)
    ends = [e.high for _, e in shown if e.high is not None and e.high <= largest * FAR]
    most = max(*ends, largest, shown[0][1].value * 2) * 1.08
    x, y = _users(levels), upwards(0, most, HEIGHT)
    parts = axes(x, y, [v.users for v in levels], ticks(most), "users", "tokens/s in all")
    first_users, first = shown[0]
    reach = min(most / (first.value / first_users), shown[-1][0])
    parts.append(line(x.at(0), y.at(0), x.at(reach), y.at(first.value / first_users * reach), "ceiling"))
    parts += [
        line(x.at(a), y.at(d.value), x.at(b), y.at(e.value), "series s0")
        for (a, d), (b, e) in pairwise(shown)
    ]
    for users, estimate in shown:
        parts += _bar(x.at(users), y, estimate, most)
        parts.append(dot(x.at(users), y.at(estimate.value), "point s0", f"{users}: {interval(estimate)}"))
    if found.worth is not None:
        parts += _mark(x.at(found.worth.value), y, f"worth having: {found.worth.value}")
    return Drawn(
        picture(HEIGHT, f"Tokens per second in all over users: {_list(shown)}", parts),
        "Tokens per second in all over users, with 95 % intervals. Dotted: if nobody disturbed anybody.",
    )


def _speed(found: HowMany, levels: Sequence[LevelFigures]) -> Drawn | None:
    shown = [(v, p50) for v in levels if (p50 := v.speed["p50"]) is not None]
    if not shown:
        return None
    most = max(max(p50 for _, p50 in shown), found.target.speed) * 1.15
    x, y = _users(levels), upwards(0, most, HEIGHT)
    parts = axes(x, y, [v.users for v in levels], ticks(most), "users", "tokens/s of one answer")
    parts.append(line(LEFT, y.at(found.target.speed), RIGHT, y.at(found.target.speed), "floor"))
    for v, p50 in shown:
        low = v.speed["p10"] if v.speed["p10"] is not None else p50
        kind = "point s0" if v.users <= (found.carries or 0) else "ring s2"
        parts.append(line(x.at(v.users), y.at(low), x.at(v.users), y.at(p50), "ends s0"))
        parts.append(dot(x.at(v.users), y.at(p50), kind, f"{v.users}: {number(p50)}, p10 {number(low)}"))
    if found.carries is not None:
        parts += _mark(x.at(found.carries), y, f"carries: {found.carries}")
    return Drawn(
        picture(HEIGHT, f"Tokens per second of one answer over users, wanted {found.target.speed:g}", parts),
        "Speed of one answer over users: median, down to the slowest tenth. Red: what is wanted. "
        "Rings: users beyond the number that is shown.",
    )


def _ttft(found: HowMany, levels: Sequence[LevelFigures]) -> Drawn | None:
    shown = [(v, p50) for v in levels if (p50 := v.ttft_s["p50"]) is not None]
    if not shown:
        return None
    slow = [v.ttft_s["p90"] for v, _ in shown if v.ttft_s["p90"] is not None]
    most = max(*slow, *(p50 for _, p50 in shown), found.target.ttft_s) * 1.15
    x, y = _users(levels), upwards(0, most, HEIGHT)
    parts = axes(x, y, [v.users for v in levels], ticks(most), "users", "first token, s")
    parts.append(line(LEFT, y.at(found.target.ttft_s), RIGHT, y.at(found.target.ttft_s), "floor"))
    for v, p50 in shown:
        high = v.ttft_s["p90"] if v.ttft_s["p90"] is not None else p50
        parts.append(line(x.at(v.users), y.at(p50), x.at(v.users), y.at(high), "ends s1"))
        words = f"{v.users}: {number(p50)}, p90 {number(high)}"
        parts.append(dot(x.at(v.users), y.at(p50), "point s1", words))
    return Drawn(
        picture(HEIGHT, f"First token over users, wanted within {found.target.ttft_s:g} s", parts),
        "First token over users: median, up to the slowest tenth. Red: what is wanted.",
    )


def _users(levels: Sequence[LevelFigures]) -> Scale:
    return across(0, levels[-1].users + 0.6)


def _bar(x: float, y: Scale, estimate: Estimate, most: float) -> list[Markup]:
    if estimate.low is None or estimate.high is None:
        return []
    return [line(x, y.at(estimate.low), x, y.at(min(estimate.high, most)), "ends s0")]


def _mark(x: float, y: Scale, words: str) -> list[Markup]:
    anchor = "end" if x > 60 else "start"
    beside = x + (-1 if x > 60 else 1)
    return [line(x, y.end, x, y.start, "advised"), text(beside, y.end + 10, words, anchor)]


def _list(shown: Sequence[tuple[int, Estimate]]) -> str:
    return "; ".join(f"{users}: {interval(estimate)}" for users, estimate in shown)
