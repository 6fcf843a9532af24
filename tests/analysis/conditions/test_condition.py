"""A hint stands beside a condition that fails or is unknown, and never beside one that holds."""

from dataclasses import replace

import pytest

from analysis.assess import assess
from analysis.conditions.condition import Condition
from analysis.report.sections.conditions import condition_sections
from analysis.report.sections.section import Conditions
from tests.support.farm import farm, phase


@pytest.mark.parametrize(("passed", "advice"), [(True, ""), (False, "do this"), (None, "do this")])
def test_a_hint_is_advice_unless_the_condition_holds(passed: bool | None, advice: str) -> None:
    assert Condition("a name", passed, "a sentence", "do this").advice == advice


def test_the_report_says_how_an_unknown_condition_can_be_told() -> None:
    """One phase cannot be predicted from another one, and its server's processes are not seen from here."""
    run = farm("port-serial", [phase(2)])
    targets = tuple(replace(t, pid=None) for t in run.manifest.targets)
    (section,) = condition_sections(assess(replace(run, manifest=replace(run.manifest, targets=targets))))
    rows = next(part for part in section.parts if isinstance(part, Conditions)).items
    hints = {row.name: row.hint for row in rows if row.passed is None}
    assert "own machine" in hints["distinct servers"] and "other numbers of users" in hints["machine model"]
    assert not any(row.hint for row in rows if row.passed)
