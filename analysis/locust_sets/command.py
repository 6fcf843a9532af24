"""`python -m analysis compare u1 u2 u4 …` of plain Locust runs: in one of the four forms."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from analysis.console import printed
from analysis.escapes import for_json
from analysis.locust_only.read import is_locust_only
from analysis.locust_rows.rows import has_request_rows
from analysis.locust_sets.chart import users_chart
from analysis.locust_sets.growth import growth_of, names_of, sets_of
from analysis.locust_sets.read import read_point
from analysis.locust_sets.report import growth_json, growth_report
from analysis.report.writers import as_markdown, as_text


def is_plain(prefix: Path) -> bool:
    """True for a run of another locustfile, with or without a row per request."""
    return is_locust_only(prefix) or has_request_rows(prefix)


def compare_sets(prefixes: Sequence[Path], form: str) -> str:
    """The comparison as `text`, `json`, `markdown` or `html`. Raises RunError: files that do not tell."""
    sets = sets_of([read_point(prefix) for prefix in prefixes])
    grown = [growth_of(name, points) for name, points in zip(names_of(sets), sets, strict=True)]
    if form == "json":
        return for_json(json.dumps(growth_json(grown), indent=1, ensure_ascii=False, allow_nan=False)) + "\n"
    report = growth_report(grown)
    if form == "markdown":
        return as_markdown.render(report)
    if form == "html":
        from analysis.report.writers import as_html  # loads jinja2

        return as_html.render(report, lambda _: users_chart(grown))
    return printed(lambda console: as_text.show(console, report), sys.stdout)
