"""`python -m analysis`: reads runs. Results go to stdout, complaints to stderr; exit codes in the help."""

import argparse
import os
import shlex
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from rich.console import Console

from analysis import exit_codes
from analysis.assess import Assessment, assess
from analysis.comparison.command import compare as compare_runs
from analysis.console import for_stream, printed
from analysis.entities.entities import read_entities
from analysis.entities.propose import propose, write_new
from analysis.errors import PortlapError, RunError
from analysis.escapes import visible
from analysis.files.prefix import prefix_of
from analysis.files.run import file_of, keep_files_private, read_run, write_whole
from analysis.locust_only import report as locust_report
from analysis.locust_only.read import is_locust_only, read_locust_run
from analysis.locust_rows import report as rows_report
from analysis.locust_rows.judge import judge
from analysis.locust_rows.rows import has_request_rows, read_requests
from analysis.report.figures.run import RunFigures, run_figures
from analysis.report.sections import report_of
from analysis.report.sections.section import Report
from analysis.report.writers import as_json, as_markdown, as_screen, as_text
from analysis.verdict.outcomes import Outcome

EXAMPLES = """after `make run` (PREFIX: its run in runs/, as in runs/20251021-073015):
  python -m analysis report PREFIX
  python -m analysis report PREFIX --json | python -m json.tool
  python -m analysis compare PREFIX PREFIX
  python -m analysis propose PREFIX --entities config-aientities.json --out NEW.json
"""
EXIT_CODES = "exit codes: 0 a verdict, 2 bad input, 3 inconclusive, 4 invalid, 5 a --fail-if is broken"


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command and returns its exit code."""
    options = _parser().parse_args(arguments)
    keep_files_private()
    try:
        code: int = options.command(options)
        sys.stdout.flush()
    except PortlapError as error:
        print(for_stream(visible(str(error)), sys.stderr), file=sys.stderr)
        return exit_codes.BAD_INPUT
    except KeyboardInterrupt:
        return exit_codes.INTERRUPTED
    except OSError as error:  # of stdout: files have lines of their own
        _forget_stdout()
        if isinstance(error, BrokenPipeError):  # its reader has gone, as in `| head`
            return exit_codes.OK
        print(f"stdout: cannot be written: {error.strerror}", file=sys.stderr)
        return exit_codes.FAULT
    return code


def _forget_stdout() -> None:
    """What is left in its buffer: else the interpreter fails once more when it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def write_report(options: argparse.Namespace) -> int:
    """Writes report.json, report.md and report.html beside the run and prints one of them."""
    prefix = prefix_of(options.prefix)
    if (other := _other_locustfile(prefix)) is not None:
        texts = {
            "report.json": other.json,
            "report.md": as_markdown.render(other.report),
            "report.html": _html(other.report),
        }
        _write(prefix, texts, options, lambda console: as_text.show(console, other.report))
        return exit_codes.of_verdict(other.outcome)
    assessment, figures = _read(options.prefix)
    report = report_of(assessment, figures)
    texts = {
        "report.json": as_json.render(assessment, figures),
        "report.md": as_markdown.render(report),
        "report.html": _html(report, figures),
    }
    again = f"python -m analysis report {shlex.quote(str(prefix))}"
    files = f"All of it: {prefix}_report.html, or {again}"

    def draw(console: Console) -> None:
        if options.short:
            as_screen.show(console, report, figures.listed, files)
        else:
            as_text.show(console, report)

    _write(prefix, texts, options, draw)
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


def _write(
    prefix: Path, texts: dict[str, str], options: argparse.Namespace, draw: Callable[[Console], None]
) -> None:
    """Writes the reports beside the run; prints the one that was asked for, even if none can be written."""
    problem = ""
    for suffix, written in texts.items():
        path = file_of(prefix, suffix)
        try:
            write_whole(path, written)
        except OSError as error:
            problem = problem or f"{path}: cannot be written: {error.strerror}; make room and report again"
    if options.json or options.markdown:
        _print(texts["report.json" if options.json else "report.md"])
    elif not options.quiet:
        _print(printed(draw, sys.stdout))
    if problem:
        raise RunError(problem)


def _html(report: Report, figures: RunFigures | None = None) -> str:
    from analysis.report.writers import as_html  # loads jinja2

    if figures is None:
        return as_html.render(report)
    return as_html.render(report, partial(as_html.chart_of, figures=figures))


