"""The report on the terminal: answers first, explains second, ends in the next step."""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console, Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from analysis.assess import Assessment
from analysis.report import arrivals, free, hardware, machine_words, served, words
from analysis.report.pictures.lanes import picture
from analysis.report.figures.phase import PhaseFigures
from analysis.report.figures.run import RunFigures

LABEL, COLUMN = 23, 19  # of the table of phases, in columns of the terminal, where there is room


def show(console: Console, assessment: Assessment, figures: RunFigures) -> None:
    """Prints the whole report."""
    headline(console, assessment, figures)
    if figures.verdict is None:
        _list(console, "Without a plan", free.sentences(assessment.run))
    if figures.listed:
        _phases(console, figures.listed)
        _list(console, "Arrivals", arrivals.sentences(arrivals.arrival_figures(assessment)))
        _lanes(console, assessment)
    _pairs(console, assessment)
    _list(console, "To know", words.events(assessment, figures))
    conditions(console, assessment)
    _baseline(console, figures)
    _machine(console, figures)
    _list(console, "Limit", machine_words.limit_sentences(assessment))
    if figures.verdict is not None:
        found = hardware.hardware_figures(assessment, figures)
        _list(console, "Hardware", hardware.sentences(found))
    _list(console, "Servers", served.sentences(assessment.run.witness))
    _list(console, "Client", [words.timing_sentence(figures)])
    next_steps(console, assessment, figures)


def headline(console: Console, assessment: Assessment, figures: RunFigures) -> None:
    run = assessment.run
    here, prefix = Path.cwd(), run.prefix
    prefix = prefix.relative_to(here) if prefix.is_relative_to(here) else prefix
    title = f"portlap · {run.manifest.scenario_name} · {prefix}"
    console.print(Text(title + (f" · {run.manifest.started_at}" if run.manifest.started_at else ""), "dim"))
    if figures.verdict is not None:
        console.print(Text(figures.verdict.upper(), f"bold {figures.verdict.colour}"))
        console.print(Text(assessment.answer.sentence, "bold"))


def phases_table(phases: tuple[PhaseFigures, ...], width: int, titles: tuple[str, ...] = ()) -> list[Table]:
    """A column per phase, as many tables as the width needs: no figure is ever cut."""
    named = list(zip(titles or tuple(p.name for p in phases), phases, strict=True))
    labels, at_once = _fitting(phases, width)
    roomy = labels + at_once * COLUMN <= width
    tables = []
    for first in range(0, len(named), at_once):
        table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, header_style="bold")
        table.add_column("", min_width=LABEL - 1, no_wrap=True)
        columns = named[first : first + at_once]
        for title, _ in columns:
            table.add_column(title, min_width=COLUMN - 1 if roomy else None, overflow="fold")
        for label, cells in words.rows([p for _, p in columns]):
            style = "bold" if label.startswith(("speedup", "verdict")) else None
            table.add_row(label, *cells, style=style)
        tables.append(table)
    return tables


def _fitting(phases: tuple[PhaseFigures, ...], width: int) -> tuple[int, int]:
    """The width of the labels, and how many phases fit beside them with the widest of their figures."""
    rows = words.rows(phases)
    labels = max(len(label) for label, _ in rows)
    widest = 1 + max(len(cell) for _, cells in rows for cell in cells)
    return labels, max((width - labels) // widest, 1)


def _phases(console: Console, phases: tuple[PhaseFigures, ...]) -> None:
    _title(
        console,
        "Phases",
        "value [95 % interval] over n = the scored rounds; TTFT and TPOT over their requests",
    )
    for table in phases_table(phases, console.width):
        console.print(table, Text())
    for p in phases:
        console.print(
            Text.assemble((f"{p.name}: ", "bold"), (p.verdict, p.verdict.colour), f": {p.sentence}")
        )
        if seed := words.seed_sentence(p):
            console.print(Padding(Text(seed, "dim"), (0, 0, 0, 2)))
        for evidence in p.why:
            console.print(Padding(Text(f"evidence: {evidence}"), (0, 0, 0, 2)))


def _lanes(console: Console, assessment: Assessment) -> None:
    _title(console, "Lanes", "one round of each phase, to scale")
    for judged in assessment.phases:
        if judged.measured.plan.pair_of is None and (lines := picture(judged.measured, console.width)):
            console.print(Text("\n".join(lines), no_wrap=True, overflow="crop"), Text())


def conditions(console: Console, assessment: Assessment) -> None:
    _title(console, "Conditions", f"{words.MARKS[True]} holds  {words.MARKS[False]} fails  ? cannot be told")
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, show_header=False)
    styles = {True: "green", False: "red", None: "yellow"}
    for c, phases in words.grouped_conditions(assessment):
        said = Text(words.condition_sentence(c, phases, len(assessment.phases)))
        told = Group(said, Text(f"→ {c.hint}", "bold")) if c.passed is False and c.hint else said
        table.add_row(Text(words.MARKS[c.passed], styles[c.passed]), c.name, told)
    console.print(table)


def _pairs(console: Console, assessment: Assessment) -> None:
    if not assessment.matrix:
        return
    _title(console, "Pairs", "every two targets together, against each alone")
    _table(console, machine_words.PAIRS_HEADER, machine_words.pair_rows(assessment.matrix))
    for sentence in machine_words.pair_sentences(assessment.matrix):
        console.print(Padding(Text(sentence), (0, 0, 0, 2)))


def _machine(console: Console, figures: RunFigures) -> None:
    _list(console, "Machine", machine_words.machine_sentences(figures))
    if rows := machine_words.throughput_rows(figures.machine):
        console.print()
        _table(console, machine_words.THROUGHPUT_HEADER, rows)


def _baseline(console: Console, figures: RunFigures) -> None:
    if not figures.baseline:
        return
    _title(console, "Baseline", "each target alone, with its 95 % interval over n solos")
    _table(console, words.BASELINE_HEADER, [words.baseline_row(b) for b in figures.baseline])


def next_steps(console: Console, assessment: Assessment, figures: RunFigures) -> None:
    steps = free.NEXT_STEPS if figures.verdict is None else assessment.answer.next_steps
    if not steps:
        return
    _title(console, "Next")
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, show_header=False)
    for number, step in enumerate(steps, start=1):
        table.add_row(f"{number}.", step)
    console.print(table)


def _table(console: Console, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
    for name in header:
        table.add_column(name)
    for row in rows:
        table.add_row(*row)
    console.print(table)


def _title(console: Console, title: str, remark: str = "") -> None:
    console.print(Text.assemble("\n", (title, "bold cyan"), (f"  {remark}" if remark else "", "dim")))


def _list(console: Console, title: str, sentences: list[str]) -> None:
    if sentences:
        _title(console, title)
        for sentence in sentences:
            console.print(Padding(Text(sentence), (0, 0, 0, 2)))
