"""`python -m analysis compare u1 u2 u4 …` of plain Locust runs: in one of the four forms."""

from collections.abc import Sequence
from pathlib import Path

from analysis.locust_only.read import is_locust_only
from analysis.locust_rows.rows import has_request_rows
from analysis.locust_sets.chart import users_chart
from analysis.locust_sets.growth import growth_of, names_of, sets_of
from analysis.locust_sets.read import read_point
from analysis.locust_sets.report import growth_json, growth_report
from analysis.report.writers.in_form import written


def is_plain(prefix: Path) -> bool:
    """True for a run of another locustfile, with or without a row per request."""
    return is_locust_only(prefix) or has_request_rows(prefix)


def compare_sets(prefixes: Sequence[Path], form: str) -> str:
    """The comparison as `text`, `json`, `markdown` or `html`. Raises RunError: files that do not tell."""
    sets = sets_of([read_point(prefix) for prefix in prefixes])
    grown = [growth_of(name, points) for name, points in zip(names_of(sets), sets, strict=True)]
    return written(form, growth_report(grown), lambda: growth_json(grown), lambda _: users_chart(grown))
