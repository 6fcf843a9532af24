"""Tokens that a proxy gathers are named as lumps; those of a fast model that share a packet are not."""

from dataclasses import replace

import pytest

from analysis.assess import assess
from analysis.report.figures.run import run_figures
from analysis.report.sections.run import notes
from tests.support.farm import farm, phase
from tests.support.runs import changed


@pytest.mark.parametrize(
    ("per_arrival", "gap_s", "size"), [(12, 0.4, 12), (2, 0.1, 2), (1, 0.4, None), (12, 0.01, None)]
)
def test_lumps_are_named_with_their_size(per_arrival: int, gap_s: float, size: int | None) -> None:
    run = changed(
        farm("serial", [phase(2)]),
        lambda r: replace(r, chunks=36, arrivals=36 // per_arrival, longest_gap_s=gap_s),
    )
    assessment = assess(run)
    said = " ".join(notes(assessment, run_figures(assessment)))
    assert (f"tokens come in lumps of {size}: TTFT and TPOT are the proxy's" in said) is (size is not None)
    assert ("lumps" in said) is (size is not None)
