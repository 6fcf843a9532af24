"""The documents say what the code does: names, keys, thresholds, commands, links, and a real report."""

import argparse
import ast
import io
import json
import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from analysis import __main__ as analysis_door
from analysis import exit_codes
from analysis.advice.next_steps import LOCKS, MACHINES_PARALLEL, PAIRS_DIFFER, SERIAL_PORTS, findings
from analysis.assess import assess
from analysis.console import printed
from analysis.files import prefix
from analysis.files.request_record import COLUMNS
from analysis.files.run import ClientHealth, Manifest, TargetInfo, read_run
from analysis.files.server_samples import ServerSample
from analysis.report.figures.run import run_figures
from analysis.report.sections import report_of
from analysis.report.writers import as_json, as_screen, as_text
from replay.scenario.load import load_scenario
from replay.scenario.schema import KEYS
from servers import __main__ as servers_door
from tests.support.checkout import CHECKOUT
from tests.support.farm import farm
from tests.support.runs import watched

DOCUMENTS = [CHECKOUT / "README.md", CHECKOUT / "CHANGELOG.md", *sorted((CHECKOUT / "docs").glob("*.md"))]
TEXT = {path.stem: path.read_text(encoding="utf-8") for path in DOCUMENTS}
README, FORMAT, METHODOLOGY, SCENARIOS, COMMAND_LINE = (
    TEXT[name] for name in ("README", "FORMAT", "METHODOLOGY", "SCENARIOS", "COMMAND_LINE")
)
MAKEFILE = (CHECKOUT / "Makefile").read_text(encoding="utf-8")
RECORDED = "tests/runs/two-ports"  # the run whose report the documents show
EXCERPTS = {"answer": "README.md", "phases": "docs/REPORT.md", "machine": "docs/REPORT.md"}
WITH_THRESHOLDS = ("analysis/thresholds.py", "replay/plan/budget.py")


def section(document: str, heading: str) -> str:
    """What stands below a heading, to the next one of the same level or a higher one."""
    found = re.search(rf"^(#+) {re.escape(heading)}$(.*?)(?=^#{{1,2}} |\Z)", document, re.M | re.S)
    assert found is not None, heading
    return found[2]


