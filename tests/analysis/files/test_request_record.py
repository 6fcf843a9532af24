"""The request log: what is written is read back, whatever a server said; damage is named, not guessed."""

import math
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.errors import RunError
from analysis.escapes import visible
from analysis.files.csv_rows import RowWriter, to_row
from analysis.files.request_record import (
    BURST,
    COLUMNS,
    RequestRecord,
    read_records,
    same_model,
    write_records,
)
from tests.support.farm import farm, phase


def read_back(record: RequestRecord) -> RequestRecord:
    """What a file holds of it: rounded to microseconds, as the recorder writes."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x_requests.csv"
        write_records(path, [record])
        return read_records(path).records[0]


WHOLE = read_back(next(r for r in farm("parallel", [phase(2)]).log.records if r.kind == BURST))

seconds = st.none() | st.floats(0, 1e6).map(lambda x: round(x, 6))
counts = st.none() | st.integers(0, 10**6)
words = st.none() | st.text(min_size=1).map(
    lambda t: visible(" ".join(t.replace("\0", " ").splitlines()))
).filter(bool)


@given(
    st.builds(
        replace,
        st.just(WHOLE),
        scheduled_s=seconds,
        queued_s=seconds,
        send_s=seconds,
        first_token_s=seconds,
        last_token_s=seconds,
        end_s=seconds,
        prompt_tokens=counts,
        output_tokens=counts,
        chunks=counts,
        round=counts,
        http_status=counts,
        finish_reason=words,
        error=words,
        answered_model=words,
        clock_error_s=seconds,
    )
)
def test_a_record_survives_its_row(record: RequestRecord) -> None:
    assert read_back(record) == record


def test_a_file_survives_whatever_a_server_wrote_into_an_error(tmp_path: Path) -> None:
    nasty = 'a "quoted", comma\nnew line\r\nand\x85 \u2028 more \0 end'
    path = tmp_path / "x_requests.csv"
    write_records(path, [replace(WHOLE, error=nasty), replace(WHOLE, request_id=99)])
    first, second = read_records(path).records
    assert first.error is not None and "\n" not in first.error and 'a "quoted", comma' in first.error
    assert second.request_id == 99


def test_missing_is_an_empty_cell_and_never_zero() -> None:
    unsent = replace(WHOLE, send_s=None, first_token_s=None, output_tokens=None)
    cells = dict(zip(COLUMNS, to_row(unsent), strict=True))
    assert cells["send_s"] == cells["first_token_s"] == cells["output_tokens"] == ""
    assert unsent.ttft_s is None and unsent.latency_s is None and unsent.tokens == unsent.chunks


def test_each_row_is_on_disk_as_soon_as_it_is_written(tmp_path: Path) -> None:
    writer = RowWriter(tmp_path / "x_requests.csv", RequestRecord)
    writer.write(WHOLE)
    assert len(read_records(tmp_path / "x_requests.csv").records) == 1
    writer.close()


def test_a_torn_last_line_is_set_apart_and_the_rest_is_read(tmp_path: Path) -> None:
    path = tmp_path / "x_requests.csv"
    write_records(path, [WHOLE])
    with path.open("a") as file:
        file.write("77,phase1,0,burst,1,Uly")
    log = read_records(path)
    assert log.records == (WHOLE,)
    assert log.torn_line is not None and log.torn_line.startswith("77,phase1")


def test_other_damage_is_an_error_that_names_line_and_column(tmp_path: Path) -> None:
    path = tmp_path / "x_requests.csv"
    write_records(path, [WHOLE])
    text = path.read_text()
    path.write_text(text.replace(f"{WHOLE.send_s:.6f}", "soon"))
    with pytest.raises(
        RunError, match=r"x_requests\.csv:2: column send_s: 'soon': input should be a valid number"
    ):
        read_records(path)
    path.write_text(text + text.splitlines()[1] + "\n")
    with pytest.raises(RunError, match="twice"):
        read_records(path)


def rewritten(path: Path, change: Callable[[list[list[str]]], None]) -> None:
    """The file with its cells changed."""
    rows = [line.split(",") for line in path.read_text().splitlines()]
    change(rows)
    path.write_text("".join(",".join(row) + "\n" for row in rows))


def test_an_older_log_is_read_and_says_what_it_lacks(tmp_path: Path) -> None:
    path = tmp_path / "x_requests.csv"
    write_records(path, [WHOLE])
    gone = COLUMNS.index("longest_gap_s")

    def older(rows: list[list[str]]) -> None:
        for row in rows:
            del row[gone]

    rewritten(path, older)
    log = read_records(path)
    assert (log.records, log.lacks) == ((replace(WHOLE, longest_gap_s=None),), ("longest_gap_s",))


def test_a_newer_log_is_read_without_the_columns_no_one_knows(tmp_path: Path) -> None:
    path = tmp_path / "x_requests.csv"
    write_records(path, [WHOLE])

    def newer(rows: list[list[str]]) -> None:
        rows[0].insert(3, "mood")
        rows[1].insert(3, "good")

    rewritten(path, newer)
    assert read_records(path).records == (WHOLE,)


@pytest.mark.parametrize("column", ["request_id", "phase", "kind", "target", "base_url"])
def test_a_column_that_must_be_there_is_named(column: str, tmp_path: Path) -> None:
    path = tmp_path / "x_requests.csv"
    write_records(path, [WHOLE])
    path.write_text(path.read_text().replace(column, "renamed", 1))
    with pytest.raises(RunError, match=rf"x_requests\.csv:1: no column {column}"):
        read_records(path)


@pytest.mark.parametrize("cell", ["inf", "nan", "-inf", "1e999"])
def test_a_number_that_is_none_is_named(cell: str, tmp_path: Path) -> None:
    path = tmp_path / "x_requests.csv"
    write_records(path, [WHOLE])
    path.write_text(path.read_text().replace(f"{WHOLE.send_s:.6f}", cell))
    with pytest.raises(RunError, match=r"x_requests\.csv:2: column send_s"):
        read_records(path)


def test_a_log_is_never_overwritten(tmp_path: Path) -> None:
    write_records(tmp_path / "x_requests.csv", [WHOLE])
    with pytest.raises(FileExistsError):
        write_records(tmp_path / "x_requests.csv", [])


@pytest.mark.parametrize(
    ("changes", "because"),
    [
        ({}, None),
        ({"error": "HTTP 500"}, "HTTP 500"),
        ({"output_tokens": 20, "chunks": 20}, "cut at 20 of 37"),
        ({"output_tokens": 36, "chunks": 36}, None),
        ({"output_tokens": 0}, None),
        ({"finish_reason": "stop", "output_tokens": 8}, None),
        ({"finish_reason": "stop", "output_tokens": 7}, "stopped after 7"),
        ({"finish_reason": None}, None),
        ({"finish_reason": "eos_token"}, None),
        ({"finish_reason": "abort"}, "finish_reason"),
        ({"finish_reason": "tool_calls"}, "finish_reason"),
        ({"answered_model": "another"}, "'another' answered in place of"),
        ({"output_tokens": 0, "chunks": 0}, "no tokens"),
        ({"end_s": None}, "no tokens"),
    ],
)
def test_an_answer_is_whole_only_if_it_ended_as_it_should(changes: dict, because: str | None) -> None:
    reason = replace(WHOLE, **changes).not_whole_because(37)
    assert (reason is None) if because is None else (reason is not None and because in reason)


def test_a_path_a_tag_or_a_variant_more_is_the_same_model() -> None:
    assert same_model("smollm2", "/models/smollm2") and same_model("llama3", "llama3:latest")
    assert same_model("the-eternal", "the-eternal@f16") and same_model(None, "x") and same_model("x", None)
    assert not same_model("the-eternal", "tsc-ulysses")


def test_latency_counts_from_the_due_instant_where_the_client_queued() -> None:
    queued = replace(WHOLE, scheduled_s=1.0, queued_s=2.0, send_s=3.0, end_s=5.0)
    assert queued.latency_s is not None and math.isclose(queued.latency_s, 4.0)
    assert replace(queued, queued_s=None).latency_s == 2.0
