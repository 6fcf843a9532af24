"""The report as one HTML file that needs no network: the terminal's content with its charts as SVG."""

from collections.abc import Sequence
from pathlib import Path

import altair as alt
import jinja2

from analysis.assess import Assessment
from analysis.report import arrivals, charts, free, hardware, machine_words, served, words
from analysis.report.figures.run import RunFigures


def render(assessment: Assessment, figures: RunFigures) -> str:
    here = jinja2.FileSystemLoader(Path(__file__).parent)
    page = jinja2.Environment(loader=here, autoescape=True, undefined=jinja2.StrictUndefined)
    steps = free.NEXT_STEPS if figures.verdict is None else assessment.answer.next_steps
    return page.get_template("report.html.j2").render(
        manifest=assessment.run.manifest,
        figures=figures,
        colour=figures.verdict.colour if figures.verdict else "magenta",
        answer=assessment.answer.sentence if figures.verdict else "A free run: no verdict is stated.",
        free=free.sentences(assessment.run) if figures.verdict is None else [],
        rows=[(label.strip(), cells) for label, cells in words.rows(figures.listed)],
        said=[(p, words.seed_sentence(p)) for p in figures.listed],
        arrivals=arrivals.sentences(arrivals.arrival_figures(assessment)),
        events=words.events(assessment, figures),
        conditions=[
            (words.MARKS[c.passed], c, words.condition_sentence(c, phases, len(assessment.phases)))
            for c, phases in words.grouped_conditions(assessment)
        ],
        baseline_header=words.BASELINE_HEADER,
        baseline=[words.baseline_row(b) for b in figures.baseline],
        machine=machine_words.machine_sentences(figures),
        throughput=_rows(machine_words.THROUGHPUT_HEADER, machine_words.throughput_rows(figures.machine)),
        limit=machine_words.limit_sentences(assessment),
        pairs=_rows(machine_words.PAIRS_HEADER, machine_words.pair_rows(assessment.matrix)),
        tied=machine_words.pair_sentences(assessment.matrix),
        hardware=hardware.sentences(hardware.hardware_figures(assessment, figures))
        if figures.verdict
        else [],
        servers=served.sentences(assessment.run.witness),
        timing=words.timing_sentence(figures),
        steps=steps,
        charts=_charts(assessment, figures),
    )


def _rows(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[Sequence[str]]:
    """The header first; nothing at all without rows."""
    return [header, *rows] if rows else []


def _charts(assessment: Assessment, figures: RunFigures) -> list[str]:
    """SVG of the speedup over users, of one round of each phase, and of the throughput."""
    made: list[alt.Chart | alt.LayerChart] = []
    if any(p.speedup for p in figures.listed):
        made.append(charts.speedup_chart(assessment))
    made += [charts.lanes_chart(assessment, p.name) for p in figures.listed if p.wall_s is not None]
    if len(figures.machine.throughputs) > 1:
        made.append(charts.throughput_chart(figures.machine.throughputs))
    return [charts.svg(chart) for chart in made]
