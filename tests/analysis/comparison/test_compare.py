"""Runs of known truth side by side: who answers more, what is refused, and the limits of a CI."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from analysis.__main__ import main
from analysis.comparison.command import short_names
from tests.support.farm import farm, free_farm, phase
from tests.support.runs import write_run

PHASES = [phase(2), phase(2, ports=1, name="control")]


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three runs of the same phases: serial, time-sliced, parallel; and one more of the serial server."""
    monkeypatch.chdir(tmp_path)
    for seed, (name, policy) in enumerate(
        {"serial": "serial", "again": "serial", "sliced": "time-sliced", "parallel": "parallel"}.items()
    ):
        write_run(Path(name), farm(policy, PHASES, jitter=0.03, seed=seed, scenario_name="two ports"))
    return tmp_path


def printed(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> str:
    assert main(["compare", *arguments]) == code
    shown = capsys.readouterr()
    return shown.out if code != 2 else shown.err


def as_json(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> dict[str, Any]:
    shown: dict[str, Any] = json.loads(printed(capsys, *arguments, "--json", code=code))
    return shown


def test_a_parallel_server_answers_twice_as_many(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = printed(capsys, "serial", "parallel")
    assert "PARALLEL ANSWERS MORE IN 2 OF 2 PHASES" in text
    found = as_json(capsys, "serial", "parallel")["phases"][0]["quantities"]
    for key in ("responses_per_min", "speedup"):
        ratio = found[key]["ratios"][1]
        assert ratio["low"] < ratio["value"] < ratio["high"]
        assert ratio["value"] == pytest.approx(2.0, abs=0.1)
    assert found["wall_s"]["ratios"][1]["value"] == pytest.approx(0.5, abs=0.03)
    assert found["speedup"]["ratios"][0] is None  # the base


def test_a_server_against_itself_shows_no_difference(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = " ".join(printed(capsys, "serial", "again").split())
    assert "NO DIFFERENCE IS DECIDED" in text
    assert "phase1: again answers as many per minute as serial (no difference beyond" in text


def test_a_time_sliced_server_keeps_the_speedup_and_halves_each_answers_pace(
    runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = as_json(capsys, "serial", "sliced")["phases"][0]["quantities"]
    assert found["speedup"]["ratios"][1]["value"] == pytest.approx(1.0, abs=0.05)
    assert found["tokens_per_s"]["ratios"][1]["value"] == pytest.approx(0.5, abs=0.03)
    assert found["tokens_per_s_alone"]["ratios"][1]["value"] == pytest.approx(1.0, abs=0.05)


@pytest.mark.parametrize("form", ["--markdown", "--html"])
def test_every_form_shows_the_same_ratio(runs: Path, capsys: pytest.CaptureFixture[str], form: str) -> None:
    ratio = as_json(capsys, "serial", "parallel")["phases"][0]["quantities"]["speedup"]["ratios"][1]
    shown = f"{ratio['value']:.2f} [{ratio['low']:.2f}, {ratio['high']:.2f}]"
    assert shown in printed(capsys, "serial", "parallel")
    assert shown in printed(capsys, "serial", "parallel", form)


def test_what_differs_besides_is_named(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = farm("serial", PHASES, scenario_name="two ports")
    targets = tuple(replace(t, model="qwen3", max_tokens=60) for t in other.manifest.targets)
    write_run(Path("other"), replace(other, manifest=replace(other.manifest, targets=targets)))
    found = as_json(capsys, "serial", "other")["differences"]
    assert "model: ulysses, eternal in serial, qwen3 in other" in found
    assert "tokens asked: 37 in serial, 60 in other" in found
    assert as_json(capsys, "serial", "again")["differences"] == []


# What is refused


def test_phases_of_one_name_that_ask_something_else_are_refused(
    runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_run(Path("wider"), farm("serial", [phase(4, name="phase1")]))
    error = printed(capsys, "serial", "wider", code=2)
    assert "2 users over 2 ports in serial, 4 users over 2 ports in wider" in error and "--anyway" in error
    assert "phase1" in printed(capsys, "serial", "wider", "--anyway")


def test_runs_without_a_phase_in_common_are_refused(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_run(Path("large"), farm("serial", [phase(8)]))
    error = printed(capsys, "serial", "large", code=2)
    assert "no phase in common (serial: phase1, control; large: phase3)" in error


def test_a_free_run_is_refused(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_run(Path("free"), free_farm("serial"))
    assert "free: has no phases to compare" in printed(capsys, "serial", "free", code=2)


# --fail-if


@pytest.mark.parametrize(
    ("new", "limit", "code"),
    [
        ("parallel", "speedup<0.9*base", 0),
        ("again", "speedup<0.9*base", 0),
        ("sliced", "tokens_per_s<0.9*base", 5),
        ("sliced", "phase1.tokens_per_s < 0.9 * base", 5),
        ("parallel", "wall_s>0.9*base", 0),
        ("parallel", "speedup>1.5", 5),  # without a base it holds for every run
        ("again", "speedup<1.5", 5),
        ("again", "responses_per_min<1.0*base", 3),  # the same server: below or above by noise alone
        ("sliced", "ttft_s>9.9*base", 0),
    ],
)
def test_a_limit_is_broken_kept_or_not_decided(
    runs: Path, capsys: pytest.CaptureFixture[str], new: str, limit: str, code: int
) -> None:
    text = printed(capsys, "serial", new, "--fail-if", limit, code=code)
    assert {0: "kept", 3: "not decided", 5: "broken"}[code] in text


def test_one_run_alone_can_have_a_limit(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "broken" in printed(capsys, "serial", "--fail-if", "speedup<1.5", code=5)
    assert "of at least two runs" in printed(capsys, "serial", "--fail-if", "speedup<1.5*base", code=2)


@pytest.mark.parametrize(
    ("limit", "complaint"),
    [
        ("speedup", "write it as in"),
        ("speedup<much", "write it as in"),
        ("speed<0.9*base", "speed is none of responses_per_min, speedup"),
        ("phase7.speedup<1", "the phases compared are phase1, control"),
    ],
)
def test_a_limit_that_cannot_be_understood_is_one_line(
    runs: Path, capsys: pytest.CaptureFixture[str], limit: str, complaint: str
) -> None:
    error = printed(capsys, "serial", "parallel", "--fail-if", limit, code=2)
    assert complaint in error and error.count("\n") == 1


def test_runs_have_the_names_of_their_prefixes_where_these_tell_them_apart() -> None:
    assert short_names([Path("runs/before"), Path("runs/after")]) == ["before", "after"]
    assert short_names([Path("a/x"), Path("b/x")]) == ["A", "B"]
    assert short_names([Path("x" * 30), Path("y")]) == ["A", "B"]
