"""What is said of Locust's files alone: a Report for the shared writers, and report.json."""

import math
from dataclasses import asdict
from typing import Any

from analysis.console import plural
from analysis.escapes import json_text
from analysis.locust_only.advice import shape
from analysis.locust_only.bounds import Bound, Level, LocustRun
from analysis.locust_only.judge import pauses
from analysis.report.sections.section import (
    HYPOTHESIS,
    MEASURED,
    NEXT,
    VERDICT,
    Code,
    Headline,
    PhaseSentence,
    PhaseSentences,
    Report,
    Steps,
    Table,
    section,
    sentences,
)
from analysis.report.words import NONE, number

FORMAT = 1
USERS_IN_PARALLEL = section(
    "Hypothesis",
    HYPOTHESIS,
    sentences(["Requests of several users are answered in parallel."]),
    terminal=False,
)
LEVELS_HEADER = (
    "users",
    "seconds",
    "answers",
    "answers/s",
    "in flight",
    "asking",
    "times one user",
    "speedup",
)


def report_of(run: LocustRun) -> Report:
    """Everything that is said of such a run: never a mechanism."""
    decided = run.outcome.decided
    return Report(
        title=run.prefix.name,
        subtitle=f"portlap · Locust's statistics alone · {run.prefix}",
        headline=Headline(run.outcome, run.outcome.colour),
        answer=run.answer[:1].upper() + run.answer[1:],
        sections=(
            *USERS_IN_PARALLEL,
            *section(
                "Users",
                MEASURED,
                Table(LEVELS_HEADER, tuple(_row(level) for level in run.levels)),
                PhaseSentences(tuple(_words(level) for level in run.levels if level.users > 1)),
            ),
            *section("Requests", MEASURED, sentences(request_sentences(run))),
            *section("Missing", VERDICT, sentences([*run.doubts, *run.missing])),
            *section("Next", NEXT, Steps(run.next_steps), Code(() if decided else (shape(run.total),))),
        ),
    )


def _row(level: Level) -> tuple[str, ...]:
    return (
        str(level.users),
        _to(level.window_s),
        str(level.answers),
        _to(level.answers_per_s),
        _to(level.in_flight),
        _to(level.asking),
        _to(level.over_one),
        _to(level.speedup),
    )


def _words(level: Level) -> PhaseSentence:
    return PhaseSentence(plural(level.users, "user"), level.outcome, level.words, ())


def request_sentences(run: LocustRun) -> list[str]:
    """The sums and times of the run in words."""
    total = run.total
    lines = [
        f"{plural(total.requests, 'request')}, {total.failures} failed; each took {number(total.fastest_s)} "
        f"to {number(total.slowest_s)} s, all together {_to(run.latency_s)} s.",
        f"First send to last end: {_to(run.makespan_s)} s.",
        f"Requests in flight: {_to(run.mean_in_flight)} on average, waiting ones included (no speedup).",
    ]
    if sentence := pauses(run.levels):
        lines.append(f"{sentence[:1].upper()}{sentence[1:]}.")
    if run.parts:
        names = ", ".join(f"{kind} {name}".strip() for kind, name in run.parts)
        lines.append(f"Rows that measure a part of a request do not count as one: {names}.")
    firsts = [level for level in run.levels if level.first_token_s is not None]
    if firsts:
        times = ", ".join(
            f"{number(level.first_token_s)} s with {plural(level.users, 'user')}" for level in firsts
        )
        lines.append(f"First token after {times} on average; requests waited no longer than that.")
    for name, solo_s in run.solo_s.items():
        lines.append(f"{name} alone, while there was one user: {_to(solo_s)} s, without the first answer.")
    return lines


def as_json(run: LocustRun) -> str:
    """report.json of such a run: docs/FORMAT.md; a bound is {"low", "high"}."""
    report: dict[str, Any] = {
        "format": FORMAT,
        "verdict": run.outcome,
        "answer": run.answer,
        "next_steps": list(run.next_steps),
        "bounds": {
            "rows": [{"type": t, "name": name, **asdict(sums)} for (t, name), sums in run.rows.items()],
            "parts": [{"type": t, "name": name, **asdict(sums)} for (t, name), sums in run.parts.items()],
            "total": asdict(run.total),
            "latency_s": asdict(run.latency_s),
            "users": run.users,
            "makespan_s": asdict(run.makespan_s),
            "mean_in_flight": asdict(run.mean_in_flight),
            "solo_s": {name: asdict(solo_s) for name, solo_s in run.solo_s.items()},
            "levels": [asdict(level) for level in run.levels],
            "single_requests": [asdict(single) for single in run.singles],
            "lag_s": run.lag_s,
            "doubts": list(run.doubts),
            "missing": list(run.missing),
        },
    }
    return json_text(_finite(report))


def _finite(value: Any) -> Any:
    """An end that is not known is null."""
    if isinstance(value, dict):
        return {key: _finite(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_finite(inner) for inner in value]
    return None if value == math.inf else value


def _to(bound: Bound | None) -> str:
    if bound is None:
        return NONE
    if bound.high == math.inf:
        return f"at least {number(bound.low)}"
    low, high = number(bound.low), number(bound.high)
    if not bound.low:
        return f"at most {high}"
    return low if low == high else f"{low} to {high}"
