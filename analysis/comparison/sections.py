"""The comparison as a report: who answers more, a table per phase, what differs besides, the limits."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from analysis.comparison.differences import differences
from analysis.comparison.figures import HEADLINE, QUANTITIES, ComparedPhase, ComparedRun, compared_prompts
from analysis.comparison.limits import CheckedLimit
from analysis.comparison.ratio import differs
from analysis.console import plural
from analysis.report.figures.run import answer_of
from analysis.report.sections.section import (
    DESIGN,
    MEASURED,
    VERDICT,
    Headline,
    Report,
    Section,
    Table,
    section,
    sentences,
)
from analysis.report.words import NONE, interval, number, percent
from analysis.statistics.estimates import Estimate

FORMAT = 1
PROMPTS = {
    "stall": "a long prompt",
    "cache": "conversations",
    "right": "right together",
    "foreign": "another's text elsewhere",
}
REMARK = (
    "value [95 % interval]; a ratio is over the first run. The intervals hold the scatter within each run, "
    "not what changed between the runs"
)


def comparison_report(
    runs: Sequence[ComparedRun], phases: Sequence[ComparedPhase], checked: Sequence[CheckedLimit]
) -> Report:
    others = differences(runs)
    words = [sentence for p in phases for sentence in phase_sentences(runs, p)]
    return Report(
        title="comparison",
        subtitle=" · ".join(f"{run.name}: {run.assessment.run.prefix}" for run in runs),
        headline=_headline(runs, phases),
        answer=" ".join(f"{run.name}: {answer_of(run.assessment, run.figures)}" for run in runs),
        sections=(
            *section("In words", VERDICT, sentences(words), remark=REMARK),
            *[s for p in phases for s in _phase_section(runs, p)],
            *_prompts_section(runs),
            *section("What differs besides", DESIGN, sentences(others)),
            *section("Limits", VERDICT, sentences([_limit(c) for c in checked])),
        ),
    )


def _headline(runs: Sequence[ComparedRun], phases: Sequence[ComparedPhase]) -> Headline:
    """Of two runs: in how many phases the second surely answers more, or fewer, than the first."""
    if not phases:
        return Headline(f"{plural(len(runs), 'run')} that asked about prompts only", "cyan")
    if len(runs) != 2:
        return Headline(f"{plural(len(runs), 'run')} of {plural(len(phases), 'phase')}", "cyan")
    found = [p.ratios[HEADLINE][1] for p in phases]
    more = sum(bool(differs(e)) and e is not None and e.value > 1 for e in found)
    fewer = sum(bool(differs(e)) and e is not None and e.value < 1 for e in found)
    of = f"of {plural(len(phases), 'phase')}"
    if more and fewer:
        return Headline(f"{runs[1].name} answers more in {more} and fewer in {fewer} {of}", "yellow")
    if more:
        return Headline(f"{runs[1].name} answers more in {more} {of}", "green")
    if fewer:
        return Headline(f"{runs[1].name} answers fewer in {fewer} {of}", "red")
    return Headline("no difference is decided", "yellow")


def phase_sentences(runs: Sequence[ComparedRun], phase: ComparedPhase) -> list[str]:
    base, found = runs[0].name, zip(runs, phase.ratios[HEADLINE], phase.ratios["speedup"], strict=True)
    return [
        f"{phase.name}: {run.name} answers {_times(per_min, base)}; its speedup is {_speedup(speedup, base)}"
        for run, per_min, speedup in list(found)[1:]
    ]


def _times(found: Estimate | None, base: str) -> str:
    if found is None:
        return f"a number per minute that cannot be compared with {base}'s"
    if differs(found):
        return f"{interval(found)} times as many per minute as {base}"
    return f"as many per minute as {base} ({_beyond(found)})"


def _speedup(found: Estimate | None, base: str) -> str:
    if found is None:
        return "unknown in one of them"
    return f"{interval(found)} times {base}'s" if differs(found) else f"the same ({_beyond(found)})"


def _beyond(found: Estimate) -> str:
    """What a difference that is not decided may be at most."""
    if found.low is None or found.high is None:
        return "too few rounds for an interval"
    return f"no difference beyond {percent(max(found.high - 1, 1 - found.low))}"


def _phase_section(runs: Sequence[ComparedRun], phase: ComparedPhase) -> list[Section]:
    base, *others = [run.name for run in runs]
    header = ("", base, *(cell for name in others for cell in (name, f"{name}/{base}")))
    rows = [_row("verdict", [v or NONE for v in phase.verdicts], [NONE] * len(runs))]
    rows += [
        _row(q.label, [interval(e) for e in phase.values[q.key]], [interval(e) for e in phase.ratios[q.key]])
        for q in QUANTITIES
    ]
    most = [number(p.speedup_max if p else None) for p in phase.shown]
    rows.append(_row("of at most (Gmax)", most, [NONE] * len(runs)))
    users = next(p.users for p in phase.shown if p is not None)
    title = f"{phase.name}, {plural(users, 'user')}"
    return section(title, MEASURED, Table(header, tuple(rows)))


def _prompts_section(runs: Sequence[ComparedRun]) -> list[Section]:
    """The word of each run for each kind of phase about prompts, and below it what it rests on."""
    found = compared_prompts(runs)
    header = ("", *(run.name for run in runs))
    rows = [(PROMPTS[key], *(f.word if f else NONE for f in words)) for key, words in found.items()]
    told = [
        f"{run.name}: {PROMPTS[key]}: {f.sentences[0]}"
        for key, words in found.items()
        for run, f in zip(runs, words, strict=True)
        if f is not None
    ]
    return section("Prompts", MEASURED, Table(header, tuple(rows)), sentences(told))


def _row(label: str, values: Sequence[str], ratios: Sequence[str]) -> tuple[str, ...]:
    pairs = zip(values[1:], ratios[1:], strict=True)
    return (label, values[0], *(cell for pair in pairs for cell in pair))


def _limit(checked: CheckedLimit) -> str:
    word = {True: "broken", False: "kept", None: "not decided"}[checked.broken]
    return f"{checked.limit}: {word}: {checked.sentence}"


def comparison_json(
    runs: Sequence[ComparedRun], phases: Sequence[ComparedPhase], checked: Sequence[CheckedLimit]
) -> dict[str, Any]:
    """The contract of docs/FORMAT.md."""
    return {
        "format": FORMAT,
        "runs": [
            {
                "name": run.name,
                "prefix": str(run.assessment.run.prefix),
                "scenario": run.assessment.run.manifest.scenario_name,
                "started_at": run.assessment.run.manifest.started_at,
                "verdict": run.figures.verdict,
                "answer": answer_of(run.assessment, run.figures),
            }
            for run in runs
        ],
        "differences": differences(runs),
        "phases": [
            {
                "name": p.name,
                "verdicts": list(p.verdicts),
                "quantities": {
                    q.key: {
                        "values": [asdict(e) if e else None for e in p.values[q.key]],
                        "ratios": [asdict(e) if e else None for e in p.ratios[q.key]],
                    }
                    for q in QUANTITIES
                },
                "sentences": phase_sentences(runs, p),
            }
            for p in phases
        ],
        "prompts": {
            key: [f.word.value if f else None for f in words] for key, words in compared_prompts(runs).items()
        },
        "limits": [asdict(c) for c in checked],
    }
