"""What a sweep says: the number, the reason, the table of levels, what to set."""

from analysis.advice.next_steps import how_many_steps
from analysis.assess import HOW_MANY_PLAN, Assessment
from analysis.capacity.said import best, words
from analysis.capacity.said.figures import LevelFigures, level_figures
from analysis.capacity.why import Why
from analysis.report.sections.section import (
    MEASURED,
    NEXT,
    Chart,
    Headline,
    Section,
    Steps,
    Table,
    section,
    sentences,
)
from analysis.report.words import interval, number

HEADER = (
    "users", "met", "first token p50 / p90 / p95 / p99, s", "tokens/s of one p10 / p50", "tokens/s in all",
    "answers per min",
)  # fmt: skip
SETTINGS = (
    "setting",
    "users",
    "together",
    "worth having",
    "tokens/s at best",
    "what ends it",
    "rank",
)
CHARTS = ("levels-throughput", "levels-speed", "levels-ttft")
BY_HAND = "Add users until answers miss the target, or start the plan how-many, which does."
RUN_AGAIN = "Run again with more time, which settles what was left open: --budget 10m."


def headline(assessment: Assessment) -> Headline:
    found = assessment.how_many
    if assessment.settings:
        return Headline(best.best_headline(assessment.settings), "green" if found else "yellow")
    good = found is not None and found.settled and found.carries is not None
    return Headline(words.headline(found), "green" if good else "yellow")


def how_many_sections(assessment: Assessment) -> list[Section]:
    """The sentences and their pictures, then the levels."""
    found = assessment.how_many
    settings = _settings_section(assessment)
    if found is None:
        return settings
    rows = tuple(_row(level) for level in level_figures(found))
    return [
        *settings,
        *section(
            "How many, of the best" if settings else "How many",
            MEASURED,
            sentences(words.sentences(found)),
            *(Chart(name) for name in CHARTS),
        ),
        *section("Levels", MEASURED, Table(HEADER, rows)),
    ]


def _settings_section(assessment: Assessment) -> list[Section]:
    rows = tuple(
        (
            s.target,
            words.headline(s.found),
            str(s.found.together) if s.found and s.found.together is not None else "–",
            str(s.found.worth.value) if s.found and s.found.worth else "–",
            interval(s.best_rate.estimate() if s.best_rate else None),
            s.found.why.value if s.found else "–",
            s.rank.value,
        )
        for s in assessment.settings
    )
    return section("Settings", MEASURED, Table(SETTINGS, rows)) if rows else []


def set_sections(assessment: Assessment) -> list[Section]:
    return section("Next", NEXT, Steps(what_to_set(assessment)))


def what_to_set(assessment: Assessment) -> tuple[str, ...]:
    """The next steps, by the reason and the kinds of servers."""
    found = assessment.how_many
    if assessment.settings and found is not None:
        return (f"Keep {best.best_of(assessment.settings)}.",)
    kinds = list(dict.fromkeys(t.kind for t in assessment.run.manifest.targets))
    if found is None or found.why is Why.OPEN or not found.settled:
        return (RUN_AGAIN if assessment.run.manifest.plan == HOW_MANY_PLAN else BY_HAND,)
    return how_many_steps(found.why.value, kinds)


def _row(level: LevelFigures) -> tuple[str, ...]:
    return (
        str(level.users),
        f"{level.met} of {level.answers}",
        " / ".join(number(v) for v in level.ttft_s.values()),
        " / ".join(number(v) for v in level.speed.values()),
        interval(level.output_tokens_per_s),
        interval(level.throughput_per_min),
    )
