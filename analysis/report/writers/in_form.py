"""A report in the form that was asked for: `text` as the terminal takes it, `json`, `markdown` or `html`."""

import sys
from collections.abc import Callable
from typing import Any

from analysis.console import printed
from analysis.escapes import json_text
from analysis.report.pictures.charts import Drawn
from analysis.report.sections.section import Chart, Report
from analysis.report.writers import as_markdown, as_text


def written(
    form: str,
    report: Report,
    document: Callable[[], Any],
    draw: Callable[[Chart], Drawn | None] | None = None,
) -> str:
    """`document` makes what `json` writes; `draw` the charts of `html`, None: it has none."""
    match form:
        case "json":
            return json_text(document())
        case "markdown":
            return as_markdown.render(report)
        case "html":
            from analysis.report.writers import as_html  # loads jinja2

            return as_html.render(report, draw) if draw else as_html.render(report)
        case _:
            return printed(lambda console: as_text.show(console, report), sys.stdout)
