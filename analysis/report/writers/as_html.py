"""A report as one HTML file that needs no network; its lanes and charts are SVG."""

from collections.abc import Callable
from pathlib import Path

import jinja2

from analysis.assess import Assessment
from analysis.report.figures.run import RunFigures
from analysis.report.pictures import charts
from analysis.report.sections.conditions import MARKS
from analysis.report.sections.section import Chart, Lanes, Report


def render(report: Report, draw: Callable[[Lanes | Chart], list[str]]) -> str:
    """`draw`: the SVG pictures of a part that is one."""
    here = jinja2.FileSystemLoader(Path(__file__).parent)
    page = jinja2.Environment(loader=here, autoescape=True, undefined=jinja2.StrictUndefined)
    return page.get_template("report.html.j2").render(report=report, marks=MARKS, drawn=draw)


def run_pictures(part: Lanes | Chart, assessment: Assessment, figures: RunFigures) -> list[str]:
    """The SVG pictures of a part of a run's report."""
    if isinstance(part, Lanes):
        timed = [p.name for p in figures.listed if p.wall_s is not None]
        return [charts.svg(charts.lanes_chart(assessment, name)) for name in timed]
    if part.name == "speedup":
        return [charts.svg(charts.speedup_chart(assessment))]
    return [charts.svg(charts.throughput_chart(figures.machine.throughput))]
