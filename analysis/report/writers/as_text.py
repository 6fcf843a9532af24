"""A report on the terminal, by rich: colour where there is a terminal, and no figure ever cut."""

from collections.abc import Collection, Sequence

from rich.console import Console, Group
from rich.padding import Padding
from rich.table import Table as Grid
from rich.text import Text

from analysis.report.figures.phase import PhaseFigures
from analysis.report.pictures.lanes import picture
from analysis.report.sections.conditions import MARKS
from analysis.report.sections.phases import figure_rows
from analysis.report.sections.section import (
    Code,
    Conditions,
    FigureTable,
    Lanes,
    Part,
    PhaseSentences,
    Report,
    Sentences,
    Steps,
    Table,
)

LABEL, COLUMN = 23, 19  # of the table of phases, in columns of the terminal, where there is room
MARK_STYLES = {True: "green", False: "red", None: "yellow"}


def show(console: Console, report: Report, only: Collection[str] = ()) -> None:
    """Prints the headline and all sections, or those with the titles in `only`."""
    console.print(Text(report.subtitle, "dim"))
    if report.headline is not None:
        console.print(Text(report.headline.words.upper(), f"bold {report.headline.colour}"))
        console.print(Text(report.answer, "bold"))
    for section in report.sections:
        if not section.terminal or (only and section.title not in only):
            continue
        remark = f"  {section.remark}" if section.remark else ""
        console.print(Text.assemble("\n", (section.title, "bold cyan"), (remark, "dim")))
        for i, part in enumerate(section.parts):
            if i and isinstance(part, Table):
                console.print()
            _print(console, part)


def _print(console: Console, part: Part) -> None:
    match part:
        case Sentences(items):
            for item in items:
                console.print(Padding(Text(item), (0, 0, 0, 2)))
        case PhaseSentences(items):
            for p in items:
                lead = ((f"{p.name}: ", "bold"), (p.verdict, p.verdict.colour))
                console.print(Text.assemble(*lead, f": {p.sentence}"))
                for note in p.notes:
                    console.print(Padding(Text(note, "dim"), (0, 0, 0, 2)))
        case Table(header, rows):
            grid = _grid(header, gap=2)
            for row in rows:
                grid.add_row(*row)
            console.print(grid)
        case FigureTable(phases, _):
            for table in phases_table(phases, console.width):
                console.print(table, Text())
        case Conditions(items):
            grid = _grid()
            for c in items:
                words = Group(Text(c.sentence), Text(f"→ {c.hint}", "bold")) if c.hint else Text(c.sentence)
                grid.add_row(Text(MARKS[c.passed], MARK_STYLES[c.passed]), c.name, words)
            console.print(grid)
        case Steps(items):
            grid = _grid()
            for number, step in enumerate(items, start=1):
                grid.add_row(f"{number}.", step)
            console.print(grid)
        case Code(items):
            for text in items:
                console.print(Padding(Text(text, no_wrap=True), (1, 0, 0, 2)))
        case Lanes(items):
            for phase in items:
                if lines := picture(phase, console.width):
                    console.print(Text("\n".join(lines), no_wrap=True, overflow="crop"), Text())


def _grid(header: Sequence[str] = (), gap: int = 1) -> Grid:
    padding = (0, gap, 0, 0)
    grid = Grid(box=None, padding=padding, pad_edge=False, show_header=bool(header), header_style="bold")
    for name in header:
        grid.add_column(name)
    return grid


def phases_table(phases: tuple[PhaseFigures, ...], width: int) -> list[Grid]:
    """A column per phase, as many tables as the width needs: no figure is ever cut."""
    labels, at_once = _fitting(phases, width)
    roomy = labels + at_once * COLUMN <= width
    tables = []
    for first in range(0, len(phases), at_once):
        table = _grid()
        table.show_header = True
        table.add_column("", min_width=LABEL - 1, no_wrap=True)
        columns = phases[first : first + at_once]
        for p in columns:
            table.add_column(p.name, min_width=COLUMN - 1 if roomy else None, overflow="fold")
        for label, cells in figure_rows(columns):
            table.add_row(label, *cells, style="bold" if label.startswith(("speedup", "verdict")) else None)
        tables.append(table)
    return tables


def _fitting(phases: tuple[PhaseFigures, ...], width: int) -> tuple[int, int]:
    """The width of the labels, and how many phases fit beside them with the widest of their figures."""
    rows = figure_rows(phases)
    labels = max(len(label) for label, _ in rows)
    widest = 1 + max(len(cell) for _, cells in rows for cell in cells)
    return labels, max((width - labels) // widest, 1)
