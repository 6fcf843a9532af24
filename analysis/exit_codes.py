"""Every code with which a command of portlap ends. docs/COMMAND_LINE.md explains them to users."""

from typing import Final

from analysis.verdict.outcomes import Outcome

OK: Final = 0  # a verdict, or a free run's curve
FAULT: Final = 1  # ours, or Locust's
BAD_INPUT: Final = 2  # or a target that fails its check: nothing was measured
INCONCLUSIVE: Final = 3
INVALID: Final = 4
LIMIT_BROKEN: Final = 5  # of `compare --fail-if`
INTERRUPTED: Final = 130  # by Ctrl-C or a signal; there is a report of what was measured

OF_A_REPORT: Final = (OK, INCONCLUSIVE, INVALID)  # of a process that has written one


def of_verdict(outcome: Outcome | None) -> int:
    """The code of a run's verdict; None: a free run, which has none."""
    if outcome is Outcome.INCONCLUSIVE:
        return INCONCLUSIVE
    return INVALID if outcome is Outcome.INVALID else OK
