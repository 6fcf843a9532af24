"""The conditions of the verdicts: each once, joined where several phases pass in the same words."""

import re

from analysis.assess import Assessment
from analysis.conditions.condition import Condition
from analysis.report.sections.section import VERDICT, ConditionRow, Conditions, Section, section

MARKS: dict[bool | None, str] = {True: "✓", False: "✗", None: "?"}
REMARK = f"{MARKS[True]} holds  {MARKS[False]} fails  {MARKS[None]} unknown"
_DIGITS = re.compile(r"[-+]?[\d.]+")


def condition_sections(assessment: Assessment) -> list[Section]:
    of = len(assessment.phases)
    rows = [_row(c, phases, of) for c, phases in grouped_conditions(assessment)]
    return section("Conditions", VERDICT, Conditions(tuple(rows)), remark=REMARK)


def _row(c: Condition, phases: tuple[str, ...], of: int) -> ConditionRow:
    return ConditionRow(c.passed, c.name, _sentence(c, phases, of), c.advice)


def grouped_conditions(assessment: Assessment) -> list[tuple[Condition, tuple[str, ...]]]:
    """Every condition once: the run's, then the phases', joined where they pass in the same words."""
    shown: list[tuple[Condition, tuple[str, ...]]] = [(c, ()) for c in assessment.conditions]
    merged: dict[tuple[str, bool | None, str], tuple[Condition, list[str]]] = {}
    names = dict.fromkeys(c.name for j in assessment.phases for c in j.conditions)
    for name in names:
        for judged in assessment.phases:
            for c in judged.conditions:
                if c.name == name:
                    # What failed or is unknown is never joined unless it is the same to the digit.
                    key = (name, c.passed, _DIGITS.sub("", c.sentence) if c.passed else c.sentence)
                    merged.setdefault(key, (c, []))[1].append(judged.measured.plan.name)
    return shown + [(c, tuple(phases)) for c, phases in merged.values()]


def _sentence(c: Condition, phases: tuple[str, ...], of: int) -> str:
    """The sentence with the phases it holds for; of several that passed, the first one's numbers."""
    if not phases or of == 1:
        return c.sentence
    if len(phases) == 1 or not c.passed:
        return f"{', '.join(phases)}: {c.sentence}"
    return f"{phases[0]}: {c.sentence}; {', '.join(phases[1:])}: passed"
