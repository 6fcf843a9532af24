"""Sets of Locust runs, one run per number of users, as a `Report` and as JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from analysis.console import plural
from analysis.locust_only.bounds import Bound
from analysis.locust_only.judge import PAUSING
from analysis.locust_sets.growth import Growth, Point
from analysis.report.sections.section import (
    MEASURED,
    NEXT,
    VERDICT,
    Chart,
    Headline,
    Report,
    Section,
    Steps,
    Table,
    section,
    sentences,
)
from analysis.report.words import NONE, number

FORMAT = 1
CHART = "users"
BAR = 24  # characters of the longest bar
WORDS = {True: "a gain", False: "no gain", None: "these files cannot tell"}
HEADER = ("users", "answers", "answers/s", "", "over one user", "speedup", "latency, s")
REMARK = (
    "low to high: what Locust's files allow; over one user: the throughput over that of the run with one user"
)
ONE_USER = "Add a run with one user: locust … -u 1 --csv PREFIX --csv-full-history, five answers or more."


def growth_report(sets: Sequence[Growth]) -> Report:
    """Everything that is said of the sets: the answer, a table each, the chart."""
    found = [s for growth in sets for s in growth_sentences(growth)]
    return Report(
        title="comparison",
        subtitle=" · ".join(str(p.prefix) for growth in sets for p in growth.points),
        headline=_headline(sets),
        answer=" ".join(_named(g, _answer(g)) for g in sets),
        sections=(
            *section("In words", VERDICT, sentences(found)),
            *[s for growth in sets for s in _table(growth, len(sets) == 1)],
            *_side_by_side(sets),
            *section("Next", NEXT, Steps(_next(sets))),
        ),
    )


def _headline(sets: Sequence[Growth]) -> Headline:
    found = {g.name: WORDS[g.gain] for g in sets}
    words = ", ".join(f"{name}: {word}" for name, word in found.items())
    if len(set(found.values())) == 1:
        words = next(iter(found.values()))
    return Headline(words, "green" if {g.gain for g in sets} == {True} else "yellow")


def _named(growth: Growth, sentence: str) -> str:
    return f"{growth.name}: {sentence}" if growth.name else sentence[:1].upper() + sentence[1:]


def _answer(growth: Growth) -> str:
    """The words of a report of one such run."""
    if not growth.speedup:
        return "these files cannot tell whether there is a gain, because no run has one user."
    if growth.gain is True:
        users, best = max(growth.speedup.items(), key=lambda pair: pair[1].low)
        return f"a gain: at least {number(best.low)} times as fast as one after another, with {users} users."
    users, most = max(growth.speedup.items(), key=lambda pair: pair[1].high)
    if growth.gain is False:
        return f"no gain: at most {number(most.high)} times as fast as one after another, with {users} users."
    return (
        f"these files cannot tell, because with {users} users the speedup is {_between(most)}: "
        "longer runs narrow it."
    )


def growth_sentences(growth: Growth) -> list[str]:
    """The limit, where it flattens, and what the pauses of the users do."""
    most = growth.points[-1]
    rate = f"{_between(growth.limit_per_s)} answers per second"
    if growth.flat_from is None:
        said = f"throughput rises up to {plural(most.users, 'user')}, to {rate}: no limit is seen"
    else:
        said = f"throughput has a limit at {rate}; it is flat from {plural(growth.flat_from, 'user')} on"
    words = [_named(growth, said + ".")]
    pausing = [p for p in growth.points if p.asking.high < PAUSING]
    if pausing:
        share = min(p.asking.high for p in pausing)
        words.append(
            _named(
                growth,
                f"users ask for at most {share * 100:.0f} % of their time (wait_time). The speedup "
                "counts pauses as time; read the throughput over one user, and leave wait_time out to know.",
            )
        )
    failed = sum(p.failed for p in growth.points)
    return [*words, _named(growth, f"{plural(failed, 'request')} failed.")] if failed else words


def _table(growth: Growth, alone: bool) -> list[Section]:
    most = max(p.per_s for p in growth.points)
    rows = tuple(_row(p, growth, most) for p in growth.points)
    chart = (Chart(CHART),) if alone else ()
    title = growth.name or "Throughput over users"
    return section(title, MEASURED, Table(HEADER, rows), *chart, remark=REMARK)


def _row(p: Point, growth: Growth, most: float) -> tuple[str, ...]:
    return (
        str(p.users),
        str(p.answers),
        _between(p.per_s_bound),
        "█" * round(BAR * p.per_s / most) if most else "",
        _of(growth.over_one, p.users),
        _of(growth.speedup, p.users),
        number(p.latency_s),
    )


def _side_by_side(sets: Sequence[Growth]) -> list[Section]:
    """Of the sets after the first one: throughput over the first, where both have as many users."""
    if len(sets) < 2:
        return []
    base, *others = sets
    shared = [p for p in base.points if any(p.users == q.users for g in others for q in g.points)]
    rows = []
    for p in shared:
        cells = [str(p.users), _between(p.per_s_bound)]
        for g in others:
            mine = next((q for q in g.points if q.users == p.users), None)
            cells += [NONE, NONE] if mine is None else [_between(mine.per_s_bound), _between(_ratio(mine, p))]
        rows.append(tuple(cells))
    header = ("users", base.name, *(c for g in others for c in (g.name, f"{g.name}/{base.name}")))
    return section("Answers per second side by side", MEASURED, Table(header, tuple(rows)), Chart(CHART))


def _ratio(over: Point, base: Point) -> Bound:
    low, high = over.per_s_bound, base.per_s_bound
    return Bound(low.low / high.high, low.high / high.low if high.low else float("inf"))


def _next(sets: Sequence[Growth]) -> tuple[str, ...]:
    steps = [] if all(g.speedup for g in sets) else [ONE_USER]
    rising = [g for g in sets if g.flat_from is None]
    if rising:
        users = max(g.points[-1].users for g in rising)
        steps.append(f"Add a run with {2 * users} users: up to {users} no limit is seen.")
    return tuple(steps)


def _of(bounds: Mapping[int, Bound], users: int) -> str:
    return _between(bounds[users]) if users in bounds else NONE


def _between(bound: Bound) -> str:
    low, high = number(bound.low), number(bound.high) if bound.high != float("inf") else "any"
    return low if low == high else f"{low} to {high}"


def growth_json(sets: Sequence[Growth]) -> dict[str, Any]:
    """The contract of docs/FORMAT.md."""
    return {
        "format": FORMAT,
        "sets": [
            {
                "name": g.name,
                "gain": g.gain,
                "answer": _answer(g),
                "limit_per_s": asdict(g.limit_per_s) if g.flat_from is not None else None,
                "flat_from_users": g.flat_from,
                "runs": [
                    asdict(p)
                    | {
                        "prefix": str(p.prefix),
                        "over_one_user": asdict(g.over_one[p.users]) if p.users in g.over_one else None,
                        "speedup": asdict(g.speedup[p.users]) if p.users in g.speedup else None,
                    }
                    for p in g.points
                ],
                "sentences": growth_sentences(g),
            }
            for g in sets
        ],
    }
