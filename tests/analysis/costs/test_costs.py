"""Costs of servers whose work is known: one answer takes T alone, so 60·N / W is known."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from analysis.__main__ import main
from analysis.costs.words import money
from analysis.files.run import Prices
from tests.support.farm import farm, phase
from tests.support.farm_log import FarmTarget
from tests.support.runs import write_run

# 0.5 s to the first token, then 0.05 s for each of the 59 others: 3.45 s, 60 tokens.
TARGETS = (FarmTarget("Ulysses", prefill_s=0.5, tpot_s=0.05, tokens=60),)
SOLO_S, TOKENS = 3.45, 60
ONE_PORT = [phase(4, ports=1)]


def costs_of(prefix: Path) -> dict:
    return json.loads(Path(f"{prefix}_report.json").read_text("utf-8"))["costs"]


def written(prefix: Path, policy: str, prices: Prices | None = None) -> Path:
    run = farm(policy, ONE_PORT, targets=TARGETS)
    write_run(prefix, replace(run, manifest=replace(run.manifest, prices=prices)))
    return prefix


@pytest.mark.parametrize(("policy", "wall_s"), [("serial", 4 * SOLO_S), ("parallel", SOLO_S)])
def test_a_price_is_shared_out_over_the_work(policy: str, wall_s: float, tmp_path: Path) -> None:
    prefix = written(tmp_path / "x", policy, Prices(8766.0, years=2, watts=500, per_kwh=0.4))
    main(["report", str(prefix), "--quiet"])
    found = costs_of(prefix)
    assert found["per_answer_per_min"]["value"] == pytest.approx(8766 / (240 / wall_s), rel=0.02)
    hourly = 8766 / (2 * 8766) + 0.2  # 0.50 of the machine, 0.20 of energy
    tokens_per_hour = 3600 * 4 * TOKENS / wall_s
    assert found["per_million_tokens"]["value"] == pytest.approx(1e6 * hourly / tokens_per_hour, rel=0.02)
    assert found["energy_per_million_tokens"] == pytest.approx(1e6 * 0.2 / tokens_per_hour, rel=0.02)
    assert found["second_machine_per_min"] == pytest.approx(2 * 240 / wall_s, rel=0.02)


def test_without_a_price_nothing_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    prefix = written(tmp_path / "x", "serial")
    assert main(["report", str(prefix)]) == 0
    assert costs_of(prefix) is None and "\nCosts" not in capsys.readouterr().out
    assert main(["cost", str(prefix)]) == 2
    assert "no price is known; give --cost" in capsys.readouterr().err


def test_a_price_that_was_given_is_answered_on_the_one_screen(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = farm("port-serial", jitter=0.03)
    prices = Prices(10_999, watts=150, per_kwh=0.3)
    write_run(tmp_path / "x", replace(run, manifest=replace(run.manifest, prices=prices)))
    main(["report", str(tmp_path / "x"), "--short"])
    shown = capsys.readouterr().out
    assert "1 machine for $10,999 gave" in shown and "A million output tokens cost" in shown
    assert len(shown.splitlines()) <= 50  # 45, and what was asked for beside them


def test_four_serial_machines_do_what_a_parallel_one_does(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    big, small = written(tmp_path / "big", "parallel"), written(tmp_path / "small", "serial")
    assert main(["cost", str(big), str(small), "--cost", "10999", "--cost", "599"]) == 0
    shown = capsys.readouterr().out
    assert "4 of small" in shown and "for $2,396 in place of $10,999" in shown
    assert main(["cost", str(small), str(big), "--cost", "599", "--cost", "10999"]) == 0
    assert "1 of big does the tokens/s of one of small" in capsys.readouterr().out


@pytest.mark.parametrize("given", [["--cost", "0"], ["--cost", "-1"], ["--cost", "1", "--cost", "2"]])
def test_a_price_that_is_none_is_refused(
    given: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["cost", str(written(tmp_path / "x", "serial")), *given]) == 2
    assert capsys.readouterr().err.startswith("--cost")


def test_money_reads_as_people_write_it() -> None:
    assert [money(v, "$") for v in (10999, 92.514, 0.14, 0.0123)] == ["$10,999", "$92.51", "$0.14", "$0.0123"]
    assert money(599, "CHF") == "599 CHF"
