"""A plan beyond this machine's open files or memory is one line that says what to do."""

import pytest

from analysis.errors import ScenarioError
from analysis.files.plan import PlannedPhase, PlannedStall, PlannedSweep, PlannedTalk
from replay.checks import capacity
from replay.checks.capacity import most_users, whole_load

SMALL = PlannedPhase("phase1", 2, ("A",))
LARGE = PlannedPhase("large", 5000, ("A",), max_rounds=100)


def test_more_users_than_open_files_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(capacity, "_most_open_files", lambda: 1024)
    capacity.refuse_beyond_machine([SMALL])
    with pytest.raises(ScenarioError, match="need 5100 open files, and a process may have 1024; allow"):
        capacity.refuse_beyond_machine([SMALL, LARGE])


def test_forks_share_the_users_and_the_machines_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(capacity, "_most_open_files", lambda: 2700)
    monkeypatch.setattr(capacity, "_free_bytes", lambda: 4 * 10**9)
    with pytest.raises(ScenarioError, match="5100 open files"):
        capacity.refuse_beyond_machine([LARGE])
    capacity.refuse_beyond_machine([LARGE], processes=2)
    monkeypatch.setattr(capacity, "_free_bytes", lambda: 10**9)
    with pytest.raises(ScenarioError, match="need about 3"):
        capacity.refuse_beyond_machine([LARGE], processes=2)


def test_a_master_holds_the_rows_and_no_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(capacity, "_most_open_files", lambda: 200)
    monkeypatch.setattr(capacity, "_free_bytes", lambda: 10**9)
    with pytest.raises(ScenarioError, match="0 users and 500,100 requests need about 2"):
        capacity.refuse_beyond_machine([LARGE], processes=0)
    monkeypatch.setattr(capacity, "_free_bytes", lambda: 3 * 10**9)
    capacity.refuse_beyond_machine([LARGE], processes=0)


def test_more_requests_than_memory_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(capacity, "_most_open_files", lambda: None)
    monkeypatch.setattr(capacity, "_free_bytes", lambda: 10**9)
    capacity.refuse_beyond_machine([SMALL])
    with pytest.raises(ScenarioError, match=r"need about 3\.0 GB of memory, and 1\.0 GB are free"):
        capacity.refuse_beyond_machine([LARGE])


def test_a_machine_that_gives_nothing_refuses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(capacity, "_most_open_files", lambda: None)
    monkeypatch.setattr(capacity, "_free_bytes", lambda: None)
    capacity.refuse_beyond_machine([LARGE])
    capacity.refuse_beyond_machine([])


def test_the_users_of_a_sweep_and_of_phases_about_prompts_count_too() -> None:
    prompts = (PlannedTalk("talk", ("A",), (2, 500)), PlannedStall("stall", ("A",)))
    load = whole_load([], prompts, PlannedSweep(most=3_000))
    assert sorted(p.users for p in load) == [18, 502, 3_000]
    assert most_users(load) == 3_000
