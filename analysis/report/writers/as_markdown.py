"""A report as Markdown, in the chapters of an experiment, from hypothesis to next action."""

import re
from collections.abc import Iterable, Sequence

from analysis.escapes import for_markdown as md
from analysis.escapes import visible
from analysis.report.pictures.lanes import picture
from analysis.report.sections.conditions import MARKS
from analysis.report.sections.section import (
    CHAPTERS,
    NEXT,
    VERDICT,
    Chart,
    Code,
    Conditions,
    FigureTable,
    Lanes,
    Part,
    PhaseSentence,
    PhaseSentences,
    Report,
    Sentences,
    Steps,
    Table,
)
from analysis.report.words import whole_labels

LANES_WIDTH = 96


def render(report: Report) -> str:
    headline = report.headline.words if report.headline else None
    answer = md(report.answer)
    parts = [f"# {md(report.title)}: {headline or 'no verdict'}", answer]
    parts.append(_bullets(f"{name}: {md(value)}" for name, value in report.facts))
    for chapter in CHAPTERS:
        parts.append(f"## {chapter}")
        if chapter == VERDICT:
            parts.append(f"**{headline}**: {answer}" if headline else "None: run the phases.")
        for section in report.sections:
            if section.chapter != chapter:
                continue
            if section.title != chapter and chapter != NEXT:
                parts.append(f"### {section.title}")
            parts += [md(section.remark), *(_written(part) for part in section.parts)]
    return "\n\n".join(filter(None, parts)) + "\n"


def _written(part: Part) -> str:
    match part:
        case Sentences(items):
            return _bullets(md(item) for item in items)
        case PhaseSentences(items):
            return _bullets(_phase(p) for p in items)
        case Table(header, rows):
            return _table(header, rows)
        case FigureTable(phases, rows):
            labels = whole_labels([label for label, _ in rows])
            cells_of = ((label, *cells) for label, (_, cells) in zip(labels, rows, strict=True))
            return _table(("", *(p.name for p in phases)), cells_of)
        case Conditions(items):
            cells = ((MARKS[c.passed], c.name, c.sentence, c.hint) for c in items)
            return _table(("", "condition", "found", "do"), cells)
        case Steps(items):
            return "\n".join(f"{i}. {md(step)}" for i, step in enumerate(items, start=1))
        case Code(items):
            return "\n\n".join(_fenced(text) for text in items)
        case Lanes(items):
            pictures = (picture(phase, LANES_WIDTH) for phase in items)
            return "\n\n".join(_fenced("\n".join(lines)) for lines in pictures if lines)
        case Chart():
            return ""


def _fenced(text: str) -> str:
    """As it is, behind a fence that nothing in it can close."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(longest + 1, 3)
    return "\n".join((f"{fence}text", visible(text, keep="\n"), fence))


def _phase(p: PhaseSentence) -> str:
    notes = "".join(f" {note[0].upper()}{note[1:].removesuffix('.')}." for note in p.notes)
    text = f"{p.sentence.removesuffix('.')}.{notes}"
    return f"**{md(p.name)}: {p.verdict}**: {md(text)}"


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    body = [[md(cell) for cell in row] for row in (header, *rows)]
    lines = [body[0], ["---"] * len(header), *body[1:]]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def _bullets(sentences: Iterable[str]) -> str:
    return "\n".join(f"- {s}" for s in sentences)
