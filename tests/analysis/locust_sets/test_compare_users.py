"""One run of Locust per number of users: throughput, its limit, and the gain, on servers of known truth."""

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from analysis.__main__ import main
from analysis.errors import RunError
from analysis.locust_sets.read import read_point
from tests.support.closed_loop import rows
from tests.support.locust_csv import write_csv

TRUTH = {"serial": 1.0, "time-sliced": 1.0, "two slots": 2.0, "parallel": 99.0}
USERS = (1, 2, 4, 8)


def write_set(folder: Path, name: str, server: str, users: Sequence[int] = USERS, **how: Any) -> list[str]:
    folder.mkdir(exist_ok=True)
    full, length_s = how.pop("full", True), how.pop("length_s", 120.0)
    made = {n: rows(server, [0.0] * n, length_s, **how) for n in users}
    return [str(write_csv(folder / f"{name}{n}", found, [0.0] * n, full)) for n, found in made.items()]


def compared(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> str:
    assert main(["compare", *arguments]) == code
    shown = capsys.readouterr()
    return shown.out if code == 0 else shown.err


def sets(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[dict[str, Any]]:
    return list(json.loads(compared(capsys, *arguments, "--json"))["sets"])


@pytest.mark.parametrize("server", TRUTH)
@pytest.mark.parametrize("how", [{}, {"full": False}, {"jitter": 0.1}], ids=str)
def test_every_bound_holds_the_truth(
    server: str, how: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    [found] = sets(capsys, *write_set(tmp_path, "u", server, **how))
    assert [run["users"] for run in found["runs"]] == list(USERS)
    for run in found["runs"][1:]:
        truth = min(TRUTH[server], run["users"])
        assert run["speedup"]["low"] <= truth <= run["speedup"]["high"]
        assert run["speedup"]["high"] / run["speedup"]["low"] <= 1.6
    assert found["gain"] == (TRUTH[server] > 1)


def test_a_model_that_loads_first_makes_no_gain(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    [found] = sets(capsys, *write_set(tmp_path, "u", "serial", cold_s=20.0))
    assert found["gain"] is False
    assert all(run["speedup"]["low"] <= 1.0 <= run["speedup"]["high"] for run in found["runs"][1:])


def test_the_limit_is_where_throughput_is_flat(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    [found] = sets(capsys, *write_set(tmp_path, "u", "two slots"))
    assert found["flat_from_users"] == 2
    assert found["limit_per_s"]["low"] <= 2.0 <= found["limit_per_s"]["high"]
    [found] = sets(capsys, *write_set(tmp_path, "p", "parallel"))
    assert found["flat_from_users"] is None
    assert found["limit_per_s"] is None


def test_the_words_are_those_of_a_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = " ".join(compared(capsys, *write_set(tmp_path, "u", "serial")).split())
    assert "No gain: at most 1." in text
    assert "flat from 1 user on" in text
    text = " ".join(compared(capsys, *write_set(tmp_path, "p", "parallel")).split())
    assert "A gain: at least 7." in text
    assert "Add a run with 16 users" in text


def test_two_sets_stand_side_by_side(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = write_set(tmp_path / "before", "u", "serial")
    after = write_set(tmp_path / "after", "u", "parallel")
    text = compared(capsys, *before, *after)
    assert "BEFORE: NO GAIN, AFTER: A GAIN" in text
    assert "after/before" in text
    mixed = [prefix for pair in zip(before, after, strict=True) for prefix in pair]
    assert [s["name"] for s in sets(capsys, *mixed)] == ["before", "after"]
    named = [*write_set(tmp_path, "a-", "serial"), *write_set(tmp_path, "b-", "two slots")]
    assert [s["name"] for s in sets(capsys, *named)] == ["a", "b"]


def test_without_one_user_there_is_a_limit_and_no_speedup(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = " ".join(compared(capsys, *write_set(tmp_path, "u", "two slots", (2, 4, 8))).split())
    assert "cannot tell whether there is a gain, because no run has one user" in text
    assert "flat from 2 users on" in text
    assert "-u 1 --csv PREFIX" in text


def test_pauses_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = " ".join(compared(capsys, *write_set(tmp_path, "u", "parallel", wait_s=2.0)).split())
    assert re.search(r"3\d % of their time \(wait_time\)", text)


def test_parts_of_requests_do_not_count(tmp_path: Path) -> None:
    chat = rows("serial", [0.0, 0.0], 60.0)
    ttft = [replace(r, type="TTFT", send_s=r.end_s - 0.3) for r in chat]
    both = sorted([*chat, *ttft], key=lambda r: r.end_s)
    point = read_point(write_csv(tmp_path / "x", both, [0.0, 0.0]))
    assert point.per_s == pytest.approx(1.0, rel=0.05)
    assert point.latency_s == pytest.approx(2.0, rel=0.02)
    with pytest.raises(RunError, match="run again with --csv-full-history"):
        read_point(write_csv(tmp_path / "sum", both, [0.0, 0.0], full=False))


def test_requests_that_fail_at_once_are_no_throughput(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With eight users two of three requests are refused at once, by a serial server."""
    one = write_csv(tmp_path / "u1", rows("serial", [0.0], 120.0), [0.0])
    served = rows("serial", [0.0] * 8, 120.0)
    refused = [
        replace(r, send_s=r.end_s, end_s=r.end_s + 0.001, error="503") for r in served for _ in range(2)
    ]
    eight = write_csv(tmp_path / "u8", sorted([*served, *refused], key=lambda r: r.end_s), [0.0] * 8)
    [found] = sets(capsys, str(one), str(eight))
    assert found["gain"] is False
    assert found["runs"][1]["speedup"]["low"] <= 1.0 <= found["runs"][1]["speedup"]["high"]
    assert "requests failed" in found["sentences"][-1]


def test_a_task_that_sends_several_at_once_is_no_solo(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One user with four requests in flight: on a serial server each seems to take four times as long."""
    found = [
        str(write_csv(tmp_path / f"u{n}", rows("serial", [0.0] * 4 * n, 60.0), [0.0] * n)) for n in (1, 2)
    ]
    assert "more requests were in flight than there were users" in compared(capsys, *found, code=2)


def test_what_cannot_be_compared_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    same = write_set(tmp_path / "a", "u", "serial", (2,)) + write_set(tmp_path / "b", "u", "serial", (2,))
    assert "all runs have 2 users at most" in compared(capsys, *same, code=2)
    one, two = write_set(tmp_path, "u", "serial", (1, 2))
    Path(f"{two}_stats_history.csv").unlink()
    assert "the number of users is unknown" in compared(capsys, one, two, code=2)
    assert "compare like with like" in compared(capsys, one, "tests/runs/two-ports", code=2)


@pytest.mark.parametrize("form", ["--html", "--markdown"])
def test_the_other_forms(form: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = compared(capsys, *write_set(tmp_path, "u", "two slots"), form)
    assert "2.0" in text
    assert ("<svg" in text) == (form == "--html")
