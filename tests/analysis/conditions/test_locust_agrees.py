"""Locust's own statistics beside the log: damage of the one is no fault of the other, and no traceback."""

from pathlib import Path

import pytest

from analysis.conditions.locust_agrees import locust_agrees
from analysis.files.run import file_of, read_run
from tests.support.farm import farm, phase
from tests.support.runs import write_run


@pytest.mark.parametrize(
    "column", ["Type", "Name", "Request Count", "Average Response Time", "Failure Count"]
)
def test_a_renamed_column_is_named_and_gives_nothing(column: str, tmp_path: Path) -> None:
    write_run(tmp_path / "x", farm("serial", [phase(2)]))
    stats = file_of(tmp_path / "x", "stats.csv")
    stats.write_text(stats.read_text().replace(column, "Renamed", 1))
    found = locust_agrees(read_run(tmp_path / "x"))
    assert found.passed is None
    assert column in found.sentence and "x_stats.csv" in found.sentence


@pytest.mark.parametrize("text", ["", "\n", "a,b\n1,2\n", "Type,Name\n"])
def test_a_file_that_is_no_statistics_gives_nothing(text: str, tmp_path: Path) -> None:
    write_run(tmp_path / "x", farm("serial", [phase(2)]))
    file_of(tmp_path / "x", "stats.csv").write_text(text)
    assert locust_agrees(read_run(tmp_path / "x")).passed is None
