"""What the phases of the kinds stall, talk and right have found."""

from analysis.assess import Assessment
from analysis.prompts.finding import Finding
from analysis.report.figures.run import RunFigures
from analysis.report.sections.section import (
    MEASURED,
    NEXT,
    Chart,
    ConditionRow,
    Conditions,
    PhaseSentence,
    PhaseSentences,
    Section,
    Steps,
    Table,
    section,
    sentences,
)

TITLES = {"stall": "A long prompt", "talk": "Conversations", "right": "Right together"}


def prompt_sections(assessment: Assessment, figures: RunFigures) -> list[Section]:
    """A section for each finding: its word, two lines, the table, the pictures, the conditions."""
    read = section(
        "Long prompts together", MEASURED, sentences([figures.prefill.sentence] if figures.prefill else [])
    )
    return [*read, *(s for found in assessment.prompts for s in _of(found))]


def prompt_steps(assessment: Assessment) -> list[Section]:
    steps = tuple(step for found in assessment.prompts for step in found.next_steps)
    return section("Next, for prompts", NEXT, Steps(steps))


def _of(found: Finding) -> list[Section]:
    first, *others = (*found.sentences, *found.notes)
    sentence = PhaseSentence(found.phase, found.word, first, tuple(others))
    rows = tuple(ConditionRow(c.passed, c.name, c.sentence, c.advice) for c in found.conditions)
    return section(
        TITLES[found.kind],
        MEASURED,
        PhaseSentences((sentence,)),
        Table(found.header, found.rows),
        *(Chart(name) for name in found.charts),
        Conditions(rows),
    )
