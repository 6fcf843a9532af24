"""A plan beyond this machine's open files or memory is one line that says what to do."""

import pytest

from analysis.errors import ScenarioError
from analysis.files.plan import PlannedPhase
from replay.checks import capacity

SMALL = PlannedPhase("phase1", 2, ("A",))
LARGE = PlannedPhase("large", 5000, ("A",), max_rounds=100)


def test_more_users_than_open_files_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(capacity, "_most_open_files", lambda: 1024)
    capacity.refuse_beyond_machine([SMALL])
    with pytest.raises(ScenarioError, match="need 5100 open files, and this process may have 1024; allow"):
        capacity.refuse_beyond_machine([SMALL, LARGE])


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
