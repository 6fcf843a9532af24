"""The word of a phase of kind `talk`, how many conversations stay warm, and the conditions."""

from collections.abc import Sequence
from dataclasses import dataclass

from analysis.conditions.condition import Condition
from analysis.files.plan import IN_TURN, TOGETHER
from analysis.prompts.talk.groups import GroupFound, alone_of, fewest
from analysis.prompts.talk.line import Line
from analysis.prompts.talk.parts import STRANGER, SYSTEM
from analysis.prompts.talk.words import TalkWord
from analysis.thresholds import MAX_FAULTY, TALK_LINE_OFF, TALK_SPARE_TOKENS


@dataclass(frozen=True, slots=True)
class Warm:
    """How many conversations stay warm at a time."""

    kept_with: int | None  # the most users of whom all were kept
    lost_with: int | None  # the fewest of whom one was lost


def warm_of(groups: Sequence[GroupFound]) -> Warm:
    """By the parts in which one talks after another: it is how people type."""
    states = {
        g.part.users: g.users_kept == g.part.users
        for g in groups
        if g.part.order == IN_TURN and g.users_kept is not None
    }
    kept = [users for users, all_kept in states.items() if all_kept]
    lost = [users for users, all_kept in states.items() if not all_kept]
    return Warm(max(kept, default=None), min(lost, default=None))


def word_of(groups: Sequence[GroupFound], slots: int | None) -> TalkWord:
    """By the fewest people who talk beside each other; a system message or a stranger may still lose it."""
    alone = alone_of(groups)
    if alone is None or alone.users_kept is None:
        return TalkWord.UNKNOWN
    if not alone.users_kept:
        return TalkWord.NEVER
    words = [_word(g, slots) for order in (IN_TURN, TOGETHER) if (g := fewest(groups, order)) is not None]
    others = [_word(g, slots) for order in (SYSTEM, STRANGER) if (g := fewest(groups, order)) is not None]
    known = [w for w in words if w is not TalkWord.UNKNOWN]
    if not known:
        return TalkWord.UNKNOWN if words or not others else others[0]
    first = known[0]
    if first is TalkWord.KEPT:
        return next((w for w in (*known[1:], *others) if w not in (TalkWord.KEPT, TalkWord.UNKNOWN)), first)
    return first


def _word(g: GroupFound, slots: int | None) -> TalkWord:
    kept = g.users_kept
    if kept is None:
        return TalkWord.UNKNOWN
    if kept == g.part.users:
        return TalkWord.KEPT
    if kept:
        return TalkWord.PARTLY
    free = slots is not None and g.part.users <= slots and g.part.users > 1
    return TalkWord.TAKEN_OVER if g.part.order == SYSTEM or free else TalkWord.LOST


def told_truly(groups: Sequence[GroupFound]) -> Condition:
    """What the server tells of its cache against what its first tokens show."""
    compared = [t for g in groups for t in g.turns if t.told is not None and t.inferred is not None]
    if not compared:
        why = (
            "the server tells nothing of its cache"
            if not _tells(groups)
            else "its first tokens scatter too widely"
        )
        return Condition("cache told truly", None, why)
    off = sum(t.contradicts for t in compared)
    return Condition(
        "cache told truly",
        off <= MAX_FAULTY * len(compared),
        f"in {off} of {len(compared)} turns the first token shows other numbers than the server tells",
        "update the server; the words here go by the first tokens",
    )


def _tells(groups: Sequence[GroupFound]) -> bool:
    return any(t.told is not None for g in groups for t in g.turns)


def conditions_of(groups: Sequence[GroupFound], line: Line | None, failed: int) -> tuple[Condition, ...]:
    turns = [t for g in groups for t in g.turns]
    shrunk = sum(t.sent < t.history - TALK_SPARE_TOKENS for t in turns)
    return (
        Condition(
            "turns whole",
            failed == 0,
            f"{failed} requests failed" if failed else "no request failed",
            "see the errors in PREFIX_requests.csv",
        ),
        Condition(
            "history grew",
            shrunk == 0 if turns else None,
            f"in {shrunk} of {len(turns)} turns the prompt was shorter than the history",
            "the server or its template cuts the history: a larger context, or fewer turns",
        ),
        told_truly(groups),
        Condition(
            "line",
            None if line is None else line.off <= TALK_LINE_OFF,
            "first tokens do not grow with the prompt: too quick to be timed"
            if line is None
            else f"first tokens of cold prompts lie within {line.off * 100:.0f} % of a line",
            "longer first messages (first_words), or a quieter machine",
        ),
    )
