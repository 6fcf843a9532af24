"""Rows of known truth about prompts: each is a farm and a scenario; the runs themselves take hours."""

import json
from pathlib import Path

import pytest

from scripts.truth.prompts.__main__ import line
from scripts.truth.prompts.rows import ROWS, Row, farm_of
from scripts.truth.prompts.section import TITLE, kept_section, with_section
from servers.simulator.farm import make_farm
from tests.support.scenarios import load


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_row_is_a_farm_and_a_scenario_another_for_each_run(row: Row, tmp_path: Path) -> None:
    farms = [make_farm(farm_of(row, seed)) for seed in range(2)]
    assert farms[0] != farms[1]
    assert len(farms[0].ports) == row.ports
    targets = [{"name": "AB"[i], "server": i} for i in range(row.ports)]
    servers = [{"kind": "simulator", "farm": farm_of(row, 1)}]
    keys = {"name": "x", "targets": targets, "servers": servers, "phases": list(row.phases)}
    assert len(load(tmp_path, json.dumps(keys)).phases) == len(row.phases)


def test_another_word_is_wrong_and_no_word_is_not() -> None:
    (row,) = (r for r in ROWS if r.name == "one slot")
    *_, right, undecided, wrong = line(row, ["queued", "queued", "unknown", "frozen"])
    assert (right, undecided, wrong) == ("2", "1", "1 × frozen")


def test_the_section_is_kept_when_all_else_is_written_anew() -> None:
    page = with_section("# Truth\n\nold\n", f"{TITLE}\n\na table")
    assert with_section("# Truth\n\nnew\n", kept_section(page)) == f"# Truth\n\nnew\n\n{TITLE}\n\na table\n"
    assert with_section(page, f"{TITLE}\n\nanother").count(TITLE) == 1
    assert kept_section("# Truth\n") == ""
