"""Locust's tables of any version, saved again by other programs: each is read as what it is."""

import csv
import io
import math
from collections.abc import Callable
from pathlib import Path

import pytest

from analysis.__main__ import main
from analysis.errors import RunError
from analysis.files.locust_table import read_table
from analysis.files.run import file_of
from analysis.locust_only.read import is_locust_only, read_locust_run
from tests.support.checkout import CHECKOUT, RUNS

RECORDED = CHECKOUT / "tests" / "runs" / "locust_only" / "files"
TRUTH = read_locust_run(RUNS / "plain")
Rows = list[list[str]]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r\r\n"])
def test_separators_line_ends_and_a_byte_order_mark_are_read(
    tmp_path: Path, separator: str, end: str
) -> None:
    lines = [["Type", "Name", "Request Count"], ["GET", "a\u2028b\x0cc", "3"]]
    path = tmp_path / "x_stats.csv"
    path.write_bytes(("\ufeff" + end.join(separator.join(line) for line in lines) + end).encode())
    assert [line for line, _ in read_table(path)] == [dict(zip(*lines, strict=True))]


@pytest.mark.parametrize(
    ("name", "requests", "failures"),
    [("bom", 13, 1), ("tab", 13, 1), ("excel", 13, 1), ("torn", 10, 0), ("u2028", 30, 0), ("v11", 24_075, 0)],
)
def test_recorded_files_are_read(
    name: str, requests: int, failures: int, capsys: pytest.CaptureFixture[str]
) -> None:
    total = read_locust_run(RECORDED / name).total
    assert (total.requests, total.failures) == (requests, failures)
    assert main(["check", str(RECORDED / name)]) in (0, 3)
    assert capsys.readouterr().err == ""


def test_a_cut_table_is_added_up_and_its_end_is_open() -> None:
    run = read_locust_run(RECORDED / "torn")
    assert any("Aggregated of torn_stats.csv" in m for m in run.missing)
    assert run.makespan_s.high == math.inf, "the rows that were lost may have ended later"


def table(suffix: str) -> Rows:
    text = (RUNS / f"plain_{suffix}").read_text(encoding="utf-8")
    return list(csv.reader(io.StringIO(text, newline="")))


def written(rows: Rows, separator: str = ",", encoding: str = "utf-8", quoted: bool = False) -> bytes:
    file = io.StringIO(newline="")
    if quoted:
        csv.writer(file, delimiter=separator, quoting=csv.QUOTE_ALL).writerows(rows)
    else:
        csv.writer(file, delimiter=separator).writerows(rows)
    return file.getvalue().encode(encoding)


def named(rows: Rows, name: str) -> Rows:
    return [[name if cell == "chat" else cell for cell in row] for row in rows]


def decimal_commas(rows: Rows) -> Rows:
    return [[cell.replace(".", ",") if cell[:1].isdigit() else cell for cell in row] for row in rows]


SAVED: dict[str, Callable[[Rows], bytes]] = {
    "semicolons, decimal commas": lambda rows: written(decimal_commas(rows), ";"),
    "tabs, decimal commas": lambda rows: written(decimal_commas(rows), "\t"),
    "UTF-16 with its mark": lambda rows: written(named(rows, "Gespräch"), encoding="utf-16"),
    "UTF-16 without": lambda rows: written(named(rows, "Gespräch"), encoding="utf-16-le"),
    "cp1252": lambda rows: written(named(rows, "Grüße über"), encoding="cp1252"),
    "GBK": lambda rows: written(named(rows, "/查询"), encoding="gbk"),
    "quoted cells": lambda rows: written(rows, quoted=True),
    "blank rows": lambda rows: written([row for r in rows for row in (r, [], [""] * len(r))]),
}


@pytest.mark.parametrize("saved", SAVED.values(), ids=SAVED)
def test_a_table_saved_again_says_the_same(saved: Callable[[Rows], bytes], tmp_path: Path) -> None:
    for suffix in ("stats.csv", "stats_history.csv"):
        (tmp_path / f"x_{suffix}").write_bytes(saved(table(suffix)))
    run = read_locust_run(tmp_path / "x")
    assert run.total.requests == TRUTH.total.requests
    assert run.total.latency_s == pytest.approx(TRUTH.total.latency_s)
    assert [level.users for level in run.levels] == [level.users for level in TRUTH.levels]
    assert run.outcome is TRUTH.outcome


def names_in_code_pages(tmp_path: Path, encoding: str, name: str) -> str:
    (tmp_path / "x_stats.csv").write_bytes(written(named(table("stats.csv"), name), encoding=encoding))
    ((_, shown),) = read_locust_run(tmp_path / "x").rows
    return shown


@pytest.mark.parametrize(
    ("encoding", "name"), [("cp1252", "Grüße über"), ("gbk", "/查询"), ("gbk", "问答 查询")]
)
def test_names_in_the_systems_code_page_are_read(tmp_path: Path, encoding: str, name: str) -> None:
    assert names_in_code_pages(tmp_path, encoding, name) == name


