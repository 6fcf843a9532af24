"""When "nine in ten answers meet the target" is shown for a level, and when it is refuted.

By count: the ladder of `thresholds` holds for one who looks after every answer (exact, by dynamic
programming; tests/analysis/capacity recomputes it). By room: a one-sided tolerance bound of the margins
(noncentral t). Pooled: answers of higher levels can only understate a lower one.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy.special import betainc, nctdtrit, ndtri

from analysis.capacity.answers import Answer
from analysis.capacity.levels import Level
from analysis.statistics.estimates import percentile
from analysis.thresholds import (
    LADDERS,
    MOST_MISSES,
    REFUTED_LEVEL,
    ROOM_ANSWERS,
    ROOM_FIRST,
    ROOM_LEVEL,
    SPAN_DURATIONS,
    SPELL_SOLOS,
)

COUNT, ROOM, POOLED = "count", "room", "pooled"


@dataclass(frozen=True, slots=True)
class Pace:
    """Of the machine: seconds of an answer alone, and how alike answers of one spell are (0 to 1)."""

    solo_s: float = 0.0  # 0: unknown, and all answers are taken for independent
    alike: float = 0.0


@dataclass(frozen=True, slots=True)
class Shown:
    """What shows it: so many of so many met the target, by this rule, at this confidence."""

    met: int
    of: int
    confidence: float
    by: str


def shown(level: Level, higher: Sequence[Level], lower_missed: bool, pace: Pace) -> Shown | None:
    """What shows that nine in ten meet the target at this level; None if nothing does."""
    if not spans(level.answers):
        return None
    return (
        by_count(level.answers, pace)
        or (None if lower_missed else by_room(level.answers, pace))
        or _pooled(level, higher, pace)
    )


def by_count(answers: Sequence[Answer], pace: Pace) -> Shown | None:
    """By the ladder of the highest confidence that the answers reach with at most two misses."""
    n, misses = len(answers), sum(not a.met for a in answers)
    for confidence, ladder in LADDERS.items():
        if misses < MOST_MISSES and n >= ladder[misses] * design_effect(answers, pace):
            return Shown(n - misses, n, confidence, COUNT)
    return None


def by_room(answers: Sequence[Answer], pace: Pace, least: int = ROOM_ANSWERS) -> Shown | None:
    """By the room between the answers and the target: for what is far from the edge."""
    n = len(answers)
    if n < least or not all(a.met for a in answers):
        return None
    margins = np.array([a.margin for a in answers])
    independent = max(int(n / design_effect(answers, pace, all_levels=True)), 2)
    if float(margins.mean()) - tolerance_factor(independent) * float(margins.std(ddof=1)) < 0:
        return None
    return Shown(n, n, ROOM_LEVEL, ROOM)


def _pooled(level: Level, higher: Sequence[Level], pace: Pace) -> Shown | None:
    """With the answers of higher levels, the next higher first: a share does not rise with the users."""
    answers = list(level.answers)
    effective = len(answers) / design_effect(answers, pace)
    for above in higher:
        answers += above.answers
        effective += len(above.answers) / design_effect(above.answers, pace)
        misses = sum(not a.met for a in answers)
        for confidence, ladder in LADDERS.items():
            if misses < len(ladder) and effective >= ladder[misses]:
                return Shown(len(answers) - misses, len(answers), confidence, POOLED)
    return None


def alone_by_room(answers: Sequence[Answer]) -> Shown | None:
    """The first eight answers of one user, if nothing else was shown."""
    return by_room(answers, Pace(), ROOM_FIRST)


def refuted(met: int, of: int, share: float = 0.9) -> bool:
    """Whether surely (2 %) fewer than this share meet the target: exact binomial."""
    misses = of - met
    return misses > 0 and float(betainc(misses, of - misses + 1, 1 - share)) < 1 - REFUTED_LEVEL


def design_effect(answers: Sequence[Answer], pace: Pace, all_levels: bool = False) -> float:
    """How many answers are worth one independent one; at least 1.

    A machine whose own pace wanders gives answers alike within a spell; how much, this level shows or,
    where it is more, all levels of the run together.
    """
    if len(answers) < ROOM_ANSWERS or pace.solo_s <= 0:
        return 1.0
    size = len(answers) / len(_spells(answers, pace.solo_s))
    own = alike([answers], pace.solo_s)
    return max(1 + (size - 1) * (max(pace.alike, own) if all_levels else own), 1.0)


def alike(levels: Sequence[Sequence[Answer]], solo_s: float) -> float:
    """Intraclass correlation of the margins of answers sent in one spell; 0 unless it is beyond chance.

    One-way analysis of variance within each level, pooled over the levels.
    """
    between = within = sizes = 0.0
    of_spells, of_answers = 0, 0  # degrees of freedom
    for answers in levels:
        spells = _spells(answers, solo_s)
        n, k = len(answers), len(spells)
        if k < 2 or n <= k:
            continue
        mean = math.fsum(a.margin for a in answers) / n
        for spell in spells:
            its_mean = math.fsum(spell) / len(spell)
            between += len(spell) * (its_mean - mean) ** 2
            within += math.fsum((m - its_mean) ** 2 for m in spell)
        sizes += n - sum(len(spell) ** 2 for spell in spells) / n
        of_spells, of_answers = of_spells + k - 1, of_answers + n - k
    if not of_spells or within <= 0:
        return 0.0
    between, within = between / of_spells, within / of_answers
    if between / within <= 1 + math.sqrt(2 / of_spells):
        return 0.0
    return max((between - within) / (between + (sizes / of_spells - 1) * within), 0.0)


def _spells(answers: Sequence[Answer], solo_s: float) -> list[list[float]]:
    """The margins, by spells of sending."""
    spells: dict[int, list[float]] = {}
    for answer in answers:
        spell = int((answer.sent_s - answers[0].sent_s) / (SPELL_SOLOS * solo_s))
        spells.setdefault(spell, []).append(answer.margin)
    return list(spells.values())


def spans(answers: Sequence[Answer]) -> bool:
    """Whether the answers reach over two of the longest durations: less may be one wave."""
    if not answers:
        return False
    longest_s = percentile([a.duration_s for a in answers], 0.95)
    return max(a.end_s for a in answers) - answers[0].sent_s >= SPAN_DURATIONS * longest_s


@cache
def tolerance_factor(n: int) -> float:
    """k of the one-sided tolerance bound mean − k·s.d.: nine tenths lie above it (Owen 1963)."""
    root = math.sqrt(n)
    return float(nctdtrit(n - 1, float(ndtri(0.9)) * root, ROOM_LEVEL)) / root
