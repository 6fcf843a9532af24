"""The warm-up takes an alias, says a habit once, and stops a run that could never be scored."""

from dataclasses import dataclass, replace
from typing import Any

import pytest

from analysis.errors import TargetError
from analysis.files.request_record import OPEN, WARMUP, WARMUP_PHASE, RequestRecord
from analysis.files.run import TargetInfo
from replay.plan import warm_up

ASKED = "small"


@dataclass(frozen=True)
class Run:
    """As much of a run as the warm-up's rules look at."""

    infos: dict[str, TargetInfo]

    def with_target(self, info: TargetInfo) -> "Run":
        return Run(self.infos | {info.name: info})


def run_of(**server: Any) -> Any:
    return Run({"A": TargetInfo("A", "http://127.0.0.1:1234", ASKED, "llama-swap", server=server)})


def answer(number: int, answered: str | None = ASKED, **changes: Any) -> RequestRecord:
    whole = RequestRecord(
        request_id=number, phase=WARMUP_PHASE, round=number, kind=WARMUP, user=None, target="A",
        base_url="http://127.0.0.1:1234", model=ASKED,
        send_s=number + 0.0, first_token_s=number + 0.1, last_token_s=number + 0.5, end_s=number + 0.5,
        output_tokens=24, chunks=24, http_status=200, finish_reason="length", answered_model=answered,
    )  # fmt: skip
    return replace(whole, **changes)


def taken(run: Any, *records: RequestRecord) -> str | None:
    """The alias, after the warm-up has let the target pass. Raises TargetError."""
    answers: Any = {"A": list(records)}
    after = warm_up._with_aliases(run, answers)
    warm_up._check(after, answers)
    return after.infos["A"].answers_as


def test_a_steady_name_that_the_server_does_not_list_is_an_alias(capsys: pytest.CaptureFixture[str]) -> None:
    """Since December 2025 llama-server behind llama-swap answers with its file."""
    alias = taken(run_of(listed=[ASKED]), answer(0, "/models/smol.gguf"), answer(1, "/models/smol.gguf"))
    assert alias == "/models/smol.gguf"
    assert "'small' answers as '/models/smol.gguf': taken for an alias" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("listed", "names"),
    [
        ([ASKED, "other"], ("other", "other")),  # it is another model of this server
        ([ASKED], ("a.gguf", "b.gguf")),  # it changes: whichever is loaded answers
    ],
)
def test_a_name_that_is_listed_or_changes_is_another_model(listed: list[str], names: tuple[str, str]) -> None:
    with pytest.raises(TargetError, match=r"answered in place of 'small'.*write answers_as"):
        taken(run_of(listed=listed), *(answer(i, name) for i, name in enumerate(names)))


def test_the_name_in_the_scenario_settles_it() -> None:
    run = run_of(listed=[ASKED, "other"], answers_as="other")
    assert taken(run, answer(0, "other"), answer(1, "other")) == "other"


@pytest.mark.parametrize("name", [None, ASKED, f"org/{ASKED}", f"{ASKED}:latest"])
def test_the_same_model_needs_no_alias(name: str | None) -> None:
    assert taken(run_of(listed=[ASKED]), answer(0, name), answer(1, name)) is None


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"finish_reason": "abort"}, "none of its warm-up answers is whole: finish_reason is 'abort'"),
        ({"finish_reason": "stop", "output_tokens": 3, "chunks": 3}, "is whole: stopped after 3 tokens"),
        ({"error": "HTTP 401: no", "http_status": 401}, "its warm-up failed: HTTP 401: no; a key is needed"),
        ({"error": "HTTP 502: Bad Gateway", "http_status": 502}, "could not reach it"),
    ],
)
def test_what_could_never_be_scored_stops_the_run_with_its_reason(
    changes: dict[str, Any], words: str
) -> None:
    with pytest.raises(TargetError) as stopped:
        taken(run_of(listed=[ASKED]), answer(0, **changes), answer(1, **changes))
    assert words in str(stopped.value) and "target A" in str(stopped.value)


def test_one_answer_that_is_not_whole_does_not_stop_it() -> None:
    assert taken(run_of(), answer(0, finish_reason="stop", output_tokens=3, chunks=3), answer(1)) is None


def test_a_habit_is_said_once_for_each_target(capsys: pytest.CaptureFixture[str]) -> None:
    warm_up._note_habits({"A": [answer(0, after_end=OPEN), answer(1, after_end=OPEN)], "B": [answer(2)]})
    assert capsys.readouterr().err.count("A: connections stay open behind the end of an answer") == 1
