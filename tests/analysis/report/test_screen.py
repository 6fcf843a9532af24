"""The report on one screen: at most 45 lines at 100 columns, however large the run."""

from pathlib import Path

import pytest

from analysis.__main__ import main
from analysis.files.plan import PlannedPhase
from tests.support.farm import NAMES, farm, free_farm, phase, standard_phases, targets_on
from tests.support.farm_log import FarmTarget
from tests.support.runs import failing, write_run

LINES = 45


def screen(prefix: Path, capsys: pytest.CaptureFixture[str]) -> list[str]:
    main(["report", str(prefix), "--short"])
    shown: list[str] = capsys.readouterr().out.splitlines()
    assert max(map(len, shown)) <= 100
    return shown


@pytest.mark.parametrize(
    "policy", ["serial", "port-serial", "time-sliced", "slots", "parallel", "contention"]
)
def test_a_run_of_four_phases_fits(policy: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_run(tmp_path / "x", farm(policy, jitter=0.03))
    shown = screen(tmp_path / "x", capsys)
    assert len(shown) <= LINES
    text = "\n".join(shown)
    for p in standard_phases():
        assert any(line.startswith(p.name) for line in shown)
    assert "Next" in shown and "x_report.html" in text and shown[0].isupper()


def test_eight_ports_and_many_phases_fit_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    phases = [phase(n, ports=8, name=f"users{n}") for n in range(2, 18)]
    write_run(tmp_path / "x", farm("port-serial", phases, targets=targets_on(len(NAMES))))
    shown = screen(tmp_path / "x", capsys)
    assert len(shown) <= 60 and "and 4 more" in "\n".join(shown)


@pytest.mark.parametrize("policy", ["serial", "port-serial", "parallel"])
def test_thirty_two_ports_fit(policy: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As scenarios/thirty-ports.yaml asks, with notes on every phase that lacks a user for most targets."""
    names = [f"server {i}" for i in range(32)]
    phases = [PlannedPhase(f"ports{n}", n, tuple(names[:n]), 3, 3) for n in (2, 4, 8, 16, 32)]
    control = PlannedPhase("control", 2, (names[0],), 3, 3)
    run = farm(
        policy, [*phases, control], targets=[FarmTarget(n, i) for i, n in enumerate(names)], jitter=0.02
    )
    write_run(tmp_path / "x", run)
    shown = screen(tmp_path / "x", capsys)
    assert len(shown) <= 60 and any(line.startswith("ports32") for line in shown)


def test_two_phases_are_drawn_on_one_time_scale(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_run(tmp_path / "x", farm("port-serial"))
    text = "\n".join(screen(tmp_path / "x", capsys))
    axes = [line.split() for line in text.splitlines() if line.split()[:2] == ["0", "s"]]
    assert len(axes) == 2 and axes[0] == axes[1]
    assert "phase1, round" in text and "control, round" in text and "phase3, round" not in text


def test_failed_conditions_are_shown_and_those_that_hold_are_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_run(tmp_path / "x", farm("serial"))
    assert "Conditions that failed" not in screen(tmp_path / "x", capsys)
    run = farm("serial", [phase(2, rounds=3)], targets=(FarmTarget("Ulysses"), FarmTarget("Eternal", 1)))
    write_run(tmp_path / "y", failing(run, ("phase1", 0, 0), "HTTP 500"))
    text = "\n".join(screen(tmp_path / "y", capsys))
    assert "Conditions that failed" in text and "HTTP 500" in text


def test_a_free_run_shows_its_curve(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_run(tmp_path / "x", free_farm("parallel"))
    text = "\n".join(screen(tmp_path / "x", capsys))
    assert "4 in flight: " in text and "Run the phases for a verdict" in text
