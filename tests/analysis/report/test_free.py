"""The curve of the plan `free`, where users come and the run is stopped in the midst of answers."""

import pytest

from analysis.files.request_record import BASELINE, FREE, STOPPED, RequestRecord
from analysis.report.figures.free import curve
from servers.queue_model import Job, Machine, Policy, Port
from servers.queue_model.request import Request

SOLO = {"prefill_s": 0.1, "tpot_s": 0.02, "tokens": 30}
SERIAL_PORTS, PARALLEL, SLICED = Policy(port=Port(slots=1)), Policy(), Policy(compute=1)


def rows(policy: Policy, users_at: dict[float, int], stop_s: float) -> list[RequestRecord]:
    """Closed-loop users, so many from each instant on, over two ports; at `stop_s` all is cut."""
    machine, found, seats = Machine(policy), list[Request](), dict[int, Request | None]()
    instants, now_s = sorted(users_at), 0.0
    while now_s < stop_s:
        for user in range(max((users_at[at] for at in instants if at <= now_s), default=0)):
            one = seats.get(user)
            if one is None or one.end_s is not None:
                seats[user] = machine.arrive(Job(port=user % 2, **SOLO), now_s)  # type: ignore[arg-type]
                found.append(seats[user])  # type: ignore[arg-type]
        coming = [at for at in instants if at > now_s]
        now_s = min(machine.next_s(), stop_s, *coming)
        machine.advance(now_s)
    logged = [record(i, r, stop_s) for i, r in enumerate(found, start=10)]
    return [solo(1, 0), solo(2, 1), *logged]


def solo(number: int, port: int) -> RequestRecord:
    machine = Machine(PARALLEL)
    one = machine.arrive(Job(port=port, **SOLO), 0.0)  # type: ignore[arg-type]
    machine.advance(100.0)
    return record(number, one, 100.0, BASELINE)


def record(number: int, r: Request, stop_s: float, kind: str = FREE) -> RequestRecord:
    whole = r.end_s is not None and r.end_s <= stop_s
    came = [at for at in r.token_s if at <= stop_s]
    return RequestRecord(
        request_id=number, phase="free", kind=kind, target="AB"[r.job.port], base_url="http://127.0.0.1:1",
        send_s=r.arrival_s, first_token_s=came[0] if came else None, last_token_s=came[-1] if came else None,
        end_s=r.end_s if whole else stop_s, chunks=len(came) or None,
        output_tokens=len(came) if whole else None, error=None if whole else STOPPED,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("policy", "gains", "off"),
    [
        (SERIAL_PORTS, {4: 2.0, 8: 2.0}, 0.06),
        (PARALLEL, {4: 4.0, 8: 8.0}, 0.06),
        (SLICED, {4: 1.0, 8: 1.0}, 0.12),  # no answer both began and ended in the last window
    ],
    ids=["two serial ports", "parallel", "time-sliced"],
)
def test_the_last_level_is_right_although_the_stop_cuts_its_answers(
    policy: Policy, gains: dict[int, float], off: float
) -> None:
    """Eight users for four solos, then the end: none of the last eight answers of a serial port is whole."""
    levels = {level.in_flight: level.speedup for level in curve(rows(policy, {0.0: 4, 14.0: 8}, 17.0))}
    assert {n: levels[n] for n in gains} == pytest.approx(gains, rel=off)


def test_a_level_says_how_many_answers_it_saw() -> None:
    (level,) = [v for v in curve(rows(SERIAL_PORTS, {0.0: 4}, 14.0)) if v.in_flight == 4]
    assert level.answers == pytest.approx(2 * 14.0 / 0.68, abs=2)
