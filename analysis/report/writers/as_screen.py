"""A report on one screen: what a person reads after a run. All of it is in the files, and in as_text.

At most 45 lines at 100 columns for four phases, however many ports there are: long lists end in a number.
"""

from collections.abc import Sequence

from rich.console import Console
from rich.padding import Padding
from rich.table import Table as Grid
from rich.text import Text

from analysis.lanes import DECODE, PREFILL, QUEUED, WAITING, WHOLE, representative_round
from analysis.phase.measure import PhaseMeasured
from analysis.report.figures.phase import PhaseFigures
from analysis.report.pictures.lanes import FAILED, GLYPHS, picture
from analysis.report.sections.phases import pace_of_one
from analysis.report.sections.prompts import TITLES
from analysis.report.sections.section import (
    ConditionRow,
    Conditions,
    Lanes,
    PhaseSentences,
    Report,
    Sentences,
    Steps,
)
from analysis.report.words import interval, number, topology

MOST_PHASES, MOST_SENTENCES, MOST_FAILED, MOST_STEPS, MOST_LANES = 12, 6, 4, 3, 8
TOLD = ("How many", "Without a plan", "Notes", "Arrivals", "Pairs", "Costs")  # their sentences are shown
STYLES = {
    GLYPHS[QUEUED]: "dim",
    GLYPHS[WAITING]: "dim",
    GLYPHS[PREFILL]: "yellow",
    GLYPHS[DECODE]: "green",
    GLYPHS[WHOLE]: "blue",
    FAILED: "bold red",
}
HEADER = ("phase", "users, over", "speedup G [95 %]", "of at most", "tokens/s of one", "verdict")


def show(console: Console, report: Report, phases: Sequence[PhaseFigures], files: str) -> None:
    """`phases`: their figures, in order; `files`: where all of it is."""
    if report.headline is not None:
        console.print(Text(report.headline.words.upper(), f"bold {report.headline.colour}"))
    console.print(Text(report.answer, "bold"))
    console.print()
    parts = [part for section in report.sections for part in section.parts]
    if phases:
        _phases(console, phases)
    _prompts(console, report)
    _sentences(console, report)
    _lanes(console, [p for part in parts if isinstance(part, Lanes) for p in part.items])
    _failed(console, [c for part in parts if isinstance(part, Conditions) for c in part.items])
    _steps(console, [step for part in parts if isinstance(part, Steps) for step in part.items])
    console.print(Text(files, "dim"))


def _phases(console: Console, phases: Sequence[PhaseFigures]) -> None:
    grid = Grid(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
    for name in HEADER:
        grid.add_column(name)
    for p in phases[:MOST_PHASES]:
        grid.add_row(
            p.name,
            f"{p.users}, {topology(p)}",
            interval(p.speedup),
            number(p.speedup_max),
            pace_of_one(p.answer_tokens_per_s),
            Text(p.verdict, p.verdict.colour),
        )
    console.print(grid)
    if len(phases) > MOST_PHASES:
        console.print(Text(f"and {len(phases) - MOST_PHASES} more"))
    console.print(Text("tokens/s of one answer: alone → together", "dim"))
    console.print()


def _prompts(console: Console, report: Report) -> None:
    """The word and the two lines of each phase of the kinds stall, talk and right."""
    for part in (p for s in report.sections if s.title in TITLES.values() for p in s.parts):
        for found in part.items if isinstance(part, PhaseSentences) else ():
            word = Text(found.verdict.upper(), f"bold {found.verdict.colour}")
            console.print(Text.assemble((f"{found.name}: ", "bold"), word, ": ", found.sentence))
            for note in found.notes[:1]:
                console.print(Padding(Text(note), (0, 0, 0, 2)))
            console.print()


def _sentences(console: Console, report: Report) -> None:
    found = [
        item
        for section in report.sections
        if section.title in TOLD
        for part in section.parts
        if isinstance(part, Sentences)
        for item in part.items
    ]
    for item in found[:MOST_SENTENCES]:
        console.print(Padding(Text(item), (0, 0, 0, 2)))
    if len(found) > MOST_SENTENCES:
        console.print(Text(f"  and {len(found) - MOST_SENTENCES} more"))
    if found:
        console.print()


def _lanes(console: Console, phases: Sequence[PhaseMeasured]) -> None:
    """The two phases with the fewest users, on one time scale; none where even these are many."""
    timed = [(p, r.makespan_s) for p in phases if (r := representative_round(p)) is not None and r.makespan_s]
    shown = sorted((t for t in timed if t[0].plan.users <= MOST_LANES), key=lambda t: t[0].plan.users)[:2]
    scale_s = max((wall_s for _, wall_s in shown), default=0.0)
    for phase, _ in shown:
        lines = Text("\n".join(picture(phase, console.width, scale_s)), no_wrap=True, overflow="crop")
        for glyph, style in STYLES.items():
            lines.highlight_words([glyph], style)
        console.print(lines)
        console.print()


def _failed(console: Console, conditions: Sequence[ConditionRow]) -> None:
    failed = [c for c in conditions if c.passed is False]
    if not failed:
        return
    console.print(Text("Conditions that failed", "bold cyan"))
    for c in failed[:MOST_FAILED]:
        line = Text.assemble(("✗ ", "red"), (c.name, "bold"), f": {c.sentence}")
        console.print(Padding(line, (0, 0, 0, 2)))
    if len(failed) > MOST_FAILED:
        console.print(Text(f"  and {len(failed) - MOST_FAILED} more"))
    console.print()


def _steps(console: Console, steps: Sequence[str]) -> None:
    if not steps:
        return
    console.print(Text("Next", "bold cyan"))
    grid = Grid(box=None, padding=(0, 1, 0, 0), pad_edge=False, show_header=False)
    for i, step in enumerate(steps[:MOST_STEPS], start=1):
        grid.add_row(f"{i}.", step)
    console.print(grid)
    console.print()