def check(options: argparse.Namespace) -> int:
    """Prints the verdict and its conditions only; writes nothing."""
    if (other := _other_locustfile(prefix_of(options.prefix))) is not None:
        _print(printed(lambda console: as_text.show(console, other.report, only=other.checked), sys.stdout))
        return exit_codes.of_verdict(other.outcome)
    assessment, figures = _read(options.prefix)
    report = report_of(assessment, figures)
    _print(printed(lambda console: as_text.show(console, report, only=["Conditions"]), sys.stdout))
    return figures.exit_code


def compare(options: argparse.Namespace) -> int:
    """Prints runs side by side, each over the first; writes nothing."""
    written, code = compare_runs(options.prefixes, options.form, options.anyway, options.fail_if)
    _print(written)
    return code


def propose_entities(options: argparse.Namespace) -> int:
    """Prints what the run proposes for the entities file as a diff, and writes it to a new file."""
    old, new = Path(options.entities), Path(options.out)
    assessment, figures = _read(options.prefix)
    file = read_entities(old)
    code = exit_codes.of_verdict(figures.verdict)
    if code or figures.verdict is None:
        why = f"{figures.verdict or 'the plan free'}: {assessment.answer.sentence}"
        print(for_stream(f"nothing is proposed; {why}", sys.stderr), file=sys.stderr)
        return code
    proposal = propose(file, assessment.run.manifest.targets, figures.machine.recommended_workers)
    print(for_stream("\n".join(proposal.sentences), sys.stderr), file=sys.stderr)
    if proposal.after == proposal.before:
        print("the file stays as it is; nothing is written", file=sys.stderr)
        return exit_codes.OK
    write_new(new, proposal.after)
    _print(proposal.diff(old, new))
    return exit_codes.OK


def _read(prefix: str) -> tuple[Assessment, RunFigures]:
    assessment = assess(read_run(prefix_of(prefix)))
    return assessment, run_figures(assessment)


def _print(written: str) -> None:
    sys.stdout.write(for_stream(written, sys.stdout))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m analysis",
        description="Reads the files of a run: what they say, with every condition.",
        epilog=EXAMPLES + EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    one = "a run's prefix, as in runs/20251021-073015, or any of its files; also of a plain Locust's --csv"
    add = commands.add_parser("report", help="print the report; write PREFIX_report.json, .md and .html")
    add.add_argument("prefix", metavar="PREFIX", help=one)
    kind = add.add_mutually_exclusive_group()
    kind.add_argument("--json", action="store_true", help="print report.json instead")
    kind.add_argument("--markdown", action="store_true", help="print report.md instead")
    kind.add_argument("--short", action="store_true", help="print one screen")
    kind.add_argument("--long", action="store_true", help="print all of it (default)")
    kind.add_argument("--quiet", action="store_true", help="print nothing, only write the files")
    add.set_defaults(command=write_report)
    add = commands.add_parser("check", help="print the verdict and its conditions")
    add.add_argument("prefix", metavar="PREFIX", help=one)
    add.set_defaults(command=check)
    add = commands.add_parser(
        "compare", help="print runs side by side, each over the first; of plain Locusts: over users"
    )
    add.add_argument("prefixes", metavar="PREFIX", nargs="+", help=one)
    form = add.add_mutually_exclusive_group()
    for name in ("json", "markdown", "html"):
        form.add_argument(f"--{name}", dest="form", action="store_const", const=name, help=f"as {name}")
    add.set_defaults(form="text")
    add.add_argument("--anyway", action="store_true", help="even where the phases ask different questions")
    add.add_argument(
        "--fail-if", metavar="LIMIT", action="append", default=[],
        help='as in "speedup<0.9*base" or "phase2.ttft_s>1.5": exit code 5 where a run surely breaks it',
    )  # fmt: skip
    add.set_defaults(command=compare)
    add = commands.add_parser("propose", help="propose ports and workers for a config-aientities.json")
    add.add_argument("prefix", metavar="PREFIX", help=one)
    add.add_argument("--entities", metavar="FILE", required=True, help="the file as it is; stays as it is")
    add.add_argument("--out", metavar="NEW", required=True, help="where the proposal goes, a new file")
    add.set_defaults(command=propose_entities)
    return parser


if __name__ == "__main__":
    sys.exit(main())
