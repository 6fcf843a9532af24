"""Where a server has several models and none in memory somebody chooses by number, and never by accident."""

import io
import json
import shlex
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from analysis import exit_codes
from replay.checks.find import command
from replay.checks.find.command import choose, commands, main
from replay.checks.find.discover import Found, find, scenario_of
from replay.scenario.load import load_scenario
from tests.replay.checks.test_discover import answering

URL = "http://127.0.0.1:11434"


def ollama(*installed: str, loaded: tuple[str, ...] = ()) -> dict[str, tuple[int, Any]]:
    """What an Ollama says that has these models installed."""
    return {
        "/api/version": (200, {"version": "0.24.0"}),
        "/api/tags": (200, {"models": [{"name": name} for name in installed]}),
        "/api/ps": (200, {"models": [{"name": name} for name in loaded]}),
    }


def several(*names: str) -> Found:
    return Found(URL, "ollama", (), None, "ollama", 7, "it has no model loaded: name one", names)


def asked(typed: str, *names: str) -> tuple[Found, str]:
    questions = io.StringIO()
    (one,) = choose([several(*names)], io.StringIO(typed), questions)
    return one, questions.getvalue()


def test_the_one_installed_model_of_a_server_that_loads_on_demand_is_taken_and_the_load_is_said() -> None:
    with answering(ollama("smol:latest")) as (port, _):
        (one,) = find([port])
    assert (one.models, one.remark) == (("smol:latest",), "")
    assert one.note == "no model is in memory; the first answer loads smol:latest"
    assert [t["model"] for t in scenario_of([one])["targets"]] == ["smol:latest"]


def test_of_several_installed_models_none_is_taken_unasked() -> None:
    with answering(ollama("a", "b")) as (port, seen):
        (one,) = find([port])
    assert (one.models, one.choices) == ((), ("a", "b"))
    assert "no model loaded" in one.remark
    assert all(line.startswith("GET ") for line in seen)


def test_what_is_in_memory_goes_before_what_is_installed() -> None:
    with answering(ollama("a", "b", loaded=("b",))) as (port, _):
        (one,) = find([port])
    assert (one.models, one.choices, one.note) == (("b",), (), "")


# By number


def test_a_number_takes_that_model_and_no_other_thing_is_changed() -> None:
    one, questions = asked("2\n", "a", "b", "c")
    assert (one.models, one.remark, one.choices) == (("b",), "", ())
    assert (one.base_url, one.kind) == (URL, "ollama")
    assert questions.startswith(f"Which model of {URL}?\n  1  a\n  2  b\n  3  c\nIts number, 1 to 3 (Enter")


@pytest.mark.parametrize(
    "bad", ["0", "4", "-1", "1.5", "x", "²", "\uff11", "1 2", "9" * 5000, "b", "1e0", "\x1b[A"]
)
def test_what_is_no_number_of_the_list_is_asked_again(bad: str) -> None:
    one, questions = asked(f"{bad}\n 3 \n", "a", "b", "c")
    assert one.models == ("c",)
    assert questions.count("Its number") == 2


@pytest.mark.parametrize("typed", ["\n", "", "x\n", "9", "  \n"])
def test_an_empty_line_or_the_end_leaves_the_server_out(typed: str) -> None:
    one, _ = asked(typed, "a", "b", "c")
    assert one == several("a", "b", "c")


def test_a_last_line_without_its_end_counts() -> None:
    assert asked("2", "a", "b")[0].models == ("b",)


def test_bytes_that_are_no_text_are_asked_again() -> None:
    typed = io.TextIOWrapper(io.BytesIO(b"\xff\xfe\n1\n"), encoding="utf-8")
    (one,) = choose([several("a", "b")], typed, io.StringIO())
    assert one.models in (("a",), ())  # the rest of what was read with them may be lost; nobody hangs


def test_a_server_that_needs_no_choice_is_not_asked_about() -> None:
    ready = Found(URL, "ollama", ("a",), None, "ollama", 7)
    questions = io.StringIO()
    assert choose([ready], io.StringIO(), questions) == [ready] and questions.getvalue() == ""


def test_names_in_the_list_are_shown_without_escapes() -> None:
    one, questions = asked("1\n", "a\x1b[31m", "b")
    assert "\x1b" not in questions and one.models == ("a\x1b[31m",)


# Without a terminal


def test_commands_to_paste_name_each_model_whole() -> None:
    names = ("a b", "c'd", "e\x1b[31m", "x  y", "z")
    lines = commands([several(*names)])
    words = [shlex.split(line) for line in lines]
    assert [w[-1] for w in words] == [f"{URL}=a b", f"{URL}=c'd", f"{URL}=x  y"]
    assert {tuple(w[:-1]) for w in words} == {(".venv/bin/locust", "--headless", "--target")}


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def run(monkeypatch: pytest.MonkeyPatch, stdin: io.StringIO, port: int) -> int:
    monkeypatch.setattr(sys, "stdin", stdin)
    return main(["--yaml", "--choose", "--port", str(port)])


def test_the_file_that_is_measured_holds_the_chosen_model_and_nothing_of_the_questions(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    with answering(ollama("a", "b")) as (port, _):
        assert run(monkeypatch, Terminal("7\n2\n"), port) == 0
    told = capsys.readouterr()
    (tmp_path / "x.yaml").write_text(told.out)
    assert [t.model for t in load_scenario(tmp_path / "x.yaml", {}).targets] == ["b"]
    assert yaml.safe_load(told.out)["targets"][0]["model"] == "b"
    assert told.err.count("Its number, 1 to 2") == 2


@pytest.mark.parametrize("stdin", [io.StringIO("2\n"), Terminal(""), Terminal("\n")])
def test_without_a_choice_nothing_is_written_and_commands_are_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], stdin: io.StringIO
) -> None:
    with answering(ollama("a", "b")) as (port, _):
        assert run(monkeypatch, stdin, port) == exit_codes.BAD_INPUT
    told = capsys.readouterr()
    assert told.out == ""
    assert f".venv/bin/locust --headless --target http://127.0.0.1:{port}=a\n" in told.err


def test_ctrl_c_at_the_question_ends_it_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object) -> list[Found]:
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "choose", interrupted)
    with answering(ollama("a", "b")) as (port, _):
        assert run(monkeypatch, Terminal(), port) == exit_codes.INTERRUPTED
    assert capsys.readouterr().out == ""


def test_the_table_says_how_many_are_installed_and_how_to_name_one(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with answering(ollama("a", "b")) as (port, _):
        assert main(["--port", str(port)]) == 0
        told = capsys.readouterr().out
        assert main(["--json", "--port", str(port)]) == 0
    assert "2 installed" in told and "name one of those that it lists" in told
    assert f"--target http://127.0.0.1:{port}=b" in told
    assert json.loads(capsys.readouterr().out)["choices"] == ["a", "b"]
