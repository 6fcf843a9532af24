"""`make engines`: a verdict that is not right is named, a missing engine is skipped with its reason."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from scripts.engines import how_many, prompts
from scripts.engines.__main__ import table
from scripts.engines.measure import _judged, _scenario, measure
from scripts.engines.setups import SETUPS, Setup
from tests.support.checkout import CHECKOUT
from tests.support.scenarios import load

SERIAL = Setup("x", "", lambda folder: [], ("serial",), 1, kind="mlx")


def report(verdict: str, peak: int) -> dict[str, Any]:
    return {"phases": [{"verdict": verdict, "decode_peak": peak, "speedup": {"value": 1.02}, "why": []}]}


@pytest.mark.parametrize(
    ("verdict", "peak", "kind", "words"),
    [
        ("serial", 1, "mlx", ()),
        ("fully-parallel", 1, "mlx", ("fully-parallel, must be serial",)),
        ("serial", 2, "mlx", ("2 streams at once, must be 1",)),
        ("serial", 1, "openai", ("taken for openai, it is mlx",)),
    ],
)
def test_what_is_not_right_is_named(verdict: str, peak: int, kind: str, words: tuple[str, ...]) -> None:
    measured = _judged(SERIAL, report(verdict, peak), {"targets": [{"kind": kind}]})
    assert measured.complaints == words
    assert ("yes" in table([measured])) is (words == ())


def test_an_inconclusive_one_is_neither_right_nor_wrong() -> None:
    measured = _judged(SERIAL, report("inconclusive", 1), {"targets": [{"kind": "mlx"}]})
    assert measured.complaints == () and measured.undecided
    assert "not decided" in table([measured]) and "yes" not in table([measured])


def test_an_engine_that_is_not_installed_is_skipped_with_the_reason(tmp_path: Path) -> None:
    missing = measure(Setup("x", "no-such-engine", lambda folder: [], ("serial",), 1), tmp_path)
    assert missing.complaints == ()
    assert "skipped: no .venv-no-such-engine" in table([missing])


def test_every_set_up_is_a_scenario_and_its_engine_has_its_packages(tmp_path: Path) -> None:
    names = {path.stem for path in (CHECKOUT / "requirements" / "engines").glob("*.txt")} | {"mlx", ""}
    for i, setup in enumerate(SETUPS):
        folder = tmp_path / str(i)
        folder.mkdir()
        if setup.engine == "llama-cpp-python":
            pytest.importorskip("xllamacpp")  # its model comes with the engine's wheels
        load(folder, json.dumps(_scenario(setup, folder)))
        assert {setup.engine, setup.model_by} <= names
        assert "serial" not in setup.verdicts or setup.verdicts == ("serial",)


@pytest.mark.parametrize(
    ("word", "right"),
    [("right", "yes"), ("inconclusive", "not decided"), ("mixed-up", "mixed-up, must be right")],
)
def test_a_word_about_prompts_is_right_wrong_or_not_decided(word: str, right: str) -> None:
    setup = next(s for s in prompts.SETUPS if s.key == "right")
    found = prompts.judged(setup, {"right": {"verdict": word}, "answer": "24 of 24."})
    assert found.right == right
    assert f"| `{word}` | 24 of 24. | {right} |" in prompts.prompts_table([found])


def test_every_set_up_about_prompts_is_a_scenario(tmp_path: Path) -> None:
    for i, setup in enumerate(prompts.SETUPS):
        folder = tmp_path / str(i)
        folder.mkdir()
        load(folder, json.dumps(prompts.scenario_of(setup, folder)))


def swept(slots: int, **figures: Any) -> how_many.Swept:
    found = {"carries": slots, "together": slots, "why": "slots"} | figures
    return how_many.judged(slots, {"how_many": found, "answer": "Carries it."})


def test_a_sweep_is_right_where_the_slots_end_it() -> None:
    assert swept(2).right == "yes"
    assert swept(2, why="open").right == "not decided"
    assert swept(2, together=3).right == "3 together, must be 2"
    assert swept(2, why="chip").right == "chip, must be slots"
    assert how_many.judged(2, {"how_many": None}).right == "no answer counts"


def test_two_sweeps_of_one_server_agree_within_a_step() -> None:
    assert how_many.disagreements([swept(4), swept(4, carries=3), swept(2, carries=6)]) == []
    apart = [swept(4), swept(4, carries=2)]
    assert how_many.disagreements(apart) == ["4 slots: 4 and 2, more than a step apart"]
    assert "more than a step apart" in how_many.how_many_table(apart)


def test_every_sweep_is_a_scenario(tmp_path: Path) -> None:
    for slots in how_many.SLOTS:
        load(tmp_path, json.dumps(how_many.scenario_of(slots, tmp_path)))


def test_a_cause_that_must_be_named_and_is_not_is_a_complaint() -> None:
    drafting = replace(SERIAL, why="speculative decoding")
    silent = _judged(drafting, report("serial", 1), {"targets": [{"kind": "mlx"}]})
    assert silent.complaints == ("speculative decoding is not named",)
    told = report("serial", 1)
    told["phases"][0]["why"] = ["speculative decoding: 1 of 2 drafted tokens were accepted"]
    assert _judged(drafting, told, {"targets": [{"kind": "mlx"}]}).complaints == ()
