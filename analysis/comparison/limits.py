"""`--fail-if "speedup<0.9*base"`: a limit that each run must keep, so that a comparison can stand in a CI."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from analysis.comparison.figures import QUANTITIES, ComparedPhase, ComparedRun
from analysis.errors import RunError
from analysis.report.words import interval, number
from analysis.statistics.estimates import Estimate

FORM = re.compile(
    r"\s*(?:(?P<phase>[^<>]+)\.)?(?P<key>\w+)\s*(?P<sign>[<>])\s*"
    r"(?P<bound>\d+(?:\.\d+)?|\.\d+)\s*(?P<base>\*\s*base)?\s*"
)


@dataclass(frozen=True, slots=True)
class Limit:
    """Broken where the quantity is below (`<`) or above (`>`) the bound; `of_base`: times the base run's."""

    text: str
    phase: str | None  # None: every phase
    key: str
    below: bool
    bound: float
    of_base: bool


@dataclass(frozen=True, slots=True)
class CheckedLimit:
    """One limit at one phase of one run. `broken`: None where the data do not decide."""

    limit: str
    phase: str
    run: str
    broken: bool | None
    sentence: str


def read_limit(text: str) -> Limit:
    """Raises RunError: the form, or a quantity that is not compared."""
    found = FORM.fullmatch(text)
    if found is None:
        raise RunError(f'--fail-if {text!r}: write it as in "speedup<0.9*base" or "phase2.ttft_s>1.5"')
    keys = [q.key for q in QUANTITIES]
    if found["key"] not in keys:
        raise RunError(f"--fail-if {text!r}: {found['key']} is none of {', '.join(keys)}")
    below, bound = found["sign"] == "<", float(found["bound"])
    return Limit(text.strip(), found["phase"], found["key"], below, bound, bool(found["base"]))


def check(limit: Limit, runs: Sequence[ComparedRun], phases: Sequence[ComparedPhase]) -> list[CheckedLimit]:
    """The limit at every phase that it names, for every run but the base. Raises RunError: no such phase.

    A limit without `base` holds for the base run as well: then one run is enough. It is broken only where the
    whole 95 % interval lies beyond it, so that noise alone breaks at most one such check in forty.
    """
    named = [p for p in phases if limit.phase in (None, p.name)]
    if not named:
        names = ", ".join(p.name for p in phases)
        raise RunError(f"--fail-if {limit.text!r}: the phases compared are {names}")
    if limit.of_base and len(runs) < 2:
        raise RunError(f"--fail-if {limit.text!r}: `base` is the first of at least two runs")
    found = []
    for phase in named:
        values = (phase.ratios if limit.of_base else phase.values)[limit.key]
        for run, value, shown in zip(runs, values, phase.shown, strict=True):
            if shown is not None and not (limit.of_base and run is runs[0]):
                found.append(_checked(limit, phase.name, run.name, value))
    return found


def _checked(limit: Limit, phase: str, run: str, value: Estimate | None) -> CheckedLimit:
    what = f"{phase} of {run}: {limit.key} is "
    times = " times the base's" if limit.of_base else ""
    if value is None:
        return CheckedLimit(limit.text, phase, run, None, f"{what}not known")
    beyond = value.value < limit.bound if limit.below else value.value > limit.bound
    end = value.high if limit.below else value.low
    surely = end is not None and (end < limit.bound if limit.below else end > limit.bound)
    broken = True if surely else None if beyond else False
    side = "below" if limit.below else "above"
    words = {
        True: f"surely {side} {number(limit.bound)}",
        None: f"{side} {number(limit.bound)}, but its interval reaches beyond: more rounds decide",
        False: f"not {side} {number(limit.bound)}",
    }[broken]
    return CheckedLimit(limit.text, phase, run, broken, f"{what}{interval(value)}{times}, {words}")
