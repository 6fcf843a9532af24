"""What a report says, once. Text, Markdown and HTML (`writers/`) are ways to write it down.

In: an Assessment and its figures (`figures/`). Out: a Report, which is sections of parts, in reading order.

section.py     the types: Section, and the parts that it may have
facts.py       what was measured, where, when and how
run.py         design, notes, baseline, client, next steps; the free plan
phases.py      the phases: figures, sentences, lanes, pairs
conditions.py  the conditions of the verdicts
how_many.py    a sweep: the number, the reason, the levels, what to set
prompts.py     phases of the kinds stall, talk and right
machines/      the machine model, and what servers and machine reported of themselves

To add one: a function that returns `section(...)`, and its place in `report_of` below.
"""

from pathlib import Path

from analysis.assess import FREE_PLAN, Assessment
from analysis.report.figures.run import RunFigures, answer_of, first_word
from analysis.report.sections.conditions import condition_sections
from analysis.report.sections.facts import facts
from analysis.report.sections.how_many import headline as how_many_headline
from analysis.report.sections.how_many import how_many_sections, set_sections
from analysis.report.sections.machines.machine import machine_sections
from analysis.report.sections.machines.servers import server_sections
from analysis.report.sections.phases import phase_sections
from analysis.report.sections.prompts import prompt_sections, prompt_steps
from analysis.report.sections.run import (
    baseline_sections,
    client_sections,
    design_sections,
    free_sections,
    next_sections,
    note_sections,
)
from analysis.report.sections.section import Headline, Report, Section


def report_of(assessment: Assessment, figures: RunFigures) -> Report:
    """Everything that is said of a run: answers first, then explanations, the next step last."""
    run = assessment.run
    here, prefix = Path.cwd(), run.prefix
    prefix = prefix.relative_to(here) if prefix.is_relative_to(here) else prefix
    named = ("portlap", run.manifest.scenario_name, str(prefix), run.manifest.started_at)
    free = run.manifest.plan == FREE_PLAN
    return Report(
        title=run.manifest.scenario_name,
        subtitle=" · ".join(filter(None, named)),
        headline=_headline(assessment, figures),
        answer=answer_of(assessment, figures),
        facts=facts(run),
        sections=(
            *design_sections(assessment),
            *(free_sections(run) if free else []),
            *how_many_sections(assessment),
            *phase_sections(assessment, figures),
            *prompt_sections(assessment, figures),
            *note_sections(assessment, figures),
            *condition_sections(assessment),
            *baseline_sections(figures),
            *machine_sections(assessment, figures),
            *server_sections(run.server_samples),
            *client_sections(figures),
            *_next(assessment, figures),
        ),
    )


def _headline(assessment: Assessment, figures: RunFigures) -> Headline | None:
    word = first_word(assessment, figures)
    if assessment.says_how_many and not assessment.prompts:
        return how_many_headline(assessment)
    return Headline(word, word.colour) if word else None


def _next(assessment: Assessment, figures: RunFigures) -> list[Section]:
    """What to do next; first of all about answers that are wrong."""
    usual = set_sections(assessment) if assessment.says_how_many else next_sections(assessment, figures)
    of_prompts = prompt_steps(assessment)
    return of_prompts + usual if any(f.before_verdict for f in assessment.prompts) else usual + of_prompts
