"""What every condition of a verdict is: a test of the data with a name, an outcome and a sentence."""

from dataclasses import dataclass

from analysis.statistics.estimates import LogEstimate
from analysis.thresholds import SURELY

NOT_SURELY = "with this scatter not surely off"


@dataclass(frozen=True, slots=True)
class Condition:
    """`passed` is None where the data cannot tell: absence of data never passes and never fails."""

    name: str
    passed: bool | None
    sentence: str  # what was measured
    hint: str = ""  # what to do so that it holds, or so that the data can tell

    @property
    def advice(self) -> str:
        """The hint, unless the condition holds."""
        return "" if self.passed else self.hint


def surely_within(estimate: LogEstimate, band: tuple[float, float]) -> bool | None:
    """False if it lies surely (`SURELY`) outside the band, None if outside but not surely, else True."""
    if estimate.surely_outside(band, SURELY):
        return False
    return True if band[0] <= estimate.value <= band[1] else None
