"""Numbers as short texts, the same in every report. Units stand beside them, in the label of the row."""

from collections.abc import Sequence

from analysis.report.figures.phase import PhaseFigures
from analysis.statistics.estimates import Estimate

NONE = "–"
SUMMED_PORTS = 4  # of more ports the figures are not set side by side: too wide to read
TOPOLOGIES = {"one-port": "one port", "ports": "ports", "programs": "programs", "machines": "machines"}


def number(value: float | None, digits: int = 3) -> str:
    """Three significant digits, without an exponent, and never fewer than the integer part has."""
    if value is None:
        return NONE
    rounded = float(f"{value:.{digits}g}")  # first: 9.996 has two digits before the point
    whole = len(str(int(abs(rounded)))) if abs(rounded) >= 1 else 1
    return f"{value:.{max(digits - whole, 0)}f}"


def interval(estimate: Estimate | None, digits: int = 3) -> str:
    """`1.98 [1.93, 2.03]`; without an interval it says how many values there were."""
    if estimate is None:
        return NONE
    if estimate.low is None:
        return f"{number(estimate.value, digits)} (n = {estimate.n})"
    high = "not identifiable" if estimate.high is None else number(estimate.high, digits)
    return f"{number(estimate.value, digits)} [{number(estimate.low, digits)}, {high}]"


def percent(share: float | None, sign: str = "") -> str:
    if share is None:
        return NONE
    return f"{round(share, 2) + 0.0:{sign}.0%}".replace("%", " %")  # + 0.0: never -0 %


def topology(p: PhaseFigures) -> str:
    if p.topology == "programs" and p.ports > 2:
        return f"{p.ports} ports"  # of several programs, but some may be of one
    return "one port" if p.topology == "one-port" else f"{p.ports} {TOPOLOGIES[p.topology]}"


def whole_labels(labels: Sequence[str]) -> list[str]:
    """Labels of rows without their indents: a part begins with what it is a part of, less its unit."""
    found, whole = [], ""
    for label in labels:
        if not label.startswith(" "):
            whole = label.partition(",")[0].partition(":")[0]
        found.append(f"{whole}: {label.strip()}" if label.startswith(" ") else label)
    return found
