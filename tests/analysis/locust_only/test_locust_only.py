"""A stranger's run: real files of a plain Locust, and files made from farms whose truth is known."""

import json
import math
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from analysis.__main__ import main
from analysis.errors import RunError
from analysis.files.request_record import BASELINE, FREE, RequestRecord
from analysis.files.run import file_of
from analysis.locust_only.bounds import Bound
from analysis.locust_only.read import is_locust_only, read_locust_run
from tests.support.checkout import CHECKOUT, RUNS
from tests.support.farm import free_farm

# RUNS/plain and RUNS/full were made by RUNS/plain_locustfile.py; the server was serial
MECHANISM = re.compile(r"serial|time-sliced|contention|parallel(?! work)|one at a time", re.I)


def holds(bound: Bound | None, truth: float) -> bool:
    return bound is not None and bound.low <= truth <= bound.high


@pytest.fixture
def copied(tmp_path: Path) -> Callable[[str], Path]:
    def copy(name: str) -> Path:
        for path in RUNS.glob(f"{name}_*.csv"):
            shutil.copy(path, tmp_path)
        return tmp_path / name

    return copy


# Real files


@pytest.mark.parametrize("name", ["plain", "full"])
def test_a_strangers_run_is_reported_as_bounds_and_names_no_mechanism(
    name: str, copied: Callable[[str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    prefix = copied(name)
    code = main(["report", str(prefix)])
    told = capsys.readouterr().out
    outcome, exit_code = ("no-gain", 0)
    assert outcome.upper() in told and "no gain: with 2 users at most" in told
    assert code == exit_code
    assert not MECHANISM.search(told.partition("\nNext")[0])
    report = json.loads(file_of(prefix, "report.json").read_text(encoding="utf-8"))
    assert report["verdict"] == outcome
    assert "## Verdict" in file_of(prefix, "report.md").read_text(encoding="utf-8")
    assert main(["check", str(prefix)]) == exit_code


@pytest.mark.parametrize("name", ["plain", "full"])
def test_the_bounds_hold_what_was_true(name: str) -> None:
    """Three users in a closed loop, one after another, on a serial server: speedup 1, three in flight."""
    found = read_locust_run(RUNS / name)
    assert [level.users for level in found.levels] == [1, 2, 3]
    for level in found.levels[1:]:
        assert holds(level.speedup, 1.0)
        assert level.speedup is not None and level.speedup.high < 1.5
    assert holds(found.mean_in_flight, 2.0)  # 1, then 2, then 3, ten seconds each
    assert holds(found.makespan_s, 28.5)
    assert found.users == 3


def test_sums_are_exact_and_single_requests_need_the_full_history() -> None:
    plain, full = read_locust_run(RUNS / "plain"), read_locust_run(RUNS / "full")
    assert (plain.total.requests, len(plain.singles)) == (61, 0)
    assert (full.total.requests, len(full.singles)) == (46, 32)
    for name, sums in full.rows.items():
        singles = [s.latency_s for s in full.singles if s.name == name[1]]
        assert math.fsum(singles) < sums.latency_s
        assert all(sums.fastest_s - 1e-9 <= s <= sums.slowest_s + 1e-9 for s in singles)
    assert math.isclose(math.fsum(s.latency_s for s in full.rows.values()), full.total.latency_s)
    assert set(full.solo_s) == {"short", "long"}
    assert holds(full.solo_s["long"], 0.2 + 15 * 0.04)


def test_without_a_history_only_the_sums_are_bounded(copied: Callable[[str], Path]) -> None:
    prefix = copied("plain")
    file_of(prefix, "stats_history.csv").unlink()
    file_of(prefix, "failures.csv").unlink()
    found = read_locust_run(prefix)
    assert (found.users, found.levels, found.singles) == (None, (), ())
    assert holds(found.makespan_s, 28.5) and holds(found.mean_in_flight, 2.0)
    assert len(found.missing) == 4


def test_a_reset_of_the_statistics_counts_what_came_after_it(copied: Callable[[str], Path]) -> None:
    """As --reset-stats does: sixteen requests more stand in the history, before the counts begin anew."""
    prefix = copied("plain")
    path = file_of(prefix, "stats_history.csv")
    header, *rows = path.read_text(encoding="utf-8").splitlines(keepends=True)
    before = [row for row in rows if int(row.split(",")[17]) < 16]
    path.write_text("".join([header, *before, *rows]), encoding="utf-8")
    found = read_locust_run(prefix)
    assert found.levels == read_locust_run(RUNS / "plain").levels
    assert found.makespan_s.high > read_locust_run(RUNS / "plain").makespan_s.high


def test_every_key_of_such_a_report_is_explained(capsys: pytest.CaptureFixture[str], copied) -> None:
    main(["report", str(copied("full")), "--json"])
    bounds = json.loads(capsys.readouterr().out)["bounds"]
    keys = {*bounds, *bounds["rows"][0], *bounds["levels"][0], *bounds["single_requests"][0]}
    explained = (CHECKOUT / "docs" / "FORMAT.md").read_text(encoding="utf-8")
    assert [key for key in keys if f"`{key}`" not in explained] == []


# Files that do not fit


def damaged(text: str, old: str, new: str) -> str:
    assert old in text
    return text.replace(old, new, 1)


@pytest.mark.parametrize(
    ("suffix", "old", "new", "said"),
    [
        ("stats.csv", "Average Response Time", "Mean", "no column 'Average Response Time'"),
        ("stats.csv", "POST,chat,61", "POST,chat,60", "do not add up"),
        ("stats.csv", "POST,chat,61", "POST,chat,many", "'many'"),
        ("stats.csv", "POST,chat,61,", "POST,chat,", "not as many cells"),
        ("stats_history.csv", "POST", "POST", ""),
        ("failures.csv", "Last Seen\n", "Last Seen\nPOST,chat,refused,7,a,b\n", "7 failures where"),
    ],
)
def test_a_damaged_file_is_one_line_that_names_it(
    suffix: str, old: str, new: str, said: str, copied: Callable[[str], Path],
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    prefix = copied("full" if not said else "plain")
    path = file_of(prefix, suffix)
    path.write_text(damaged(path.read_text(encoding="utf-8"), old, new), encoding="utf-8")
    assert main(["report", str(prefix)]) == (2 if said else 0)
    told = capsys.readouterr().err
    assert (said in told) and (told.count("\n") == 1 if said else told == "")


def test_files_of_different_runs_are_refused(copied: Callable[[str], Path]) -> None:
    prefix = copied("plain")
    shutil.copy(RUNS / "full_stats.csv", file_of(prefix, "stats.csv"))
    with pytest.raises(RunError, match="different runs"):
        read_locust_run(prefix)


def test_a_run_without_a_request_is_refused(copied: Callable[[str], Path]) -> None:
    prefix = copied("plain")
    path = file_of(prefix, "stats.csv")
    header = path.read_text(encoding="utf-8").splitlines()[0]
    path.write_text(f"{header}\n,Aggregated,0,0,0,0.0,0,0,0,0.0,0.0" + ",N/A" * 11 + "\n", encoding="utf-8")
    with pytest.raises(RunError, match="holds no request"):
        read_locust_run(prefix)


def test_portlaps_own_run_is_never_read_as_a_strangers(copied: Callable[[str], Path]) -> None:
    prefix = copied("plain")
    assert is_locust_only(prefix)
    file_of(prefix, "requests.csv").touch()
    assert not is_locust_only(prefix)


# Farms of known truth


def users_at(instant_s: float, records: list[RequestRecord], levels: tuple[int, ...]) -> int:
    """As Locust's user count: the level whose requests are due, one while the solos run."""
    due = sorted({r.scheduled_s for r in records if r.kind == FREE and r.scheduled_s is not None})
    begun = sum(start_s <= instant_s for start_s in due)
    return levels[begun - 1] if begun else 1


def write_as_locust(prefix: Path, records: list[RequestRecord], levels: tuple[int, ...]) -> None:
    """What Locust would have written: a snapshot a second, sums and users only."""
    last_s = max(r.end_s or 0.0 for r in records)
    columns = "Request Count,Failure Count,Average Response Time,Min Response Time,Max Response Time"
    totals = ",".join(f"Total {c}" for c in columns.split(","))

    def rows(until_s: float, lead: str, tail: str = "") -> list[str]:
        ended = [r for r in records if (r.end_s or 0.0) <= until_s]
        by_name = {r.target: [q for q in ended if q.target == r.target] for r in ended}
        lines = []
        for name, found in [*by_name.items(), ("Aggregated", ended)]:
            ms = [(r.latency_s or 0.0) * 1e3 for r in found] or [0.0]
            kind = "" if name == "Aggregated" else "POST"
            cells = f"{len(found)},0,{math.fsum(ms) / len(ms)!r},{min(ms)!r},{max(ms)!r}"
            lines.append(f"{lead}{kind},{name},{cells}" + (f",{len(found) / last_s!r}" if tail else ""))
        return lines

    stats = [f"Type,Name,{columns},Requests/s", *rows(math.inf, "", "rate")]
    history = [f"Timestamp,User Count,Type,Name,{totals}"]
    for second in range(int(last_s) + 1):
        at_s = second + 0.37
        history += rows(at_s, f"{second},{users_at(at_s, records, levels)},")
    file_of(prefix, "stats.csv").write_text("\n".join(stats) + "\n", encoding="utf-8")
    file_of(prefix, "stats_history.csv").write_text("\n".join(history) + "\n", encoding="utf-8")


@pytest.mark.parametrize(("policy", "gain"), [("serial", 1), ("time-sliced", 1), ("parallel", None)])
@pytest.mark.parametrize("seed_levels", [(2, 4), (2, 3, 8)])
def test_of_every_farm_the_bounds_hold_the_truth(
    policy: str, gain: int | None, seed_levels: tuple[int, ...], tmp_path: Path
) -> None:
    run = free_farm(policy, seed_levels, answers=20)
    records = [r for r in run.log.records if r.kind in (FREE, BASELINE)]
    write_as_locust(tmp_path / "run", records, seed_levels)
    found = read_locust_run(tmp_path / "run")
    first = min(r.send_s for r in records if r.send_s is not None)
    makespan_s = max(r.end_s or 0.0 for r in records) - first
    assert holds(found.makespan_s, makespan_s)
    assert holds(found.mean_in_flight, found.total.latency_s / makespan_s)
    several = [level for level in found.levels if level.users > 1]
    assert [level.users for level in several] == list(seed_levels)
    for level in several:
        assert holds(level.speedup, gain or level.users), level
