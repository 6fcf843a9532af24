"""No garbage collection falls into a round: it is off from the gate's arming to the last row."""

import gc
from collections.abc import Iterator
from dataclasses import asdict, replace
from types import SimpleNamespace
from typing import Any

import pytest

from analysis.files.request_record import FREE, RequestRecord
from replay.client.request import Request
from replay.client.response import Response
from replay.release.gate import ARM, Gate
from replay.release.handshake import TOKEN
from tests.replay.release.test_dispatch import order, row


class Runner:
    """What a gate needs of Locust's runner: messages in, messages out."""

    worker_index = 0

    def __init__(self) -> None:
        self.heard: dict[str, Any] = {}

    def register_message(self, kind: str, listener: Any) -> None:
        self.heard[kind] = listener

    def send_message(self, kind: str, data: dict[str, Any]) -> None:
        pass


@pytest.fixture
def gate() -> Iterator[Gate]:
    found = Gate()
    found.connect(Runner())
    yield found
    gc.enable()
    gc.unfreeze()


def arm(gate: Gate, *requests: Request) -> None:
    data = {"token": TOKEN, "requests": [asdict(r) for r in requests]}
    gate._runner.heard[ARM](SimpleNamespace(data=data))


def ended(gate: Gate, request: Request) -> None:
    gate.report(request, RequestRecord(**row(request.request_id)), Response(end_s=1.0))


def test_the_collector_rests_until_the_last_row_of_the_round(gate: Gate) -> None:
    for _ in range(3):
        gate.join("A")
    requests = [order(1), order(2)]
    arm(gate, *requests)
    assert not gc.isenabled() and gc.get_freeze_count() > 0
    ended(gate, requests[0])
    assert not gc.isenabled()
    ended(gate, requests[1])
    assert gc.isenabled()


def test_users_that_leave_without_a_row_do_not_leave_it_off(gate: Gate) -> None:
    gate.join("A")
    arm(gate, order(0))
    assert not gc.isenabled()
    gate.leave(0)
    assert gc.isenabled()


def test_users_who_come_and_go_as_they_like_keep_it_running(gate: Gate) -> None:
    gate.join("A")
    arm(gate, replace(order(0), kind=FREE))
    assert gc.isenabled()
