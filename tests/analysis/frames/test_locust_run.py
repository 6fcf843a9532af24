"""`locust_run(prefix)`: Locust's own files as tables whose bands hold the truth."""

from pathlib import Path

import pytest

import analysis
from analysis.errors import RunError
from analysis.frames import locust_charts
from analysis.phase.intervals import time_at_depth
from tests.support.closed_loop import SERVERS, rows
from tests.support.locust_csv import write_csv

RAMP = [0.0, 20.0, 40.0, 60.0]


@pytest.mark.parametrize("server", SERVERS)
@pytest.mark.parametrize("wait_s", [0.0, 1.0])
def test_the_band_holds_the_mean_in_flight(server: str, wait_s: float, tmp_path: Path) -> None:
    requests = rows(server, RAMP, 90.0, wait_s=wait_s, jitter=0.05)
    run = analysis.locust_run(write_csv(tmp_path / "x", requests, RAMP))
    assert run.history.answers.iloc[-1] == len(requests)
    judged = 0
    known = run.history[run.history.in_flight_high.notna()]
    for at_s, low, high in known[["at_s", "in_flight_low", "in_flight_high"]].to_numpy().tolist():
        end_s = at_s + 0.4
        start_s = max(end_s - 10.0, 0.4)
        parts = [(max(r.send_s, start_s), min(r.end_s, end_s)) for r in requests]
        spent = sum(depth * s for depth, s in time_at_depth(parts).items())
        if end_s < requests[-1].end_s - 8:  # later on requests are open that leave no row
            judged += 1
            assert low <= spent / (end_s - start_s) <= high + 1e-9
    assert judged > 30


def test_the_levels_and_rows_are_those_of_the_report(tmp_path: Path) -> None:
    run = analysis.locust_run(write_csv(tmp_path / "x", rows("two slots", RAMP, 90.0), RAMP))
    assert list(run.levels.users)[-1] == 4
    last = run.levels.iloc[-1]
    assert last.speedup_low <= 2.0 <= last.speedup_high
    assert run.rows.requests.sum() == run.bounds.total.requests
    assert run.sentences and run.missing


def test_the_charts_are_drawn_of_any_runs(tmp_path: Path) -> None:
    names = {"serial": RAMP, "parallel": [0.0, 0.0]}
    runs = {
        name: analysis.locust_run(write_csv(tmp_path / name, rows(name, starts, 40.0), starts))
        for name, starts in names.items()
    }
    for chart in (
        locust_charts.users_chart(runs),
        locust_charts.answers_chart(runs),
        locust_charts.in_flight_chart(runs),
        locust_charts.speedup_chart(runs),
    ):
        assert any(chart.to_dict()["datasets"].values())


def test_a_wrong_prefix_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="nothing"):
        analysis.locust_run(tmp_path / "nothing")
