"""What is odd about a server's answers and costs nothing is noted once, with how often it was seen."""

from dataclasses import replace
from typing import Any

import pytest

from analysis.assess import assess
from analysis.files.request_record import BURST, OPEN, UNFINISHED
from analysis.report.figures.run import run_figures
from analysis.report.sections.run import notes
from tests.support.farm import farm, phase
from tests.support.runs import changed


def said(**columns: Any) -> list[str]:
    """The notes about a run whose five rounds of two have these columns."""
    run = changed(farm("serial", [phase(2, ports=1)]), lambda r: replace(r, **columns), BURST)
    assessment = assess(run)
    return notes(assessment, run_figures(assessment))


@pytest.mark.parametrize(
    ("habit", "words"),
    [
        (OPEN, "connections stay open behind the end"),
        (UNFINISHED, "answers end without the end of their body"),
    ],
)
def test_what_connections_do_behind_an_answer_is_said_once(habit: str, words: str) -> None:
    (line,) = [note for note in said(after_end=habit) if words in note]
    assert line.startswith("Ulysses: ") and line.endswith("(10 answers).")


def test_a_finish_word_of_its_own_is_a_stop_and_named_once() -> None:
    (line,) = [note for note in said(finish_reason="eos_token") if "eos_token" in note]
    assert line == "10 answers ended with 'eos_token', taken as a stop."


@pytest.mark.parametrize("word", [None, "stop", "length"])
def test_usual_answers_need_no_note(word: str | None) -> None:
    assert said(finish_reason=word) == []
