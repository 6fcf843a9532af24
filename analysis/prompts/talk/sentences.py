"""What is said of conversations: the two lines, the notes, the table."""

from collections.abc import Sequence
from statistics import median

from analysis.files.plan import IN_TURN
from analysis.prompts.talk.groups import GroupFound, alone_of, fewest
from analysis.prompts.talk.parts import STRANGER, SYSTEM
from analysis.prompts.talk.verdict import Warm
from analysis.prompts.talk.words import TalkWord
from analysis.report.words import number

HEADER = ("part", "users", "users kept", "turns kept", "read of sent, last turn", "first token, s")


def lines_of(word: TalkWord, groups: Sequence[GroupFound], warm: Warm) -> tuple[str, ...]:
    """Two lines that a newcomer understands; the second one says how many stay warm."""
    return (_first(word, groups), *_warm_line(warm))


def _first(word: TalkWord, groups: Sequence[GroupFound]) -> str:
    alone = alone_of(groups)
    own = _read_of_sent(alone)
    beside = fewest(groups, IN_TURN)
    people = f"{beside.part.users} people" if beside else "others"
    match word:
        case TalkWord.KEPT:
            return f"A turn reads its new words only, alone and with {people}: {own} tokens."
        case TalkWord.LOST:
            return (
                f"Alone a turn reads {own} tokens; with {people} everything again: {_read_of_sent(beside)}."
            )
        case TalkWord.PARTLY:
            kept = beside.users_kept if beside else None
            return f"With {people} the history of {kept} is kept, that of the others is read again."
        case TalkWord.TAKEN_OVER:
            lost = beside if beside and beside.users_kept == 0 else fewest(groups, SYSTEM)
            why = "a common system message" if lost and lost.part.order == SYSTEM else "each other"
            return (
                f"People lose their histories to {why} although a slot is free: alone a turn reads {own} "
                f"tokens, with {people} {_read_of_sent(lost)}."
            )
        case TalkWord.NEVER:
            return f"Not even alone: every turn reads everything, {own} tokens."
        case TalkWord.UNKNOWN:
            silent = "the server tells nothing of its cache, and reading is too quick to be timed"
            return f"Nothing can be said: {silent}."


def _warm_line(warm: Warm) -> tuple[str, ...]:
    if warm.kept_with is None and warm.lost_with is None:
        return ()
    if warm.lost_with is None:
        return (f"At least {warm.kept_with} conversations stay warm; more were not tried.",)
    if warm.kept_with is None:
        return (f"Of {warm.lost_with} conversations not all stay warm; fewer were not tried.",)
    return (f"Up to {warm.kept_with} conversations stay warm, of {warm.lost_with} not all do.",)


def notes_of(groups: Sequence[GroupFound]) -> tuple[str, ...]:
    notes = []
    stranger = fewest(groups, STRANGER)
    if stranger is not None and stranger.users_kept == 0:
        notes.append("One unrelated request between turns is enough to lose a history.")
    alone, beside = alone_of(groups), fewest(groups, IN_TURN)
    if alone and beside and alone.first_tokens_s and beside.first_tokens_s:
        cost = median(beside.first_tokens_s) / median(alone.first_tokens_s)
        notes.append(
            f"The first token of a last turn comes {number(cost)} times as late with others as alone."
        )
    return tuple(notes)


def row_of(g: GroupFound) -> tuple[str, ...]:
    turns = g.turns
    kept = "–" if g.users_kept is None else f"{g.users_kept} of {g.part.users}"
    first = g.first_tokens_s
    return (
        g.part.order,
        str(g.part.users),
        kept,
        f"{sum(t.kept is True for t in turns)} of {len(turns)}",
        _read_of_sent(g),
        number(median(first)) if first else "–",
    )


def _read_of_sent(g: GroupFound | None) -> str:
    if g is None or g.sent is None:
        return "–"
    return f"{'?' if g.read is None else f'{g.read:.0f}'} of {g.sent:.0f}"