# Older versions: whole milliseconds, rates of two decimals


def old_cells(line: dict[str, str], total_type: str, total_name: str) -> list[str]:
    total = line["Name"] == "Aggregated"
    whole = [str(int(float(line[f"{w} Response Time"]))) for w in ("Median", "Average", "Min", "Max")]
    return [
        total_type if total else line["Type"], total_name if total else line["Name"],
        line["Request Count"], line["Failure Count"], *whole, "0", f"{float(line['Requests/s']):.2f}",
    ]  # fmt: skip


OLD = ("# requests", "# failures", "Median response time", "Average response time", "Min response time",
       "Max response time", "Average Content Size", "Requests/s")  # fmt: skip


def write_old(path: Path, first: str, total_type: str, total_name: str) -> None:
    head, *rows = table("stats.csv")
    lines = [dict(zip(head, row, strict=True)) for row in rows]
    old = [[first, "Name", *OLD], *(old_cells(line, total_type, total_name) for line in lines)]
    path.write_bytes(written(old, quoted=True))


@pytest.mark.parametrize(
    ("suffix", "first", "total_type", "total_name"),
    [
        ("x_requests.csv", "Method", "None", "Total"),  # 2018, beside x_distribution.csv
        ("x_stats.csv", "Type", "None", "Aggregated"),  # 2020
        ("x_stats.csv", "Type", "", "Aggregated"),
    ],
)
def test_older_layouts_widen_the_bounds(
    suffix: str, first: str, total_type: str, total_name: str, tmp_path: Path
) -> None:
    write_old(tmp_path / suffix, first, total_type, total_name)
    assert is_locust_only(tmp_path / "x")
    run = read_locust_run(tmp_path / "x")
    assert run.total.requests == TRUTH.total.requests
    truth_s = TRUTH.total.latency_s
    assert run.latency_s.low <= truth_s < run.latency_s.high <= truth_s + run.total.requests * 1e-3
    assert run.makespan_s.high >= TRUTH.makespan_s.low
    assert main(["report", str(tmp_path / "x"), "--quiet"]) == 3


def test_a_rate_of_two_decimals_is_known_to_half_a_unit(tmp_path: Path) -> None:
    head, row = ["Type", "Name", *OLD], ["GET", "a", "41", "0", "9", "9", "9", "9", "0", "0.09"]
    total = ["None", "Aggregated", *row[2:]]
    (tmp_path / "x_stats.csv").write_bytes(written([head, row, total]))
    run = read_locust_run(tmp_path / "x")
    assert run.makespan_s.high >= 41 / 0.085


def test_a_file_that_the_web_ui_handed_out_is_read_by_its_own_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "requests_1764000000.1.csv"
    path.write_bytes((RUNS / "plain_stats.csv").read_bytes())
    assert main(["check", str(path)]) == 3
    assert "61 requests" not in capsys.readouterr().err
    assert read_locust_run(path).total == TRUTH.total


def test_a_history_alone_is_enough(tmp_path: Path) -> None:
    (tmp_path / "x_stats_history.csv").write_bytes((RUNS / "plain_stats_history.csv").read_bytes())
    assert is_locust_only(tmp_path / "x")
    run = read_locust_run(tmp_path / "x")
    assert run.total.requests == TRUTH.total.requests
    assert run.missing[0].startswith("_stats.csv")
    assert [level.users for level in run.levels] == [2, 3] or [level.users for level in run.levels][-1] == 3


def test_a_history_without_users_gives_no_levels(tmp_path: Path) -> None:
    """Before 2020."""
    head, *rows = table("stats_history.csv")
    keep = [i for i, name in enumerate(head) if name != "User Count"]
    (tmp_path / "x_stats_history.csv").write_bytes(written([[row[i] for i in keep] for row in (head, *rows)]))
    (tmp_path / "x_stats.csv").write_bytes((RUNS / "plain_stats.csv").read_bytes())
    run = read_locust_run(tmp_path / "x")
    assert (run.users, run.levels) == (None, ())


# Refusals say the true reason


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty"),
        (b"Time,Value\n1,2\n", "no column Type, Name"),
        (b"Type,Name,Request Count\nGET,a,1\n", "no column"),
        (b"Type,Name\nGET\nGET,a\n", ":2: not as many cells"),
    ],
)
def test_what_is_no_table_of_locusts_is_refused_with_its_reason(
    tmp_path: Path, content: bytes, reason: str
) -> None:
    (tmp_path / "x_stats.csv").write_bytes(content)
    with pytest.raises(RunError, match=reason):
        read_locust_run(tmp_path / "x")


def test_a_row_per_request_is_no_table_of_sums(tmp_path: Path) -> None:
    (tmp_path / "x_stats.csv").write_bytes((RUNS / "plain_stats.csv").read_bytes())
    file_of(tmp_path / "x", "requests.csv").write_text("request_id,phase\n")
    assert not is_locust_only(tmp_path / "x")
