"""The report of a run with a row per request: its files, its words, its exit code."""

import csv
import json
from dataclasses import asdict
from pathlib import Path

import pytest

from analysis.__main__ import main
from tests.support.checkout import CHECKOUT
from tests.support.closed_loop import rows
from tests.support.locust_csv import write_csv

RAMP = [0.0, 20.0]
PAGE = (CHECKOUT / "docs" / "ANY_LOCUSTFILE.md").read_text(encoding="utf-8")


def write_rows(prefix: Path, server: str) -> str:
    """The rows as the recipe writes them, beside Locust's own files."""
    requests = rows(server, RAMP, 60.0)
    write_csv(prefix, requests, RAMP)
    with prefix.with_name(f"{prefix.name}_requests.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, asdict(requests[0]))
        writer.writeheader()
        writer.writerows(asdict(r) for r in requests)
    return str(prefix)


def test_the_report_has_files_words_and_an_exit_code(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", write_rows(tmp_path / "x", "serial")]) == 0
    text = capsys.readouterr().out
    assert "SERIAL\n" in text and "no gain, at most 1.0" in text
    assert {p.name for p in tmp_path.glob("*report*")} == {"x_report.json", "x_report.md", "x_report.html"}
    assert "**serial**" in (tmp_path / "x_report.md").read_text("utf-8")


def test_every_key_of_the_report_is_explained(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["report", write_rows(tmp_path / "x", "parallel"), "--json"])
    report = json.loads(capsys.readouterr().out)
    keys = {*report, *report["users"][0]} - {"sentence"}
    assert [key for key in keys if f"`{key}`" not in PAGE] == []


def test_every_column_is_explained() -> None:
    recipe = (CHECKOUT / "recipes" / "request_log.py").read_text("utf-8")
    columns = recipe[recipe.index("COLUMNS = (") : recipe.index(")  # fmt")].split('"')[1::2]
    assert len(columns) == 12
    assert [name for name in columns if f"`{name}`" not in PAGE] == []


def test_check_prints_the_conditions(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", write_rows(tmp_path / "x", "time-sliced")]) == 0
    text = capsys.readouterr().out
    assert "TIME-SLICED" in text and "drift" in text and "client" in text


def test_a_torn_last_line_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    prefix = write_rows(tmp_path / "x", "serial")
    path = Path(f"{prefix}_requests.csv")
    path.write_text(path.read_text("utf-8")[:-20], encoding="utf-8")
    assert main(["report", prefix]) == 0
    assert "The last line is torn" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("send_s,end_s\n", "no column worker"),
        ("worker,request_id,users,send_s,end_s\n", "holds no request"),
        ("worker,request_id,users,send_s,end_s\n0,1,1,x,2\n", "column send_s: 'x'"),
    ],
)
def test_a_damaged_file_is_one_line(
    text: str, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "x_requests.csv").write_text(text, encoding="utf-8")
    assert main(["report", str(tmp_path / "x")]) == 2
    complaint = capsys.readouterr().err
    assert words in complaint and len(complaint.splitlines()) == 1
