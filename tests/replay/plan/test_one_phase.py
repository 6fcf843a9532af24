"""How long a phase goes on, with answers that come at once."""

import time
from collections.abc import Sequence
from datetime import datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest

from analysis.files.plan import PlannedPhase
from analysis.files.request_record import BURST, RequestRecord
from analysis.files.run import TargetInfo
from replay.client.request import Request
from replay.plan import progress
from replay.plan.one_phase import run_phase
from replay.plan.run_state import RunState
from replay.release.dispatch import ReadyUser
from replay.scenario.schema import Phase, Rounds, Scenario, Target
from replay.server_kinds import openai
from tests.support.farm import farm, phase

PLAN = PlannedPhase("p", 2, ("A",), 5, 5)


class AtOnce:
    """A dispatch whose requests take a second each, one after another, on a clock of its own."""

    now_s = 0.0

    def __init__(self) -> None:
        self.sent: list[Request] = []

    def next_batch(self) -> int:
        return 1

    def user_of(self, target: str, taken: Sequence[ReadyUser] = ()) -> ReadyUser:
        return ReadyUser(0, len(taken), target)

    def in_flight(self) -> bool:
        return True

    def send(self, requests: Sequence[Request]) -> None:
        self.sent += requests

    def collect(self, requests: Sequence[Request]) -> list[RequestRecord]:
        sent_s = self.now_s
        return [self._answer(r, sent_s) for r in requests]

    def _answer(self, request: Request, sent_s: float) -> RequestRecord:
        first_s, self.now_s = self.now_s + 0.1, self.now_s + 1.0
        of_request: dict[str, Any] = {
            k: getattr(request, k) for k in ("request_id", "phase", "round", "kind", "target")
        }
        times = {"scheduled_s": sent_s, "send_s": sent_s, "first_token_s": first_s}
        ends = {"last_token_s": self.now_s, "end_s": self.now_s, "output_tokens": 40, "chunks": 40}
        rest = {"base_url": request.base_url, "worker": 0, "finish_reason": "length"}
        return RequestRecord(**of_request | times | ends | rest)


def run_state(budget_s: float, began_s: float, solo_s: float = 1.0) -> RunState:
    scenario = Scenario(
        name="s",
        targets=(Target(name="A", base_url="http://127.0.0.1:1"),),
        phases=(Phase(name="p", users=2, rounds=Rounds(min=5, max=5)),),
        budget_s=budget_s,
    )
    return RunState(
        scenario=scenario,
        targets={"A": scenario.targets[0]},
        endpoints={"A": openai.ENDPOINTS},
        infos={
            "A": TargetInfo(name="A", base_url="http://127.0.0.1:1", model="m", kind="openai", max_tokens=40)
        },
        recorder=cast(
            Any,
            SimpleNamespace(
                origin_s=0.0,
                manifest=SimpleNamespace(clock_origin_epoch_ns=0),
                raise_problem=lambda: None,
            ),
        ),
        dispatch=cast(Any, AtOnce()),
        solo_s={"A": solo_s},
        began_s=began_s,
    )


@pytest.mark.parametrize(("spent_s", "rounds"), [(0.0, 5), (1000.0, 3)])
def test_no_round_starts_after_the_third_once_the_budget_is_spent(
    spent_s: float, rounds: int, capsys: pytest.CaptureFixture[str]
) -> None:
    run = run_state(150, time.monotonic() - spent_s)
    measured = run_phase(run, PLAN, later_s=0.0)
    assert len(measured.scored) == rounds
    assert ("p ends after 3 of 5 rounds: budget spent" in capsys.readouterr().err) == (rounds == 3)


def test_without_a_budget_nothing_is_cut() -> None:
    measured = run_phase(run_state(0, time.monotonic() - 10_000), PLAN, later_s=0.0)
    assert len(measured.rounds) == PLAN.max_rounds
    assert {r.kind for a in measured.rounds for r in a.requests} == {BURST}


def test_a_round_has_time_for_all_its_requests_one_after_another() -> None:
    """With the time of one request a serial server would have failed instead of being called serial."""
    run = run_state(0, time.monotonic(), solo_s=400.0)
    run_phase(run, PLAN, later_s=0.0)
    sent = cast(AtOnce, run.dispatch).sent
    assert {o.timeout_s for o in sent if o.kind == BURST} == {3 * PLAN.users * 400 + 30}
    assert {o.timeout_s for o in sent if o.kind != BURST} == {3 * 400 + 30}


def test_an_answer_is_logged_with_the_instant_it_ended(capsys: pytest.CaptureFixture[str]) -> None:
    run = farm("serial", [phase(2)])
    burst = [r for r in run.log.records if r.kind == "burst"][:2]
    progress.answered(burst, 1_000_000_000_000_000_000)
    stamps = [line[1:13] for line in capsys.readouterr().err.splitlines()]
    ended = sorted(datetime.fromtimestamp(1e9 + (r.end_s or 0.0)) for r in burst)
    assert stamps == [t.strftime("%H:%M:%S.%f")[:-3] for t in ended]
