"""Farms of known truth behind a closed loop: the truth lies inside every bound, and no lock reads a gain."""

import math
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analysis.locust_only.read import read_locust_run
from analysis.locust_rows.rows import LocustRow
from analysis.verdict.outcomes import Outcome
from tests.support.closed_loop import rows
from tests.support.known_bounds import speedup
from tests.support.locust_csv import write_csv

SLOTS = {"serial": 1, "time-sliced": 1, "two slots": 2, "parallel": 99}
SCATTER = 0.03  # a mean of some tens of answers that scatter by 5 %
GAP = 12  # answers alone, before there is a second user


@dataclass(frozen=True)
class Farm:
    """A server, the users before it, and how Locust writes down what they saw."""

    server: str
    solo_s: float
    starts_s: tuple[float, ...]
    until_s: float
    wait_s: float
    jitter: float
    cold_s: float
    seed: int
    full: bool
    phase_s: float
    report_s: float
    first_token_rows: bool

    def requests(self) -> tuple[LocustRow, ...]:
        return rows(
            self.server, self.starts_s, self.until_s,
            solo_s=self.solo_s, wait_s=self.wait_s, jitter=self.jitter, cold_s=self.cold_s, seed=self.seed,
        )  # fmt: skip


@st.composite
def farms(draw: st.DrawFn) -> Farm:
    solo_s = draw(st.sampled_from([0.25, 0.5, 1.0, 2.0]))
    gap_s = draw(st.sampled_from([0.0, 10.0, GAP * solo_s, 2 * GAP * solo_s]))
    starts_s = tuple(0.3 + i * gap_s for i in range(draw(st.integers(2, 4))))
    return Farm(
        server=draw(st.sampled_from(list(SLOTS))),
        solo_s=solo_s,
        starts_s=starts_s,
        until_s=starts_s[-1] + draw(st.sampled_from([10, 20])) * solo_s + 10,
        wait_s=solo_s * draw(st.sampled_from([0, 0, 1, 2])),
        jitter=draw(st.sampled_from([0.0, 0.02, 0.05])),
        cold_s=solo_s * draw(st.sampled_from([0, 10])),
        seed=draw(st.integers(0, 99)),
        full=draw(st.booleans()),
        phase_s=draw(st.floats(0.0, 0.99)),
        report_s=draw(st.sampled_from([0.0, 0.0, 3.0])),
        first_token_rows=draw(st.booleans()),
    )


def tables(farm: Farm, requests: tuple[LocustRow, ...], folder: Path) -> Path:
    shown = list(requests)
    if farm.first_token_rows:
        shown += [replace(r, type="TTFT", end_s=r.first_token_s or r.end_s) for r in requests]
    shown.sort(key=lambda r: r.end_s)
    return write_csv(folder / "x", shown, farm.starts_s, farm.full, farm.phase_s, farm.report_s)


def truth(farm: Farm, requests: tuple[LocustRow, ...], users: int) -> float:
    """Of the time with so many users; all at once: from the first answer on, for before it a model loads."""
    at_once = len(set(farm.starts_s)) == 1
    from_s = requests[0].end_s if at_once else farm.starts_s[users - 1]
    to_s = farm.starts_s[users] if users < len(farm.starts_s) else requests[-1].end_s
    return speedup(requests, SLOTS[farm.server], from_s, to_s)


@pytest.mark.filterwarnings("ignore")
@settings(max_examples=120, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(farm=farms())
def test_the_truth_lies_inside_every_bound_and_no_lock_reads_a_gain(
    farm: Farm, tmp_path_factory: pytest.TempPathFactory
) -> None:
    requests = farm.requests()
    run = read_locust_run(tables(farm, requests, tmp_path_factory.mktemp("farm")))
    makespan_s = max(r.end_s for r in requests) - min(r.send_s for r in requests)
    latency_s = math.fsum(r.latency_s for r in requests)
    assert run.total.requests == len(requests)
    assert run.latency_s.low == pytest.approx(latency_s)
    assert run.makespan_s.low <= makespan_s + 1e-6
    assert makespan_s <= run.makespan_s.high + 1e-6
    assert run.mean_in_flight.low <= latency_s / makespan_s * (1 + 1e-6)
    assert latency_s / makespan_s <= run.mean_in_flight.high * (1 + 1e-6)
    for level in run.levels:
        if level.speedup is None:
            continue
        true = truth(farm, requests, level.users)
        assert level.speedup.low <= true * (1 + SCATTER)
        assert true * (1 - SCATTER) <= level.speedup.high
        assert level.outcome is not Outcome.GAIN or SLOTS[farm.server] > 1
        assert level.outcome is not Outcome.NO_GAIN or true < 1.3


@pytest.mark.parametrize("server", SLOTS)
@pytest.mark.parametrize("phase_s", [0.0, 0.5, 0.9])
def test_with_a_slow_ramp_the_bounds_are_narrow_and_tell_the_servers_apart(
    server: str, phase_s: float, tmp_path: Path
) -> None:
    starts_s = [0.3, 15.3, 30.3, 45.3]
    requests = rows(server, starts_s, 60.0, solo_s=0.5, jitter=0.02)
    run = read_locust_run(write_csv(tmp_path / "x", requests, starts_s, phase_s=phase_s))
    assert run.outcome is (Outcome.GAIN if SLOTS[server] > 1 else Outcome.NO_GAIN)
    for level in run.levels[1:]:
        assert level.speedup is not None
        assert level.speedup.low <= min(SLOTS[server], level.users) <= level.speedup.high
        assert level.speedup.high <= 1.3 * level.speedup.low


def test_a_serial_server_that_never_ran_alone_reads_no_gain(tmp_path: Path) -> None:
    requests = rows("serial", [0.3] * 4, 60.0, jitter=0.02)
    run = read_locust_run(write_csv(tmp_path / "x", requests, [0.3] * 4))
    speedup_ = run.levels[0].speedup
    assert speedup_ is not None and speedup_.low == 0 and 1 <= speedup_.high < 1.3
    assert (run.outcome, run.solo_s) == (Outcome.NO_GAIN, {})


def test_rows_for_first_tokens_bound_the_time_alone(tmp_path: Path) -> None:
    """All users at once: nobody was alone, and a first token comes within a third of the work."""
    requests = rows("serial", [0.3] * 4, 40.0, jitter=0.05)
    firsts = [replace(r, type="TTFT", end_s=r.first_token_s or r.end_s) for r in requests]
    shown = sorted([*requests, *firsts], key=lambda r: r.end_s)
    run = read_locust_run(write_csv(tmp_path / "x", shown, [0.3] * 4))
    speedup_, first_token_s = run.levels[0].speedup, run.levels[0].first_token_s
    assert speedup_ is not None and speedup_.low == 0 and 1 <= speedup_.high < 1.2
    assert first_token_s == pytest.approx(3 + 1 / 3, rel=0.1)
    assert run.outcome is Outcome.NO_GAIN
