"""The words of a phase of kind `stall`."""

from analysis.prompts.finding import PromptsWord


class StallWord(PromptsWord):
    """In the order in which they are tried: the first that fits."""

    QUEUED = "queued"  # the newcomer waits for an answer to end
    UNKNOWN = "unknown"
    HARDLY = "hardly"
    FROZEN = "frozen"  # the others stand still as long as it is read, in one piece
    IN_PIECES = "in-pieces"  # as long in all, with a token now and then
    SLOWED = "slowed"

    @property
    def colour(self) -> str:
        return "green" if self is StallWord.HARDLY else "yellow"
