"""Runs as pandas tables: numbers are numbers, and they are those of the report."""

from pathlib import Path

import pandas as pd
import pytest

import analysis
from analysis.errors import RunError
from analysis.files.request_record import BURST
from tests.support.farm import farm, free_farm, phase
from tests.support.runs import failing, write_run

PHASES = [phase(2), phase(4)]


@pytest.fixture
def prefix(tmp_path: Path) -> Path:
    write_run(tmp_path / "x", farm("serial", PHASES, jitter=0.02))
    return tmp_path / "x"


def test_requests_have_times_that_can_be_averaged(prefix: Path) -> None:
    requests = analysis.load_run(prefix).requests
    bursts = requests[(requests.kind == BURST) & (requests.phase == "phase1")]
    assert len(bursts) == 2 * 5
    assert bursts.latency_s.mean() == pytest.approx((2 + 4) / 2, rel=0.03)  # one waits for the other
    assert bursts.tpot_s.mean() == pytest.approx(0.05, rel=0.03)
    assert requests.queued_s.dtype == float and requests.queued_s.isna().all()  # missing, never 0


def test_a_round_has_its_own_wall_clock_and_speedup(prefix: Path) -> None:
    run = analysis.load_run(prefix)
    assert list(run.rounds.groupby("phase").size()) == [5, 5]
    assert run.rounds.speedup.between(0.9, 1.1).all() and (run.rounds.streams == 1).all()
    joined = run.requests.merge(run.rounds, on=["phase", "round"])
    wall_s = (
        joined[joined.kind == BURST].groupby(["phase", "round"]).agg(s=("send_s", "min"), e=("end_s", "max"))
    )
    assert (wall_s.e - wall_s.s).mean() == pytest.approx(run.rounds.wall_s.mean(), rel=0.01)


def test_phases_hold_the_figures_of_the_report(prefix: Path) -> None:
    run = analysis.load_run(prefix)
    for row, shown in zip(run.phases.itertuples(), run.figures.phases, strict=True):
        assert shown.speedup is not None
        assert (row.speedup, row.speedup_low, row.speedup_high) == (
            shown.speedup.value, shown.speedup.low, shown.speedup.high,
        )  # fmt: skip
        assert row.ttft_p50_s == shown.ttft_s.p50
    assert run.phases.speedup.astype(float).max() < 1.1
    assert run.verdict == "serial" and run.sentence and run.next_steps


def test_targets_have_their_solo_times(prefix: Path) -> None:
    targets = analysis.load_run(prefix).targets
    assert list(targets.target) == ["Ulysses", "Eternal"]
    assert ((targets.solo_s_low < 2.0) & (targets.solo_s_high > 2.0)).all()


def test_a_round_that_is_not_scored_says_why(tmp_path: Path) -> None:
    write_run(tmp_path / "x", failing(farm("serial", PHASES), ("phase1", 2, 0)))
    rounds = analysis.load_run(tmp_path / "x").rounds
    assert list(rounds[~rounds.scored].why_not) == ["Ulysses: ConnectError: refused"]
    assert rounds[~rounds.scored].speedup.isna().all() and rounds[rounds.scored].why_not.isna().all()


def test_several_runs_stand_one_below_the_other(tmp_path: Path) -> None:
    for policy in ("serial", "parallel"):
        write_run(tmp_path / policy, farm(policy, PHASES))
    several = analysis.load_runs([tmp_path / "serial", tmp_path / "parallel_report.json"])
    assert several.verdicts == {"serial": "serial", "parallel": "fully-parallel"}
    assert list(several.phases.columns[:2]) == ["run", "name"]
    assert several.phases.groupby("run").speedup.max()["parallel"] == pytest.approx(4, rel=0.02)
    assert len(several.requests) == sum(len(run.requests) for run in several.runs.values())


def test_a_free_run_has_requests_and_no_phases(tmp_path: Path) -> None:
    write_run(tmp_path / "x", free_farm("serial"))
    run = analysis.load_run(tmp_path / "x")
    assert run.verdict is None and len(run.requests) > 10
    assert isinstance(run.phases, pd.DataFrame) and run.phases.empty and run.rounds.empty


def test_a_wrong_prefix_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(RunError) as caught:
        analysis.load_run(tmp_path / "nothing")
    assert caught.value._render_traceback_() == [f"RunError: {caught.value}"]  # as IPython shows it
    write_run(tmp_path / "x", farm("serial", PHASES))
    with pytest.raises(RunError, match="a second run called x"):
        analysis.load_runs([tmp_path / "x", tmp_path / "x"])
