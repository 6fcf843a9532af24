"""Another user is seen while portlap has nothing in flight; where nothing shows one, the words say so."""

from dataclasses import replace

import pytest

from analysis.assess import assess
from analysis.conditions.condition import Condition
from analysis.conditions.quiet import NAME
from analysis.files.request_record import BASELINE
from analysis.files.run import Run
from analysis.files.server_samples import ServerSample
from analysis.verdict.outcomes import Outcome
from tests.support.farm import farm, phase

PORT = "http://127.0.0.1:9001"


def samples(
    run: Run, busy: int | None, idle_cores: float | None, gpu: float | None, alone_cores: float = 1.0
) -> Run:
    """The run, watched for 2 s before its first record; processes take `alone_cores` in all the rest."""
    first_s = min(r.send_s for r in run.log.records if r.send_s is not None)
    last_s = max(r.end_s for r in run.log.records if r.end_s is not None)
    start_s = first_s - 2.5
    made, cpu_s, at_s = list[ServerSample](), 5.0, start_s
    while at_s < last_s + 1:
        quiet = at_s < first_s
        counted = busy if quiet else None
        used = cpu_s if idle_cores is not None else None
        made.append(ServerSample(at_s, at_s + 0.01, PORT, busy=counted, cpu_s=used))
        gpu_now = (gpu if quiet else 80.0) if gpu is not None else None
        made.append(ServerSample(at_s, at_s + 0.01, gpu_percent=gpu_now))
        cpu_s += 0.4 * ((idle_cores or 0.0) if quiet else alone_cores)
        at_s += 0.4
    manifest = replace(run.manifest, quiet=((start_s, first_s - 0.2),))
    return replace(run, manifest=manifest, server_samples=tuple(made))


def condition(run: Run) -> Condition:
    return next(c for c in assess(run).conditions if c.name == NAME)


@pytest.mark.parametrize(
    ("busy", "cores", "gpu", "passed", "named"),
    [
        (0, None, None, True, "own counters"),
        (1, None, None, False, "1.0 requests"),
        (3, None, None, False, "3.0 requests"),
        (None, 0.0, None, True, "processes"),
        (None, 0.05, None, True, "processes"),
        (None, 0.5, None, False, "0.50 cores busy, 50 % of what"),
        (None, None, 5.0, True, "GPU"),
        (None, None, 60.0, False, "the GPU was 60 % busy"),
        (0, 0.9, None, False, "0.90 cores"),
        (None, None, None, None, "2N/(N+1)"),
    ],
)
def test_another_user_fails_the_condition_with_his_share(
    busy: int | None, cores: float | None, gpu: float | None, passed: bool | None, named: str
) -> None:
    found = condition(samples(farm("time-sliced", [phase(4)]), busy, cores, gpu))
    assert found.passed is passed
    assert named in found.sentence


def test_with_another_user_there_is_no_verdict() -> None:
    judged = assess(samples(farm("parallel", [phase(4)]), 1, None, None))
    assert judged.phases[0].outcome == Outcome.INCONCLUSIVE
    assert "requests" in judged.answer.sentence


def test_one_stale_gauge_is_no_user() -> None:
    run = samples(farm("parallel", [phase(4)]), 0, None, None)
    first = next(s for s in run.server_samples if s.base_url == PORT and s.asked_s > run.manifest.quiet[0][0])
    stale = tuple(replace(s, busy=1) if s is first else s for s in run.server_samples)
    assert condition(replace(run, server_samples=stale)).passed is True


def test_a_run_that_did_not_watch_says_what_a_steady_user_would_do() -> None:
    run = farm("parallel", [phase(4)])
    assert any(r.kind == BASELINE for r in run.log.records)
    found = condition(run)
    assert found.passed is None and "1.33, 1.60 and 1.78" in found.sentence


def test_a_process_that_needs_no_processor_for_an_answer_shows_no_user() -> None:
    found = condition(samples(farm("parallel", [phase(4)]), None, 0.03, None, alone_cores=0.04))
    assert found.passed is None and "2N/(N+1)" in found.sentence
