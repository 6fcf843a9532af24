"""Rows of any locustfile: the verdict is that of the server, and no server without a gain reads one."""

import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.locust_rows.judge import RowsJudged, judge
from analysis.locust_rows.rows import LocustRow, RequestRows
from analysis.verdict.outcomes import Outcome
from tests.support.closed_loop import SERVERS, rows

RAMP = [0.0, 20.0, 40.0, 60.0]  # s at which the users start
TRUTH = {"serial": 1.0, "time-sliced": 1.0, "two slots": 2.0, "parallel": 4.0}
VERDICTS = {
    "serial": Outcome.SERIAL,
    "time-sliced": Outcome.SLICED,
    "two slots": Outcome.PARTLY,
    "parallel": Outcome.FULLY,
}


def judged(requests: Sequence[LocustRow]) -> RowsJudged:
    return judge(RequestRows(Path("x"), tuple(requests), (), False))


@pytest.mark.parametrize("server", SERVERS)
@pytest.mark.parametrize("jitter", [0.0, 0.05])
def test_a_slow_ramp_shows_the_server(server: str, jitter: float) -> None:
    found = judged(rows(server, RAMP, 90.0, jitter=jitter))
    assert found.outcome is VERDICTS[server]
    speedup = found.stretches[-1].stretch.speedup
    assert speedup is not None and speedup.low <= TRUTH[server] <= speedup.high
    assert speedup.high / speedup.low <= 1.3


@pytest.mark.parametrize("server", SERVERS)
def test_without_first_tokens_the_gain_is_the_same(server: str) -> None:
    found = judged(rows(server, RAMP, 90.0, first_tokens=False))
    assert found.outcome.gains == (TRUTH[server] > 1)
    assert ("no gain" in found.answer) == (TRUTH[server] == 1)


@pytest.mark.parametrize("server", ["serial", "time-sliced"])
def test_a_cold_first_answer_is_no_solo_time(server: str) -> None:
    found = judged(rows(server, RAMP, 120.0, cold_s=12.0))
    assert found.solos["chat"].latency.mean_s.value == pytest.approx(1.0, rel=0.01)
    assert not found.outcome.gains


@settings(max_examples=200)
@given(
    server=st.sampled_from(["serial", "time-sliced"]),
    starts_s=st.lists(st.sampled_from([0.0, 0.3, 5.0, 12.0, 25.0]), min_size=1, max_size=6),
    wait_s=st.sampled_from([0.0, 0.0, 0.2, 1.0, 4.0]),
    jitter=st.sampled_from([0.0, 0.02, 0.1, 0.3]),
    cold_s=st.sampled_from([0.0, 8.0]),
    first_tokens=st.booleans(),
    stops_s=st.lists(st.sampled_from([15.0, 30.0, 40.0]), max_size=3),
    names=st.sampled_from([(("chat", 1.0),), (("short", 0.3), ("long", 2.0))]),
    seed=st.integers(0, 1000),
)
def test_no_server_without_a_gain_reads_one(**how: Any) -> None:
    starts_s = sorted(how.pop("starts_s"))
    requests = rows(how.pop("server"), starts_s, 60.0, **how)
    if requests:
        found = judged(requests)
        assert not found.outcome.gains, found.answer
        assert not any(j.outcome.gains for j in found.stretches)


@settings(max_examples=60)
@given(
    users=st.integers(2, 6),
    wait_s=st.sampled_from([0.0, 0.2, 1.0]),
    jitter=st.sampled_from([0.0, 0.02, 0.1]),
    first_tokens=st.booleans(),
    seed=st.integers(0, 1000),
)
def test_no_parallel_server_is_called_serial_or_shared(users: int, **how: Any) -> None:
    found = judged(rows("parallel", [10.0 * i for i in range(users)], 10.0 * users + 20.0, **how))
    assert found.outcome.gains or found.outcome is Outcome.INCONCLUSIVE


@pytest.mark.parametrize("how", ["shorter", "failed", "unread"])
def test_answers_that_are_not_alike_are_not_compared(how: str) -> None:
    requests = rows("parallel", RAMP, 90.0)
    changed = {
        "shorter": lambda r: replace(r, length=80.0 if r.users == 4 else 100.0),
        "failed": lambda r: replace(r, error="HTTPError" if r.request_id % 3 == 0 else None),
        "unread": lambda r: replace(r, unread=True),
    }[how]
    found = judged([changed(r) for r in requests])
    assert found.outcome is Outcome.INCONCLUSIVE
    assert found.next_steps


@pytest.mark.parametrize("server", ["serial", "time-sliced"])
@pytest.mark.parametrize("first_tokens", [True, False])
@pytest.mark.parametrize("cached_after", [8, 19])
def test_prompts_from_a_cache_are_no_gain(server: str, first_tokens: bool, cached_after: int) -> None:
    """The first answers read their prompts, a third of their time; all later ones take them from a cache."""
    early = rows(server, [0.0], 20.0, first_tokens=first_tokens)[:cached_after]
    start_s = early[-1].end_s
    starts_s = [0.0, 20.0 - start_s]
    later = [
        replace(
            r,
            request_id=1000 + r.request_id,
            send_s=r.send_s + start_s,
            end_s=r.end_s + start_s,
            first_token_s=None if r.first_token_s is None else r.first_token_s + start_s,
        )
        for r in rows(server, starts_s, 60.0, solo_s=0.7, prefill=0.05, first_tokens=first_tokens)
    ]
    found = judged([*early, *later])
    if first_tokens or cached_after == 8:
        assert not found.outcome.gains, found.answer


def test_one_user_alone_cannot_tell() -> None:
    found = judged(rows("parallel", [0.0], 30.0))
    assert found.outcome is Outcome.INCONCLUSIVE
    assert "hardly ever" in found.answer


def test_several_requests_of_one_task_are_in_flight_together() -> None:
    """One user, four greenlets: the users alone would say that nothing overlaps."""
    pool = [replace(r, users=1) for r in rows("serial", [0.0, 0.0, 0.0, 0.0], 30.0)]
    found = judged(pool)
    assert found.outcome is Outcome.INCONCLUSIVE or not found.outcome.gains
    assert found.stretches[0].stretch.most_in_flight == 4


@pytest.mark.parametrize("late_s", [0.1, 0.4, 0.6])  # of 0.67 s of decoding
def test_a_serial_server_whose_ends_are_read_late_shares_nothing(late_s: float) -> None:
    """As on a busy machine: an end is read while the next answer is decoded already."""
    chance = random.Random(1)
    late = [
        replace(r, end_s=r.end_s + chance.uniform(0, late_s)) if r.users > 1 else r
        for r in rows("serial", [0, 20, 40, 60], 110, jitter=0.02)
    ]
    found = judged(sorted(late, key=lambda r: r.end_s))
    assert found.outcome in (Outcome.SERIAL, Outcome.NO_GAIN)


@pytest.mark.parametrize("users", [2, 4])
def test_a_time_sliced_server_is_told_by_its_shared_pace(users: int) -> None:
    found = judged(rows("time-sliced", [20.0 * i for i in range(users)], 20.0 * users + 40, jitter=0.02))
    assert found.outcome is Outcome.SLICED
    slowdown = found.stretches[-1].stretch.slowdown
    assert slowdown is not None and slowdown > 0.8 * users
