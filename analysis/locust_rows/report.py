"""The report of a run of which there is a row per request: the sections, and report.json."""

from dataclasses import asdict
from typing import Any

from analysis.console import plural
from analysis.escapes import json_text
from analysis.locust_only.report import USERS_IN_PARALLEL
from analysis.locust_rows.judge import RowsJudged
from analysis.locust_rows.stretches import Stretch
from analysis.report.sections.conditions import REMARK
from analysis.report.sections.section import (
    MEASURED,
    NEXT,
    VERDICT,
    ConditionRow,
    Conditions,
    Headline,
    PhaseSentence,
    PhaseSentences,
    Report,
    Steps,
    Table,
    section,
    sentences,
)
from analysis.report.words import NONE, interval, number

FORMAT = 1
USERS_HEADER = ("users", "seconds", "answers", "in flight", "speedup", "streams together")
SOLOS_HEADER = ("request", "alone, s", "n")


def report_of(judged: RowsJudged) -> Report:
    """Everything that is said of such a run."""
    rows = judged.rows
    return Report(
        title=rows.prefix.name,
        subtitle=f"portlap · another locustfile, a row per request · {rows.prefix}",
        headline=Headline(judged.outcome, judged.outcome.colour),
        answer=judged.answer[:1].upper() + judged.answer[1:],
        sections=(
            *USERS_IN_PARALLEL,
            *section(
                "Users",
                MEASURED,
                Table(USERS_HEADER, tuple(_row(j.stretch) for j in judged.stretches)),
                PhaseSentences(tuple(_sentence(j.stretch, j.outcome, j.sentence) for j in judged.stretches)),
            ),
            *section("Alone", MEASURED, Table(SOLOS_HEADER, _solo_rows(judged))),
            *section("Notes", MEASURED, sentences(_notes(judged))),
            *section("Conditions", VERDICT, Conditions(_conditions(judged)), remark=REMARK),
            *section("Next", NEXT, Steps(judged.next_steps)),
        ),
    )


def _row(s: Stretch) -> tuple[str, ...]:
    g = s.speedup
    return (
        str(s.users),
        number(s.span_s[1] - s.span_s[0]),
        str(s.answers),
        number(s.in_flight),
        f"{number(g.low)} to {number(g.high)}",
        str(s.streams or NONE),
    )


def _sentence(s: Stretch, outcome: Any, sentence: str) -> PhaseSentence:
    return PhaseSentence(plural(s.users, "user"), outcome, sentence, ())


def _solo_rows(judged: RowsJudged) -> tuple[tuple[str, ...], ...]:
    return tuple(
        (name, interval(solo.latency.mean_s.estimate()), str(solo.latency.mean_s.n))
        for name, solo in judged.solos.items()
    )


def _notes(judged: RowsJudged) -> list[str]:
    rows = judged.rows
    failed = sum(r.error is not None for r in rows.requests)
    notes = [f"{plural(len(rows.requests), 'request')}, {failed} failed."]
    if rows.parts:
        notes.append(f"Rows that measure a part of a request do not count as one: {', '.join(rows.parts)}.")
    if rows.torn:
        notes.append("The last line is torn; that request is left out.")
    return notes


def _conditions(judged: RowsJudged) -> tuple[ConditionRow, ...]:
    return tuple(ConditionRow(c.passed, c.name, c.sentence, c.advice) for c in judged.conditions)


def as_json(judged: RowsJudged) -> str:
    """report.json of such a run: docs/ANY_LOCUSTFILE.md."""
    report = {
        "format": FORMAT,
        "verdict": judged.outcome,
        "answer": judged.answer,
        "next_steps": list(judged.next_steps),
        "conditions": [asdict(c) for c in judged.conditions],
        "requests": len(judged.rows.requests),
        "parts": list(judged.rows.parts),
        "alone": {name: asdict(s.latency.mean_s.estimate()) for name, s in judged.solos.items()},
        "users": [
            {"verdict": j.outcome, "sentence": j.sentence, **asdict(j.stretch)} for j in judged.stretches
        ],
    }
    return json_text(report)
