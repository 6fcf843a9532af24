"""What the HTML report draws of servers of known truth: staircase, pairs, load, failed rounds."""

import re
from pathlib import Path

import pytest

from analysis.__main__ import main
from analysis.assess import assess
from analysis.files.run import Run, file_of
from analysis.report.figures.run import run_figures
from analysis.report.pictures.charts import speedup_chart
from analysis.report.pictures.lane_rows import phase_lanes
from analysis.report.pictures.matrix import SHADES, matrix_chart
from analysis.report.pictures.staircase import staircase_chart
from analysis.report.pictures.svg import FORMS, point
from tests.analysis.verdict.test_limit import pairs
from tests.support.farm import farm, phase, targets_on
from tests.support.runs import failing, watched, write_run

LOADED = watched(farm("slots", [phase(8)]), slots=2)  # 2 ports with 2 slots, 4 requests each


def ranks(run: Run) -> tuple[float, ...]:
    return run_figures(assess(run)).phases[0].ttft_by_rank_s


def test_first_tokens_climb_where_requests_queue_and_lie_flat_where_they_do_not() -> None:
    """An answer takes 2 s alone, its first token 0.2 s."""
    assert ranks(farm("serial", [phase(4)])) == pytest.approx((0.2, 2.2, 4.2, 6.2), rel=0.01)
    assert ranks(farm("parallel", [phase(4)])) == pytest.approx((0.2,) * 4, rel=0.01)
    drawn = staircase_chart(run_figures(assess(farm("serial", [phase(4)]))).listed)
    assert drawn is not None and "phase2, 4 users: 0.20, 2.20, 4.20, 6.20 s" in drawn.svg


def test_ever_more_ports_with_one_user_each_are_one_curve() -> None:
    phases = [phase(n, ports=n, rounds=9, name=f"ports{n}") for n in (2, 4, 8)]
    run = farm("port-serial", [*phases, phase(2, ports=1, name="control")], targets=targets_on(8))
    drawn = speedup_chart(run_figures(assess(run)).listed)
    assert drawn is not None
    assert drawn.svg.count('class="series s0"') + drawn.svg.count('class="series s1"') == 2  # of three points
    assert drawn.svg.count('class="ceiling"') == 2 and "one user per port" in drawn.svg


def test_each_target_has_its_own_figures_where_one_is_slower() -> None:
    run = farm("parallel", [phase(4)], targets=targets_on(2, speeds=[1.0, 0.5]))
    fast, slow = run_figures(assess(failing(run, ("phase2", 0, 1)))).targets
    assert (fast.users, slow.users, fast.requests, slow.requests) == (2, 2, 10, 10)
    assert (fast.failed, slow.failed) == (0, 1)
    assert slow.ttft_alone_s == pytest.approx(2 * (fast.ttft_alone_s or 0.0), rel=0.01)
    paces = [t.answer_tokens_per_s.together for t in (fast, slow)]
    assert paces[0] is not None and paces[1] is not None
    assert paces[0].value == pytest.approx(2 * paces[1].value, rel=0.01)


def test_a_servers_own_load_stands_below_its_lanes() -> None:
    measured = [j.measured for j in assess(LOADED).phases]
    (shown,) = phase_lanes(measured, LOADED.server_samples)
    assert set(shown.loads) == {port for port, _ in shown.ports}
    for pieces in shown.loads.values():
        assert pieces[0].words == "2 busy, 2 waiting" and pieces[0].inside == "2 + 2"
        assert pieces[-1].left + pieces[-1].width == pytest.approx(100, abs=1)
    assert phase_lanes(measured)[0].loads == {}


def test_a_failed_round_is_drawn_beside_the_representative_one(tmp_path: Path) -> None:
    write_run(tmp_path / "x", failing(farm("serial", [phase(2)]), ("phase1", 1, 0), "HTTP 503: full"))
    main(["report", str(tmp_path / "x"), "--quiet"])
    page = file_of(tmp_path / "x", "report.html").read_text("utf-8")
    assert page.count('<b class="cross"') == 1 and "HTTP 503: full" in page
    assert len(re.findall(r"phase1: round \d of 5, 2 requests", page)) == 2


def test_the_matrix_is_as_dark_as_the_pairs_gain() -> None:
    found = pairs({("Ulysses", "Eternal"): "serial", ("Ulysses", "Night"): "parallel"}).matrix
    drawn = matrix_chart(found)
    assert drawn is not None
    assert drawn.svg.count('class="cell c0"') == 2 and drawn.svg.count(f'class="cell c{SHADES - 1}"') == 2
    assert re.search(r"Ulysses and Night: 1\.9\d of 1\.99, fully-parallel", drawn.svg)
    assert matrix_chart(()) is None


def test_series_are_told_apart_by_form_and_not_by_colour_alone() -> None:
    marks = {re.sub(r"s\d", "", point(50, 10, i)) for i in range(len(FORMS))}
    assert len(marks) == len(FORMS) == 4
