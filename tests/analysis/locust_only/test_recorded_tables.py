"""Tables that Locust wrote, of servers whose truth is known: what the bounds may claim, and what not."""

import csv
from pathlib import Path

import pytest

from analysis.locust_only.bounds import read_bounds
from analysis.locust_only.parts import CROWDED, PARTS
from tests.support.checkout import CHECKOUT

RUNS = CHECKOUT / "tests" / "runs" / "locust_only"


@pytest.mark.parametrize("name", ["s5_ttft", "s6_ttft_serial"])
def test_rows_for_parts_of_a_request_give_no_speedup(name: str) -> None:
    """Truth: 60 s, one request of 1 s for each group of rows; the rows count it three or four times."""
    bounds = read_bounds(RUNS / name)
    assert bounds.missing[0] == CROWDED
    assert (bounds.solo_s, bounds.levels) == ({}, ())
    assert bounds.makespan_s.low <= 60 <= bounds.makespan_s.high + 1
    assert bounds.makespan_s.low < bounds.makespan_s.high, "no exact figure"


@pytest.mark.parametrize("type_", ["METRIC", "POST"])
def test_rows_for_parts_are_doubted_where_the_users_time_does_not_contradict_them(
    tmp_path: Path, type_: str
) -> None:
    """As with users that pause: ten times as many users for the same rows."""
    for file in ("stats.csv", "stats_history.csv"):
        with (RUNS / f"s6_ttft_serial_{file}").open(newline="") as source:
            lines = list(csv.DictReader(source))
        for line in lines:
            if line["Name"] in ("TTFT", "E2E"):
                line["Type"] = type_
            if "User Count" in line:
                line["User Count"] = str(10 * int(line["User Count"]))
        with (tmp_path / f"run_{file}").open("w", newline="") as target:
            writer = csv.DictWriter(target, list(lines[0]))
            writer.writeheader()
            writer.writerows(lines)
    bounds = read_bounds(tmp_path / "run")
    assert bounds.missing[0] == PARTS
    assert (bounds.solo_s, bounds.levels) == ({}, ())


def test_the_first_answer_that_loads_the_model_is_no_solo_time() -> None:
    """Truth: serial, 2 s an answer, 22 s for the first; the mean of all was 3.05 s and gave 1.40 to 1.66."""
    bounds = read_bounds(RUNS / "s1_cold_serial")
    assert bounds.solo_s == {"chat": pytest.approx(2.0, abs=0.01)}
    [level] = bounds.levels
    assert level.users == 2
    assert level.speedup is not None
    assert level.speedup.low <= 1.0 <= level.speedup.high < 1.1
    assert CROWDED not in bounds.missing
