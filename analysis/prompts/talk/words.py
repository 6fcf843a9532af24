"""The words of a phase of kind `talk`."""

from analysis.prompts.finding import PromptsWord


class TalkWord(PromptsWord):
    """What becomes of a history when others talk, too."""

    KEPT = "kept"
    PARTLY = "partly"  # of some users
    LOST = "lost"  # alone it is kept
    TAKEN_OVER = "taken-over"  # lost although a slot is free, or because of a common system message
    NEVER = "never"  # not even alone
    UNKNOWN = "unknown"

    @property
    def colour(self) -> str:
        return "green" if self is TalkWord.KEPT else "yellow"
