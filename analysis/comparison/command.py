"""`python -m analysis compare PREFIX PREFIX …`: reads runs and writes the comparison in one of four forms."""

from collections.abc import Sequence
from pathlib import Path

from analysis import exit_codes
from analysis.assess import assess
from analysis.comparison.figures import ComparedRun, compared_phases
from analysis.comparison.limits import check, read_limit
from analysis.comparison.sections import comparison_json, comparison_report
from analysis.errors import RunError
from analysis.files.prefix import prefix_of
from analysis.files.run import read_run
from analysis.locust_sets.command import compare_sets, is_plain
from analysis.report.figures.run import run_figures
from analysis.report.writers.in_form import written

LONGEST_NAME = 24


def compare(
    prefixes: Sequence[str], form: str = "text", anyway: bool = False, limits: Sequence[str] = ()
) -> tuple[str, int]:
    """(the comparison as `text`, `json`, `markdown` or `html`, the exit code).

    Plain Locust runs are one per number of users: `locust_sets/`.
    LIMIT_BROKEN if a limit is, INCONCLUSIVE if one is not decided, else OK. Raises RunError: a run that
    cannot be read or compared, a limit that cannot be understood.
    """
    asked = [read_limit(text) for text in limits]
    paths = [prefix_of(prefix) for prefix in prefixes]
    plain = [path for path in paths if is_plain(path)]
    if plain and len(plain) < len(paths):
        raise RunError(f"{plain[0]}: is a run of another locustfile, others are not; compare like with like")
    if plain and asked:
        raise RunError("--fail-if: keeps limits of runs of portlap's only; leave it out")
    if plain:
        return compare_sets(paths, form), exit_codes.OK
    runs = [_run(name, path) for name, path in zip(short_names(paths), paths, strict=True)]
    phases = compared_phases(runs, anyway)
    checked = [c for limit in asked for c in check(limit, runs, phases)]
    report = comparison_report(runs, phases, checked)
    text = written(form, report, lambda: comparison_json(runs, phases, checked))
    return text, _code({c.broken for c in checked})


def _code(broken: set[bool | None]) -> int:
    if True in broken:
        return exit_codes.LIMIT_BROKEN
    return exit_codes.INCONCLUSIVE if None in broken else exit_codes.OK


def _run(name: str, prefix: Path) -> ComparedRun:
    assessment = assess(read_run(prefix))
    return ComparedRun(name, assessment, run_figures(assessment))


def short_names(prefixes: Sequence[Path]) -> list[str]:
    """The prefixes' last parts, or A, B, C … where these are long or not all different."""
    names = [prefix.name for prefix in prefixes]
    if len(set(names)) == len(names) and max(map(len, names)) <= LONGEST_NAME:
        return names
    return [chr(ord("A") + i) if i < 26 else f"run {i + 1}" for i in range(len(names))]