def missing(names: Any, document: str) -> list[str]:
    """The names that the document does not write as code."""
    written = " ".join(re.findall(r"`([^`\n]+)`", document))
    return [name for name in names if not re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", written)]


def keys_within(value: Any) -> Iterator[str]:
    """Every key of a JSON document, but those that are names or addresses of the run."""
    if isinstance(value, list):
        for item in value:
            yield from keys_within(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield key
            if not key.endswith("_per_port") and not key.startswith("gain_by_users"):
                yield from keys_within(item)


def report_of_a_run() -> dict[str, Any]:
    assessment = assess(watched(farm("port-serial"), slots=1))
    return dict(json.loads(as_json.render(assessment, run_figures(assessment))))


def commands_of(parser: argparse.ArgumentParser) -> list[str]:
    kinds = (a for a in parser._actions if isinstance(a, argparse._SubParsersAction))
    return [name for kind in kinds for name in kind.choices]


def thresholds(path: str) -> Iterator[tuple[str, Any]]:
    """(NAME, value) of every number, or tuple of numbers, that a module names in capitals."""
    for node in ast.parse((CHECKOUT / path).read_text(encoding="utf-8")).body:
        if not isinstance(node, ast.Assign | ast.AnnAssign) or node.value is None:
            continue
        try:
            value = ast.literal_eval(node.value)
        except ValueError:
            continue
        target = node.targets[0] if isinstance(node, ast.Assign) else node.target
        pairs = zip(target.elts, value, strict=True) if isinstance(target, ast.Tuple) else [(target, value)]
        for name, number in pairs:
            numbers = number if isinstance(number, tuple) else (number,)
            if isinstance(name, ast.Name) and all(isinstance(n, int | float) for n in numbers):
                yield name.id, number


def slug(heading: str) -> str:
    """The anchor of a heading as GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def excerpts(screen: str, report: str) -> dict[str, str]:
    """What the documents show: a screen with its first step; of the whole report figures and machine."""
    _, _, rest = report.partition("\n\nPhases")
    table, _, rest = rest.partition("\n\n")
    machine = rest[rest.index("\nMachine") + 1 : rest.index("\n\nHardware")]
    head, _, answer = screen.partition("\n\n  ")  # without the notes
    lanes_and_step = answer[answer.index("phase1, round") : answer.index("\n2. ")]
    answer = f"{head}\n\n{lanes_and_step}\n[...]"
    return {"answer": answer, "phases": f"Phases{table}", "machine": machine}


# What a run holds


def test_every_column_of_the_log_is_explained() -> None:
    assert missing(COLUMNS, section(FORMAT, "PREFIX_requests.csv")) == []


def test_every_column_of_the_server_samples_is_explained() -> None:
    assert missing([f.name for f in fields(ServerSample)], section(FORMAT, "PREFIX_witness.csv")) == []


def test_every_key_of_the_manifest_is_explained() -> None:
    kinds = (Manifest, TargetInfo, ClientHealth)
    keys = [f.name for kind in kinds for f in fields(kind)]
    planned = [
        "name",
        "users",
        "targets",
        "min_rounds",
        "max_rounds",
        "spacing_s",
        "workers",
        "after",
        "pair_of",
    ]
    assert missing(keys + planned, section(FORMAT, "PREFIX_run.json")) == []


def test_every_key_of_the_report_is_explained() -> None:
    keys = dict.fromkeys(keys_within(report_of_a_run()))
    assert missing(keys, section(FORMAT, "PREFIX_report.json")) == []


def test_every_file_of_a_run_is_named() -> None:
    assert [s for s in prefix.SUFFIXES if s not in FORMAT and s.replace("_report", "") not in FORMAT] == []


# What a run says


def test_every_verdict_has_its_row_in_the_readme_and_its_rule() -> None:
    rows = re.findall(r"^\| `([\w-]+)` \|", section(README, "How to read the answer"), re.M)
    assert set(rows) == set(findings()) - {SERIAL_PORTS, MACHINES_PARALLEL, PAIRS_DIFFER, *LOCKS.values()}
    assert missing(findings(), METHODOLOGY) == []


def test_every_condition_is_explained() -> None:
    rows = re.findall(r"^\| ([^|]+?) \| (?:run|phase) \|", section(METHODOLOGY, "Conditions"), re.M)
    assert set(rows) == {c["name"] for c in report_of_a_run()["conditions"]}


def test_every_threshold_is_listed_with_the_value_it_has() -> None:
    rows = re.findall(r"^\| `([\w.]+)` \| ([^|]+) \|", section(METHODOLOGY, "Thresholds"), re.M)
    listed = {name: ast.literal_eval(value) for name, value in rows}
    assert listed == {name: value for path in WITH_THRESHOLDS for name, value in thresholds(path)}


def test_every_threshold_that_is_mentioned_is_in_the_table() -> None:
    listed = set(re.findall(r"^\| `([\w.]+)` \|", section(METHODOLOGY, "Thresholds"), re.M))
    assert [
        n for n in re.findall(r"`([A-Z][A-Z_]+[A-Z0-9])`", METHODOLOGY + TEXT["LIMITS"]) if n not in listed
    ] == []


# What a person types


def test_every_command_is_explained() -> None:
    for door in (analysis_door, servers_door):
        names = commands_of(door._parser())
        assert names
        assert [name for name in names if not re.search(rf"`[^`\n]*\b{name}\b", COMMAND_LINE)] == []


def test_every_option_of_portlap_is_explained() -> None:
    tree = ast.parse((CHECKOUT / "replay" / "options.py").read_text(encoding="utf-8"))
    added = [
        n for n in ast.walk(tree) if isinstance(n, ast.Call) and any(k.arg == "help" for k in n.keywords)
    ]
    options = [ast.literal_eval(call.args[0]) for call in added]
    assert "--scenario" in options
    assert [name for name in options if f"| `{name}" not in COMMAND_LINE] == []


def test_every_make_target_is_explained_and_no_other_is_named() -> None:
    phony = re.search(r"^\.PHONY: (.+)$", MAKEFILE, re.M)
    assert phony is not None
    targets = set(phony[1].split()) - {"help"}
    assert set(re.findall(r"^\| `make ([a-z-]+)` \|", COMMAND_LINE, re.M)) == targets
    for name in ("README", "COMMAND_LINE", "WEB_UI"):
        assert set(re.findall(r"(?:^|`|[A-Z_]+=\S+ )make ([a-z-]+)", TEXT[name], re.M)) <= targets


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_scenario_that_is_named_exists(document: Path) -> None:
    named = re.findall(r"scenarios/[\w/-]+\.yaml", TEXT[document.stem])
    assert [name for name in named if not (CHECKOUT / name).is_file()] == []


@pytest.mark.parametrize("code", [code for code in vars(exit_codes).values() if type(code) is int])
def test_every_exit_code_has_its_row(code: int) -> None:
    assert f"\n| {code} |" in section(COMMAND_LINE, "Exit codes")


# The scenario


def test_every_key_of_a_scenario_is_explained() -> None:
    keys = dict.fromkeys(key for names in KEYS.values() for key in names if key not in ("min", "max"))
    assert missing(keys, section(SCENARIOS, "A scenario of your own")) == []


def test_the_example_of_a_scenario_is_one(tmp_path: Path) -> None:
    block = re.search(r"```yaml\n(.*?)```", section(SCENARIOS, "A scenario of your own"), re.S)
    assert block is not None
    path = tmp_path / "example.yaml"
    path.write_text(block[1], encoding="utf-8")
    scenario = load_scenario(path, {"ETERNAL_KEY": "x"})
    assert [p.name for p in scenario.phases] == ["phase1", "control", "pairs", "queue"]


# The documents themselves


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_one_thing_has_one_word(document: Path) -> None:
    """naive speedup, mock server, server kind: the words of before are gone."""
    assert re.findall(r"seed formula|stand-?ins?\b|dialect", TEXT[document.stem], re.I) == []


def test_the_readme_is_short() -> None:
    assert len(README.splitlines()) <= 120


@pytest.mark.parametrize("page", sorted((CHECKOUT / "docs").glob("*.md")), ids=lambda path: path.name)
def test_the_readme_links_every_page(page: Path) -> None:
    assert f"(docs/{page.name})" in README


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_a_list_of_contents_names_every_section(document: Path) -> None:
    head, *_ = TEXT[document.stem].partition("\n## ")
    listed = re.findall(r"^- \[(.+?)\]\(#", head, re.M)
    assert listed in ([], re.findall(r"^## (.+)$", TEXT[document.stem], re.M))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_relative_link_leads_somewhere(document: Path) -> None:
    for link in re.findall(r"(?:\]\(|src=\")([^)\s\"]+)[)\"]", TEXT[document.stem]):
        path, _, anchor = link.partition("#")
        if "://" in link:
            continue
        target = (document.parent / path).resolve() if path else document
        assert target.exists(), link
        if anchor:
            headings = re.findall(r"^#+ (.+)$", target.read_text(encoding="utf-8"), re.M)
            assert anchor in map(slug, headings), link


def test_the_documents_show_a_real_report(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`pytest --update-golden` puts the report of the recorded run there; review the diff."""
    monkeypatch.chdir(CHECKOUT)
    monkeypatch.setenv("NO_COLOR", "1")
    assessment = assess(read_run(Path(RECORDED)))
    figures = run_figures(assessment)
    report = report_of(assessment, figures)
    whole, screen = (
        printed(draw, io.StringIO(), width=100)
        for draw in (
            lambda console: as_text.show(console, report),
            lambda console: as_screen.show(console, report, figures.listed, ""),
        )
    )
    update = request.config.getoption("--update-golden")
    for name, wanted in excerpts(screen, whole).items():
        path = CHECKOUT / EXCERPTS[name]
        shown = path.read_text(encoding="utf-8")
        before, marked, after = re.split(f"(?<=<!-- {name} -->\n)|(?=\n<!-- /{name} -->)", shown)
        assert update or marked == f"```text\n{wanted}\n```", name
        if update:
            path.write_text(f"{before}```text\n{wanted}\n```{after}", encoding="utf-8")
