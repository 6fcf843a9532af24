"""The words of `right`, in the order in which they are tried, and what an answer said.

To add a word: here, its rule in `result.py`, its sentence in `sentences.py`, a row in docs/METHODOLOGY.md.
"""

from enum import StrEnum

from analysis.prompts.finding import PromptsWord
from analysis.verdict.outcomes import Outcome


class RightWord(PromptsWord):
    """Are the answers right, together as alone?"""

    MIXED_UP = "mixed-up"  # an answer carried the code of a request that was open then
    LEFT_OVER = "left-over"  # … of one that had ended
    GARBLED = "garbled"
    WORSE = "worse"
    TOO_WEAK = "too-weak"  # the model cannot tell a code back even alone
    RIGHT = "right"
    INCONCLUSIVE = Outcome.INCONCLUSIVE.value

    @property
    def is_wrong(self) -> bool:
        """True for what stands before every other verdict of the run."""
        return self in (RightWord.MIXED_UP, RightWord.LEFT_OVER, RightWord.GARBLED, RightWord.WORSE)

    @property
    def colour(self) -> str:
        if self.is_wrong:
            return "red"
        return "green" if self is RightWord.RIGHT else "yellow"


class Said(StrEnum):
    """Whose code or unique prefix an answer holds; the column `said`."""

    OWN = "own"
    FOREIGN_OPEN = "foreign-open"  # of another request, open at that time
    FOREIGN_ENDED = "foreign-ended"  # of another request, ended before this one was sent
    UNSENT = "unsent"  # a code that no request had carried yet: chance
    DECOY = "decoy"  # a code that no request ever carries: chance
    NONE = "none"

    @property
    def is_foreign(self) -> bool:
        return self in (Said.FOREIGN_OPEN, Said.FOREIGN_ENDED)

    @property
    def is_chance(self) -> bool:
        return self in (Said.UNSENT, Said.DECOY)
