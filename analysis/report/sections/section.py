"""What a report is made of: sections of parts. The writers know these types and nothing of a run."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from analysis.files.server_samples import ServerSample
from analysis.phase.measure import PhaseMeasured
from analysis.prompts.finding import PromptsWord
from analysis.report.figures.phase import PhaseFigures
from analysis.verdict.outcomes import Outcome

# The chapters of the Markdown report, in the order of an experiment.
HYPOTHESIS, DESIGN, MEASURED, VERDICT, NEXT = "Hypothesis", "Design", "Measured", "Verdict", "Next action"
CHAPTERS = (HYPOTHESIS, DESIGN, MEASURED, VERDICT, NEXT)


@dataclass(frozen=True, slots=True)
class Sentences:
    kind: ClassVar[str] = "sentences"
    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PhaseSentence:
    """`name: verdict: sentence`, and below it what belongs to it."""

    name: str
    verdict: Outcome | PromptsWord
    sentence: str
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PhaseSentences:
    kind: ClassVar[str] = "phase_sentences"
    items: tuple[PhaseSentence, ...]


@dataclass(frozen=True, slots=True)
class Table:
    kind: ClassVar[str] = "table"
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class FigureTable:
    """A column per phase, a row per figure."""

    kind: ClassVar[str] = "figures"
    phases: tuple[PhaseFigures, ...]
    rows: tuple[tuple[str, tuple[str, ...]], ...]  # (label with its unit, a text per phase)


@dataclass(frozen=True, slots=True)
class ConditionRow:
    passed: bool | None
    name: str
    sentence: str
    hint: str  # "" unless it failed


@dataclass(frozen=True, slots=True)
class Conditions:
    kind: ClassVar[str] = "conditions"
    items: tuple[ConditionRow, ...]


@dataclass(frozen=True, slots=True)
class Steps:
    kind: ClassVar[str] = "steps"
    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Code:
    """Lines to copy, shown as they are."""

    kind: ClassVar[str] = "code"
    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Lanes:
    """One round of each phase, drawn to scale."""

    kind: ClassVar[str] = "lanes"
    items: tuple[PhaseMeasured, ...]
    samples: tuple[ServerSample, ...] = ()  # what the servers said of their load meanwhile


@dataclass(frozen=True, slots=True)
class Chart:
    """A picture that only HTML has: `speedup`, `map`, `pace` or `throughput` (pictures/charts.py)."""

    kind: ClassVar[str] = "chart"
    name: str


Part = Sentences | PhaseSentences | Table | FigureTable | Conditions | Steps | Code | Lanes | Chart


@dataclass(frozen=True, slots=True)
class Section:
    title: str
    chapter: str
    parts: tuple[Part, ...]
    remark: str = ""
    terminal: bool = True  # False: what whoever ran it on this terminal knows


@dataclass(frozen=True, slots=True)
class Headline:
    """A few words in the colour of what they mean."""

    words: str
    colour: str


@dataclass(frozen=True, slots=True)
class Report:
    title: str
    subtitle: str  # which run this is
    headline: Headline | None  # of a run its verdict; None: the plan free states none
    answer: str
    sections: tuple[Section, ...]
    facts: tuple[tuple[str, str], ...] = ()  # what was measured, where, when and how


def section(title: str, chapter: str, *parts: Part, remark: str = "", terminal: bool = True) -> list[Section]:
    """[the section], or [] if none of its parts says anything."""
    filled = tuple(p for p in parts if not _empty(p))
    drawn_only = all(isinstance(p, Chart) for p in filled)
    return [] if drawn_only else [Section(title, chapter, filled, remark, terminal)]


def sentences(items: Sequence[str]) -> Sentences:
    return Sentences(tuple(items))


def _empty(part: Part) -> bool:
    if isinstance(part, Chart):
        return False
    return not (part.rows if isinstance(part, Table | FigureTable) else part.items)
