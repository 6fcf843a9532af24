"""The answers of a phase of kind `right`: which part they belong to, what became of each code, foreign codes.

The column `part` says which: `forms`, `alone`, the number of users at once, `churn`, `again` or `texts`. Each
request carries a code of its own; `turn` is the number of its pair or open question, which is asked alone and
once more with each number of users.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from analysis.files.request_record import RequestRecord, same_model
from analysis.prompts.right.words import Said
from analysis.thresholds import CHURN_SHORT_TOKENS, FOREIGN_OVER_CHANCE, FOREIGN_WITH_CHANCE

FORMS, ALONE, LEVEL, CHURN, AGAIN, TEXTS = "forms", "alone", "level", "churn", "again", "texts"
LONE = (FORMS, ALONE, AGAIN)
TEXTS_TOGETHER = 2  # the round of the open questions that asks them together; 0 and 1 ask each alone
EMPTY, REPLACEMENT, REPEATS, SCRIPT = "empty", "replacement", "repeats", "script"  # ways to be garbled


@dataclass(frozen=True, slots=True)
class Recalled:
    """One answer of the phase."""

    part: str
    users: int  # at once; 1 of those asked alone
    row: RequestRecord
    garbled: str | None

    @property
    def said(self) -> Said:
        return Said(self.row.said) if self.row.said else Said.NONE

    @property
    def right(self) -> bool:
        return self.said is Said.OWN

    @property
    def failed(self) -> bool:
        """No answer came, or another model's: it is neither right nor wrong."""
        r = self.row
        return (r.error is not None and self.garbled != EMPTY) or not same_model(r.model, r.answered_model)

    @property
    def scored(self) -> bool:
        """Whether it had room to tell its code, and could."""
        r = self.row
        short = r.finish_reason == "length" and (r.tokens or 0) <= CHURN_SHORT_TOKENS
        return not self.failed and r.ended_by != "client" and not (self.part == CHURN and short)


def recalled(records: Iterable[RequestRecord], churn_users: int) -> list[Recalled]:
    """The answers of a phase, in the order they ended."""
    found = []
    for r in records:
        part = r.part or ""
        if part.isdecimal():
            found.append((LEVEL, int(part), r))
        elif part in (*LONE, CHURN, TEXTS):
            together = part == CHURN or (part == TEXTS and (r.round or 0) >= TEXTS_TOGETHER)
            found.append((part, churn_users if together else 1, r))
    usual = {s for part, users, r in found if users == 1 for s in (r.scripts or "").split()}
    return [Recalled(part, users, r, _garbled(r, usual)) for part, users, r in found]


def _garbled(r: RequestRecord, usual: set[str]) -> str | None:
    """How it is garbled; also by letters of a script that no answer alone used.

    A small model that has told its code and goes on to the limit repeats itself: that is no garbage.
    """
    if r.garbled == REPEATS and r.said == Said.OWN:
        return None
    foreign = set((r.scripts or "").split()) - usual
    return r.garbled or (SCRIPT if foreign and usual else None)


@dataclass(frozen=True, slots=True)
class Share:
    """So many right of so many."""

    right: int
    n: int


def share(answers: Iterable[Recalled]) -> Share:
    """Of the scored ones."""
    scored = [a for a in answers if a.scored]
    return Share(sum(a.right for a in scored), len(scored))


def by_pair(answers: Iterable[Recalled]) -> dict[int, Recalled]:
    """The scored ones by their pair; the first, where a last round was filled up with pairs once more."""
    found: dict[int, Recalled] = {}
    for a in answers:
        if a.scored and a.row.turn is not None:
            found.setdefault(a.row.turn, a)
    return found


def streams_together(rounds: Iterable[Sequence[Recalled]]) -> float | None:
    """The share of rounds in which two answers were written at the same time; None without streams."""
    seen = []
    for answers in rounds:
        spans = [
            (a.row.first_token_s, a.row.last_token_s)
            for a in answers
            if a.row.first_token_s is not None and a.row.last_token_s is not None
        ]
        if len(spans) > 1 and any(a < b for a, b in spans):
            ordered = sorted(spans)
            seen.append(any(b[0] < a[1] for a, b in pairwise(ordered)))
    return sum(seen) / len(seen) if seen else None


@dataclass(frozen=True, slots=True)
class Foreign:
    """What answers said that was not theirs; `chance`: codes that nobody had sent."""

    open: tuple[RequestRecord, ...] = ()
    ended: tuple[RequestRecord, ...] = ()
    chance: int = 0
    watched: int = 0  # answers

    @property
    def mixed_up(self) -> bool:
        return self._is_enough(len(self.open))

    @property
    def left_over(self) -> bool:
        return self._is_enough(len(self.ended))

    def _is_enough(self, found: int) -> bool:
        """One is enough, unless codes that nobody had sent were said as well: then chance says codes."""
        if not self.chance:
            return found > 0
        return found >= FOREIGN_WITH_CHANCE and found >= FOREIGN_OVER_CHANCE * self.chance


def foreign(records: Iterable[RequestRecord]) -> Foreign:
    """Of these rows, of whatever kind."""
    rows = [r for r in records if r.tokens]
    said = [(Said(r.said) if r.said else Said.NONE, r) for r in rows]
    return Foreign(
        open=tuple(r for s, r in said if s is Said.FOREIGN_OPEN),
        ended=tuple(r for s, r in said if s is Said.FOREIGN_ENDED),
        chance=sum(s.is_chance for s, _ in said),
        watched=len(rows),
    )
