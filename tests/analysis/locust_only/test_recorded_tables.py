"""Tables that Locust wrote, of servers whose truth is known: what the bounds may claim, and what not."""

import csv
from pathlib import Path

import pytest

from analysis.locust_only.parts import CROWDED
from analysis.locust_only.read import read_locust_run
from analysis.verdict.outcomes import Outcome
from tests.support.checkout import CHECKOUT

RUNS = CHECKOUT / "tests" / "runs" / "locust_only"


@pytest.mark.parametrize(
    ("name", "requests", "truths"), [("s5_ttft", 140, {2: 2, 4: 4}), ("s6_ttft_serial", 60, {2: 1, 4: 1})]
)
def test_rows_for_parts_of_a_request_are_no_requests(
    name: str, requests: int, truths: dict[int, float]
) -> None:
    """Truth: 60 s, one request of 1 s for each group of rows; the rows count it three or four times."""
    run = read_locust_run(RUNS / name)
    assert [*run.rows] == [("POST", "chat")]
    assert run.total.requests == requests
    assert run.doubts == ()
    assert run.makespan_s.low <= 60 <= run.makespan_s.high
    several = [level for level in run.levels if level.users > 1]
    assert {level.users for level in several} == set(truths)
    for level in several:
        assert level.speedup is not None
        assert level.speedup.low <= truths[level.users] <= level.speedup.high
        assert level.outcome is (Outcome.GAIN if truths[level.users] > 1 else Outcome.NO_GAIN)


@pytest.mark.parametrize("type_", ["METRIC", "POST"])
def test_rows_for_parts_are_recognised_where_the_users_time_does_not_contradict_them(
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
    run = read_locust_run(tmp_path / "run")
    assert [*run.rows] == [("POST", "chat")]
    assert all(level.speedup is None or level.speedup.low <= 1 <= level.speedup.high for level in run.levels)


def test_the_first_answer_that_loads_the_model_is_no_solo_time() -> None:
    """Truth: serial, 2 s an answer, 22 s for the first; the mean of all was 3.05 s and gave 1.40 to 1.66."""
    run = read_locust_run(RUNS / "s1_cold_serial")
    solo_s = run.solo_s["chat"]
    assert solo_s.low <= 2.001 and solo_s.high >= 1.999
    level = run.levels[-1]
    assert level.users == 2
    assert level.speedup is not None
    assert level.speedup.low <= 1.0 <= level.speedup.high < 1.1
    assert CROWDED not in run.doubts


@pytest.mark.parametrize(
    ("name", "asking", "over_one", "speedup"),
    [
        ("s2_think_parallel", {1: 1 / 3, 4: 1 / 3}, {2: 2.0, 4: 4.0}, {}),
        ("s2_think_serial", {1: 1 / 3, 4: 0.5}, {2: 2.0, 4: 3.0}, {4: 1.0}),
    ],
)
def test_users_that_pause_are_named_and_throughput_is_compared(
    name: str, asking: dict[int, float], over_one: dict[int, float], speedup: dict[int, float]
) -> None:
    """Truth: answers of 1 s, pauses of 2 s; two users rarely meet, four keep a serial server busy."""
    run = read_locust_run(RUNS / name)
    levels = {level.users: level for level in run.levels}
    for users, share in asking.items():
        assert levels[users].asking.low - 0.01 <= share <= levels[users].asking.high + 0.01
    for users, times in over_one.items():
        bound = levels[users].over_one
        assert bound is not None and bound.low <= times <= bound.high
    for users, times in speedup.items():
        found = levels[users].speedup
        assert found is not None and found.low <= times <= found.high
    assert run.outcome is not Outcome.NO_GAIN
    assert "wait_time" in run.answer or run.outcome is Outcome.GAIN


def test_a_killed_run_whose_history_ends_early_has_no_most_users() -> None:
    """Truth: 105 requests in 14 s, 7.5 in flight, 14 users; the history ends at 5 s with 6."""
    run = read_locust_run(RUNS / "s3_killed")
    assert run.makespan_s.low <= 14 <= run.makespan_s.high
    assert run.mean_in_flight.low <= 7.5 <= run.mean_in_flight.high
    assert any("more than 6 users" in m for m in run.missing)


def test_a_killed_run_whose_history_was_flushed_later_counts_by_the_history(tmp_path: Path) -> None:
    with (RUNS / "s6_ttft_serial_stats_history.csv").open(newline="") as source:
        then = [row for row in csv.reader(source) if row[0] == "1790000040"]
    header = "Type,Name,Request Count,Failure Count,Median Response Time,Average Response Time"
    header += ",Min Response Time,Max Response Time,Average Content Size,Requests/s"
    lines = [header, *(",".join([*row[2:4], *row[17:24], "1.0"]) for row in then)]
    (tmp_path / "x_stats.csv").write_text("\n".join(lines) + "\n")
    history = (RUNS / "s6_ttft_serial_stats_history.csv").read_text()
    (tmp_path / "x_stats_history.csv").write_text(history)
    run = read_locust_run(tmp_path / "x")
    assert (run.total.requests, run.outcome) == (60, Outcome.NO_GAIN)
