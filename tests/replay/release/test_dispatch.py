"""The conductor's side of the gate, with users that a fake runner plays."""

import time
from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import gevent
import pytest

from analysis.errors import PortlapError
from analysis.files.request_record import RequestRecord
from replay.client.request import Request
from replay.release import dispatch as dispatch_module
from replay.release.dispatch import Dispatch
from replay.release.gate import ARM, ARMED, GO, LEFT, READY, ROW
from replay.release.handshake import TOKEN


class LocalRunner:
    """As Locust's in one process: a message reaches its listener at once."""

    def __init__(self) -> None:
        self.listeners: dict[str, Callable[..., None]] = {}
        self.sent: list[tuple[str, Any]] = []
        self.clients: dict[str, Any] | None = None  # a master has workers
        self.worker_indexes: dict[str, int] = {}

    def register_message(self, kind: str, listener: Callable[..., None]) -> None:
        self.listeners[kind] = listener

    def send_message(self, kind: str, data: Any) -> None:
        self.sent.append((kind, data))

    def tell(self, message: str, **data: Any) -> None:
        """With the run's token, unless the data has another."""
        self.listeners[message](msg=SimpleNamespace(data={"token": TOKEN} | data), environment=None)

    def armed(self, request_id: int) -> None:
        self.tell(ARMED, worker=0, batch=1, request_id=request_id)

    def row(self, request_id: int, batch: int = 1, worker: int = 0, **changes: Any) -> None:
        self.tell(ROW, worker=worker, batch=batch, row=row(request_id, **changes))


@pytest.fixture
def runner() -> LocalRunner:
    return LocalRunner()


@pytest.fixture
def kept() -> list[RequestRecord]:
    return []


@pytest.fixture
def dispatch(runner: LocalRunner, kept: list, monkeypatch: pytest.MonkeyPatch) -> Dispatch:
    monkeypatch.setattr(dispatch_module, "ARM_PATIENCE_S", 0.05)
    monkeypatch.setattr(dispatch_module, "ROW_GRACE_S", 0.05)
    monkeypatch.setattr(dispatch_module, "ARM_GRACE_S", 60.0)
    one = Dispatch(runner)
    one.begin(kept.append)
    one.expect([order(1), order(2)])
    return one


def order(request_id: int, batch: int = 1) -> Request:
    return Request(
        batch=batch,
        request_id=request_id,
        worker=0,
        user=request_id,
        phase="phase1",
        round=0,
        kind="burst",
        target="A",
        base_url="http://127.0.0.1:1",
        model="m",
        body={},
        timeout_s=0.05,
        origin_s=0.0,
    )


def row(request_id: int, **changes: Any) -> dict[str, Any]:
    blank: dict[str, Any] = dict.fromkeys(RequestRecord.__dataclass_fields__)
    fixed = {
        "request_id": request_id,
        "phase": "phase1",
        "round": 0,
        "kind": "burst",
        "worker": 0,
        "target": "A",
    }
    return blank | fixed | {"base_url": "http://127.0.0.1:1", "end_s": 1.0} | changes


def test_the_gate_opens_once_all_are_armed(dispatch: Dispatch, runner: LocalRunner) -> None:
    sending = gevent.spawn(dispatch.send, [order(1), order(2)])
    gevent.sleep(0)
    assert [kind for kind, _ in runner.sent] == [ARM]
    runner.armed(1)
    gevent.sleep(0)
    assert len(runner.sent) == 1
    runner.armed(2)
    sending.join(1)
    assert [kind for kind, _ in runner.sent] == [ARM, GO]
    assert runner.sent[1][1]["batch"] == 1


def test_a_user_that_cannot_connect_does_not_hold_the_others_back(
    dispatch: Dispatch, runner: LocalRunner
) -> None:
    sending = gevent.spawn(dispatch.send, [order(1), order(2)])
    gevent.sleep(0)
    runner.armed(1)
    sending.join(1)
    assert runner.sent[-1][0] == GO


def test_rows_come_back_in_the_order_of_their_ids(
    dispatch: Dispatch, runner: LocalRunner, kept: list
) -> None:
    runner.row(2)
    runner.row(1)
    assert [r.request_id for r in dispatch.collect([order(1), order(2)])] == [1, 2]
    assert [r.request_id for r in kept] == [2, 1]


def test_a_row_that_never_comes_is_written_as_a_failure(
    dispatch: Dispatch, runner: LocalRunner, kept: list
) -> None:
    runner.row(1)
    whole, lost = dispatch.collect([order(1), order(2)])
    assert whole.error is None
    assert lost.error == "no row came: the user's process ended or hangs"
    assert (lost.request_id, lost.phase, lost.kind, lost.target, lost.user) == (2, "phase1", "burst", "A", 2)
    assert lost.send_s is None
    assert kept == [whole, lost]


def test_a_row_that_comes_late_is_not_written_twice(
    dispatch: Dispatch, runner: LocalRunner, kept: list
) -> None:
    dispatch.collect([order(1)])
    runner.row(1)
    assert [r.error for r in kept] == ["no row came: the user's process ended or hangs"]
    assert not dispatch.rows_came


def test_rows_after_the_end_belong_to_no_one(dispatch: Dispatch, runner: LocalRunner, kept: list) -> None:
    dispatch.close()
    runner.row(1)
    assert kept == []


def test_a_user_that_left_has_no_seat(dispatch: Dispatch, runner: LocalRunner) -> None:
    runner.tell(READY, worker=0, user=1, target="A")
    runner.tell(READY, worker=1, user=1, target="A")
    first = dispatch.user_of("A")
    second = dispatch.user_of("A", [first])
    assert (first.worker, second.worker) == (0, 1)
    runner.tell(LEFT, worker=0, user=1)
    assert dispatch.ready == [second]
    with pytest.raises(PortlapError, match="a user of A is gone"):
        dispatch.user_of("A", [second])


def test_waiting_ends_with_the_patience(dispatch: Dispatch) -> None:
    assert not dispatch.wait(lambda: False, 0.01)
    assert dispatch.wait(lambda: True, 0.0)


def test_no_one_waits_for_a_worker_that_is_gone(dispatch: Dispatch, runner: LocalRunner) -> None:
    runner.tell(READY, worker=0, user=1, target="A")
    runner.clients = {"one": SimpleNamespace(state="missing")}
    runner.worker_indexes = {"one": 0}
    began_s = time.monotonic()
    (lost,) = dispatch.collect([replace(order(1), timeout_s=60.0)])
    assert time.monotonic() - began_s < 5
    assert lost.error == "no row came: the user's process ended or hangs"
    with pytest.raises(PortlapError, match="a process of portlap ended"):
        dispatch.user_of("A")


def test_a_request_whose_user_left_is_lost_at_once(dispatch: Dispatch, runner: LocalRunner) -> None:
    runner.tell(READY, worker=0, user=1, target="A")
    runner.armed(1)
    runner.tell(LEFT, worker=0, user=1)
    began_s = time.monotonic()
    (lost,) = dispatch.collect([replace(order(1), timeout_s=600.0)])
    assert lost.error is not None
    assert time.monotonic() - began_s < 5


def test_a_request_that_is_never_armed_is_lost_in_seconds(
    dispatch: Dispatch, runner: LocalRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatch_module, "ARM_GRACE_S", 0.05)
    runner.armed(1)
    runner.row(1)
    began_s = time.monotonic()
    whole, lost = dispatch.collect([replace(order(i), timeout_s=600.0) for i in (1, 2)])
    assert whole.error is None and lost.error is not None
    assert time.monotonic() - began_s < 5
