"""The analysis of n requests takes no more than n log n: measured between two sizes, in processor time."""

import math
import time
from collections.abc import Callable

import pytest

from analysis.assess import assess
from analysis.files.run import Run
from analysis.report.figures.run import run_figures
from analysis.report.sections import report_of
from tests.support.farm import farm, free_farm, phase
from tests.support.runs import watched

AT_MOST = 1.5  # exponent: n log n reads 1.1 to 1.3 here, n² reads 2


def rounds(requests: int) -> Run:
    """Two phases of 8 users and their solos, with samples of the servers every 4 s."""
    each = requests // 18
    run = farm("slots", [phase(8, 2, each, "p"), phase(8, 1, each, "control")], jitter=0.02)
    return watched(run, slots=2, every_s=4.0)


def users(requests: int) -> Run:
    """Three rounds of ever more users, beside a small phase; with the machine model and its replays."""
    return farm("slots", [phase(requests // 3, 2, 3, "p"), phase(2, 2, 3, "q")], jitter=0.02)


def free(requests: int) -> Run:
    return free_farm("slots", answers=requests // 7)


def took_s(run: Run) -> float:
    """The least of three: what else runs on the machine only adds."""
    least = math.inf
    for _ in range(3):
        began_s = time.process_time()
        assessment = assess(run)
        report_of(assessment, run_figures(assessment))
        least = min(least, time.process_time() - began_s)
    return least


@pytest.mark.alone
@pytest.mark.parametrize(
    ("made", "requests"), [(rounds, (1_000, 5_000)), (users, (600, 3_000)), (free, (7_000, 35_000))]
)
def test_analysis_grows_no_faster_than_n_log_n(made: Callable[[int], Run], requests: tuple[int, int]) -> None:
    small, large = map(made, requests)
    sizes = [len(run.log.records) for run in (small, large)]
    exponent = math.log(took_s(large) / took_s(small)) / math.log(sizes[1] / sizes[0])
    assert exponent < AT_MOST
