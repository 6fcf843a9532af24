"""A report as one HTML file that needs no network and no script: charts in SVG, lanes as plain boxes."""

from collections.abc import Callable, Sequence
from pathlib import Path

import jinja2

from analysis.report.figures.run import RunFigures
from analysis.report.pictures import charts
from analysis.report.pictures.charts import Drawn
from analysis.report.pictures.lane_rows import phase_lanes
from analysis.report.pictures.level_charts import SPEED, THROUGHPUT, TTFT, level_chart
from analysis.report.pictures.matrix import matrix_chart
from analysis.report.pictures.prompt_charts import DRAWN, prompt_chart
from analysis.report.pictures.staircase import staircase_chart
from analysis.report.sections.conditions import MARKS
from analysis.report.sections.section import Chart, Report
from analysis.verdict.limit import Pair

Draw = Callable[[Chart], Drawn | None]


def render(report: Report, draw: Draw = lambda _: None) -> str:
    """`draw`: the picture of a chart, None where the run has not what it shows."""
    here = jinja2.FileSystemLoader(Path(__file__).parent)
    page = jinja2.Environment(
        loader=here, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    template = page.get_template("report.html.j2")
    return template.render(report=report, marks=MARKS, draw=draw, phase_lanes=phase_lanes)


def chart_of(chart: Chart, figures: RunFigures, pairs: Sequence[Pair] = ()) -> Drawn | None:
    """The picture of a part of a run's report."""
    machine = figures.machine
    if chart.name in DRAWN:
        return prompt_chart(chart.name, figures.prompts)
    if chart.name in (THROUGHPUT, SPEED, TTFT):
        return level_chart(chart.name, figures.how_many) if figures.how_many else None
    match chart.name:
        case "speedup":
            return charts.speedup_chart(figures.listed)
        case "staircase":
            return staircase_chart(figures.listed)
        case "matrix":
            return matrix_chart(pairs)
        case "map":
            return charts.overlap_map(figures.listed)
        case "pace":
            return charts.pace_chart(figures.listed)
        case _:
            return charts.throughput_chart(machine.throughput, machine.recommended_workers)
