"""`python -m analysis report` and `check`: reads a run, writes its reports beside it, prints one of them."""

import shlex
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from rich.console import Console

from analysis import exit_codes
from analysis.assess import Assessment, assess
from analysis.console import printed, to_stdout
from analysis.errors import RunError
from analysis.files.run import file_of, read_run, write_whole
from analysis.locust_only import report as locust_report
from analysis.locust_only.read import is_locust_only, read_locust_run
from analysis.locust_rows import report as rows_report
from analysis.locust_rows.judge import judge
from analysis.locust_rows.rows import has_request_rows, read_requests
from analysis.report.figures.run import RunFigures, run_figures
from analysis.report.sections import report_of
from analysis.report.sections.section import Report
from analysis.report.writers import as_json, as_markdown, as_screen, as_text
from analysis.verdict.limit import Pair
from analysis.verdict.outcomes import Outcome

JSON, MARKDOWN, SHORT, LONG, QUIET = "json", "markdown", "short", "long", "quiet"
FORMS: Final = {
    JSON: "print report.json instead",
    MARKDOWN: "print report.md instead",
    SHORT: "print one screen",
    LONG: "print all of it (default)",
    QUIET: "print nothing, only write the files",
}


def write_report(prefix: Path, form: str = LONG) -> int:
    """Writes report.json, report.md and report.html beside the run and prints one of them."""
    if (other := _other_locustfile(prefix)) is not None:
        texts = {
            "report.json": other.json,
            "report.md": as_markdown.render(other.report),
            "report.html": _html(other.report),
        }
        _write(prefix, texts, form, lambda console: as_text.show(console, other.report))
        return exit_codes.of_verdict(other.outcome)
    assessment, figures = judged(prefix)
    report = report_of(assessment, figures)
    texts = {
        "report.json": as_json.render(assessment, figures),
        "report.md": as_markdown.render(report),
        "report.html": _html(report, figures, assessment.matrix),
    }
    again = f"python -m analysis report {shlex.quote(str(prefix))}"
    files = f"All of it: {prefix}_report.html, or {again}"

    def draw(console: Console) -> None:
        if form == SHORT:
            as_screen.show(console, report, figures.listed, files)
        else:
            as_text.show(console, report)

    _write(prefix, texts, form, draw)
    return figures.exit_code


@dataclass(frozen=True, slots=True)
class _OtherRun:
    """A run of another locustfile, judged. `checked`: the sections that `check` prints."""

    outcome: Outcome
    report: Report
    json: str
    checked: tuple[str, ...]


def _other_locustfile(prefix: Path) -> _OtherRun | None:
    """None for a run of portlap's own. Raises RunError."""
    if is_locust_only(prefix):
        run = read_locust_run(prefix)
        bounds, written = locust_report.report_of(run), locust_report.as_json(run)
        return _OtherRun(run.outcome, bounds, written, ("Users", "Missing"))
    if has_request_rows(prefix):
        judged = judge(read_requests(prefix))
        rows, written = rows_report.report_of(judged), rows_report.as_json(judged)
        return _OtherRun(judged.outcome, rows, written, ("Conditions",))
    return None


def _write(prefix: Path, texts: dict[str, str], form: str, draw: Callable[[Console], None]) -> None:
    """Writes the reports beside the run; prints the one that was asked for, even if none can be written."""
    problem = ""
    for suffix, written in texts.items():
        path = file_of(prefix, suffix)
        try:
            write_whole(path, written)
        except OSError as error:
            problem = problem or f"{path}: cannot be written: {error.strerror}; make room and report again"
    if form in (JSON, MARKDOWN):
        to_stdout(texts["report.json" if form == JSON else "report.md"])
    elif form != QUIET:
        to_stdout(printed(draw, sys.stdout))
    if problem:
        raise RunError(problem)


def _html(report: Report, figures: RunFigures | None = None, pairs: Sequence[Pair] = ()) -> str:
    from analysis.report.writers import as_html  # loads jinja2

    if figures is None:
        return as_html.render(report)
    return as_html.render(report, partial(as_html.chart_of, figures=figures, pairs=pairs))


def print_check(prefix: Path) -> int:
    """Prints the verdict and its conditions only; writes nothing."""
    if (other := _other_locustfile(prefix)) is not None:
        to_stdout(
            printed(lambda console: as_text.show(console, other.report, only=other.checked), sys.stdout)
        )
        return exit_codes.of_verdict(other.outcome)
    assessment, figures = judged(prefix)
    report = report_of(assessment, figures)
    to_stdout(printed(lambda console: as_text.show(console, report, only=["Conditions"]), sys.stdout))
    return figures.exit_code


def judged(prefix: Path) -> tuple[Assessment, RunFigures]:
    """A run of portlap's own with its figures. Raises RunError."""
    assessment = assess(read_run(prefix))
    return assessment, run_figures(assessment)
