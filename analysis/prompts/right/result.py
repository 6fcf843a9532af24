"""`Right`: what the answers of a phase of kind `right` show, and its word."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from analysis.conditions.condition import Condition
from analysis.files.request_record import RequestRecord
from analysis.prompts.right.answers import (
    AGAIN,
    ALONE,
    CHURN,
    FORMS,
    LEVEL,
    LONE,
    TEXTS,
    TEXTS_TOGETHER,
    Foreign,
    Recalled,
    Share,
    by_pair,
    foreign,
    recalled,
    share,
)
from analysis.prompts.right.conditions import ALONE_AGAIN, right_conditions, stays_broken
from analysis.prompts.right.levels import RightLevel, churn_of, level_of, with_certainty
from analysis.prompts.right.words import RightWord, Said
from analysis.thresholds import FORM_GOOD, FORM_TRIES, RIGHT_MAYBE


class Astray(NamedTuple):
    """What one answer carried: the request that had asked it, its code, and the request that got it."""

    asked_by: int
    code: str | None
    got_by: int


@dataclass(frozen=True, slots=True)
class TextsDiffer:
    """Of `n` open questions, whose answers differ: asked alone twice, and together. Never a failure."""

    alone: int
    together: int
    n: int


@dataclass(frozen=True, slots=True)
class Right:
    """All numbers of one phase."""

    verdict: RightWord
    form: int | None  # that was taken; None if none was good enough
    best_form: Share
    pairs: int
    alone: Share
    before: Share  # of those asked alone, before the first round together
    after: Share  # and after it
    levels: tuple[RightLevel, ...]
    foreign: Foreign
    texts_differ: TextsDiffer | None
    conditions: tuple[Condition, ...]
    garbled_alone: int
    asked_alone: int
    astray: tuple[Astray, ...]

    @property
    def stays_broken(self) -> bool:
        """Whether it is surely worse alone, too, once it was asked together."""
        return stays_broken(self.before, self.after)

    @property
    def look_again(self) -> bool:
        """Whether twice as many pairs may settle it."""
        return self.verdict is RightWord.INCONCLUSIVE and all(c.passed is not False for c in self.conditions)

    @property
    def excluded_above(self) -> float | None:
        """The same for each level."""
        return max((level.excluded_above for level in self.levels), default=None)


def right(records: Sequence[RequestRecord], churn_users: int) -> Right:
    """What the rows of a phase of this kind show."""
    answers = recalled(records, churn_users)
    parts = {part: [a for a in answers if a.part == part] for part in (*LONE, LEVEL, CHURN, TEXTS)}
    form, best = _form(parts[FORMS])
    alone = by_pair(parts[ALONE])
    levels = [level_of(users, parts[LEVEL], alone) for users in sorted({a.users for a in parts[LEVEL]})]
    lone = [a for part in (ALONE, AGAIN) for a in parts[part] if a.scored]
    before, after = _around(lone, parts[LEVEL])
    if any(a.scored for a in parts[CHURN]):
        levels.append(churn_of(parts[CHURN], lone))
    levels = with_certainty(levels)
    found = Right(
        verdict=RightWord.INCONCLUSIVE,
        form=form,
        best_form=best,
        pairs=max((level.n for level in levels if not level.churn), default=0),
        alone=share(parts[ALONE]),
        before=before,
        after=after,
        levels=tuple(levels),
        foreign=foreign([a.row for a in answers]),
        texts_differ=_texts_differ(parts[TEXTS]),
        conditions=right_conditions(answers, levels, before, after),
        garbled_alone=sum(a.garbled is not None for a in lone),
        asked_alone=len(lone),
        astray=_astray(answers),
    )
    return replace(found, verdict=_verdict(found))


def _verdict(found: Right) -> RightWord:
    """The first word that matches. What was read in an answer needs no condition."""
    if found.foreign.mixed_up:
        return RightWord.MIXED_UP
    if found.foreign.left_over:
        return RightWord.LEFT_OVER
    fair = all(c.passed is not False for c in found.conditions if c.name != ALONE_AGAIN)
    if fair and any(level.broken for level in found.levels):
        return RightWord.GARBLED
    if found.form is None:
        return RightWord.TOO_WEAK
    if fair and (found.stays_broken or any(level.worse for level in found.levels)):
        return RightWord.WORSE
    if found.alone.right < FORM_GOOD * found.alone.n:
        return RightWord.TOO_WEAK
    if not fair or not found.levels:
        return RightWord.INCONCLUSIVE
    may_be = min(p for level in found.levels for p in (level.p, level.garbled_p))
    return RightWord.INCONCLUSIVE if may_be < RIGHT_MAYBE else RightWord.RIGHT


def _around(lone: Sequence[Recalled], levels: Sequence[Recalled]) -> tuple[Share, Share]:
    """The codes asked alone before the first round together, and those after it."""
    first = min((a.row.request_id for a in levels), default=0)
    return share(a for a in lone if a.row.request_id < first), share(
        a for a in lone if a.row.request_id > first
    )


def _form(tries: Sequence[Recalled]) -> tuple[int | None, Share]:
    """The form of the question that was told back best, counted from 1, and how often; None: too seldom.

    The rows of a form have its number as their round.
    """
    forms = sorted({a.row.round or 0 for a in tries})
    shares = {form: share([a for a in tries if (a.row.round or 0) == form]) for form in forms}
    if not shares:
        return None, Share(0, 0)
    best = max(shares, key=lambda form: (shares[form].right, -form))
    good = shares[best].right >= FORM_GOOD * FORM_TRIES
    return (best + 1 if good else None), shares[best]


def _astray(answers: Sequence[Recalled]) -> tuple[Astray, ...]:
    """Every code of another request, in the order the answers ended; those that were open first."""
    codes = {a.row.request_id: a.row.code for a in answers}
    rows = sorted((a for a in answers if a.said.is_foreign), key=lambda a: a.said is not Said.FOREIGN_OPEN)
    return tuple(
        Astray(a.row.said_of, codes.get(a.row.said_of), a.row.request_id)
        for a in rows
        if a.row.said_of is not None
    )


def _texts_differ(answers: Sequence[Recalled]) -> TextsDiffer | None:
    """Of the open questions that were answered all three times; the first answer is the measure."""
    texts: dict[int, dict[int, str]] = {}
    for a in answers:
        if not a.failed and a.row.text_hash is not None and a.row.turn is not None:
            texts.setdefault(a.row.turn, {})[a.row.round or 0] = a.row.text_hash
    whole = [t for t in texts.values() if {0, 1, TEXTS_TOGETHER} <= set(t)]
    if not whole:
        return None
    return TextsDiffer(
        alone=sum(t[0] != t[1] for t in whole),
        together=sum(t[0] != t[TEXTS_TOGETHER] for t in whole),
        n=len(whole),
    )
