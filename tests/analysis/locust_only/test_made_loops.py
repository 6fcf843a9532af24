"""Locust's files of made closed loops: no gain is made up, and none is denied."""

import tempfile
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.locust_only.bounds import LocustRun
from analysis.locust_only.read import read_locust_run
from analysis.verdict.outcomes import Outcome
from tests.support.closed_loop import rows
from tests.support.locust_csv import write_csv

TRUTH = {"serial": 1, "time-sliced": 1, "two slots": 2, "parallel": 99}
LOOPS = {
    "starts_s": st.lists(st.sampled_from([0.0, 0.3, 7.0, 15.0, 30.0, 45.0]), min_size=1, max_size=6),
    "until_s": st.sampled_from([40.0, 70.0, 120.0]),
    "solo_s": st.sampled_from([0.3, 1.0, 3.0]),
    "cold_s": st.sampled_from([0.0, 8.0]),
    "full": st.booleans(),
    "phase_s": st.floats(0.0, 0.99),
    "seed": st.integers(0, 1000),
}


def read(server: str, starts_s: list[float], until_s: float, **how: Any) -> LocustRun | None:
    full, phase_s = how.pop("full"), how.pop("phase_s")
    requests = rows(server, sorted(starts_s), until_s, **how)
    if not requests:
        return None
    with tempfile.TemporaryDirectory() as folder:
        return read_locust_run(write_csv(Path(folder) / "x", requests, sorted(starts_s), full, phase_s))


@settings(max_examples=150)
@given(
    server=st.sampled_from(list(TRUTH)),
    wait_s=st.sampled_from([0.0, 0.2, 1.0, 4.0]),
    jitter=st.sampled_from([0.0, 0.02, 0.1, 0.3]),
    **LOOPS,
)
def test_no_gain_is_made_up_and_none_denied(server: str, **how: Any) -> None:
    run = read(server, **how)
    if run is not None:
        never = Outcome.GAIN if TRUTH[server] == 1 else Outcome.NO_GAIN
        assert run.outcome is not never, run.answer


@settings(max_examples=100)
@given(server=st.sampled_from(list(TRUTH)), jitter=st.sampled_from([0.0, 0.02, 0.05]), **LOOPS)
def test_every_bound_holds_the_truth(server: str, jitter: float, **how: Any) -> None:
    """Without pauses; of a model that loads in another user's time only what no load can spoil."""
    run = read(server, jitter=jitter, **{**how, "cold_s": 0.0})
    for level in run.levels if run is not None else ():
        if level.speedup is not None:
            truth = min(TRUTH[server], level.users)
            assert level.speedup.low <= truth * (1 + jitter) and truth <= level.speedup.high * (1 + jitter)
