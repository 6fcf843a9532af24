"""When "nine in ten answers meet the target" is shown for a level, and when it is refuted.

By count: the ladder of `thresholds` holds for one who looks after every answer (exact, by dynamic
programming; tests/analysis/capacity recomputes it). By room: a one-sided tolerance bound of the margins
(noncentral t). Pooled: answers of higher levels can only understate a lower one.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

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
class Shown:
    """What shows it: so many of so many met the target, by this rule, at this confidence."""

    met: int
    of: int
    confidence: float
    by: str


def shown(level: Level, higher: Sequence[Level], lower_missed: bool, solo_s: float) -> Shown | None:
    """What shows that nine in ten meet the target at this level; None if nothing does."""
    if not spans(level.answers):
        return None
    return (
        by_count(level.answers, solo_s)
        or (None if lower_missed else by_room(level.answers))
        or _pooled(level, higher, solo_s)
    )


def by_count(answers: Sequence[Answer], solo_s: float) -> Shown | None:
    """By the ladder of the highest confidence that the answers reach with at most two misses."""
    n, misses = len(answers), sum(not a.met for a in answers)
    for confidence, ladder in LADDERS.items():
        if misses < MOST_MISSES and n >= ladder[misses] * design_effect(answers, solo_s):
            return Shown(n - misses, n, confidence, COUNT)
    return None


def by_room(answers: Sequence[Answer], least: int = ROOM_ANSWERS) -> Shown | None:
    """By the room between the answers and the target: for what is far from the edge."""
    n = len(answers)
    if n < least or not all(a.met for a in answers):
        return None
    margins = np.array([a.margin for a in answers])
    if float(margins.mean()) - tolerance_factor(n) * float(margins.std(ddof=1)) < 0:
        return None
    return Shown(n, n, ROOM_LEVEL, ROOM)


def _pooled(level: Level, higher: Sequence[Level], solo_s: float) -> Shown | None:
    """With the answers of higher levels, the next higher first: a share does not rise with the users."""
    answers = list(level.answers)
    effective = len(answers) / design_effect(answers, solo_s)
    for above in higher:
        answers += above.answers
        effective += len(above.answers) / design_effect(above.answers, solo_s)
        misses = sum(not a.met for a in answers)
        for confidence, ladder in LADDERS.items():
            if misses < len(ladder) and effective >= ladder[misses]:
                return Shown(len(answers) - misses, len(answers), confidence, POOLED)
    return None


def alone_by_room(answers: Sequence[Answer]) -> Shown | None:
    """The first eight answers of one user, if nothing else was shown."""
    return by_room(answers, ROOM_FIRST)


def refuted(met: int, of: int, share: float = 0.9) -> bool:
    """Whether surely (2 %) fewer than this share meet the target: exact binomial."""
    misses = of - met
    return misses > 0 and float(betainc(misses, of - misses + 1, 1 - share)) < 1 - REFUTED_LEVEL


def design_effect(answers: Sequence[Answer], solo_s: float) -> float:
    """How many answers are worth one independent one; at least 1.

    A machine whose own pace wanders gives answers alike within a spell. One-way analysis of variance of
    the margins by spells of sending; 1 unless they are more alike than chance.
    """
    if len(answers) < ROOM_ANSWERS or solo_s <= 0:
        return 1.0
    spell_s, since_s = SPELL_SOLOS * solo_s, answers[0].sent_s
    spells: dict[int, list[float]] = {}
    for answer in answers:
        spells.setdefault(int((answer.sent_s - since_s) / spell_s), []).append(answer.margin)
    n, k = len(answers), len(spells)
    if k < 2 or n <= k:
        return 1.0
    margins = [m for spell in spells.values() for m in spell]
    mean = math.fsum(margins) / n
    means = {key: math.fsum(spell) / len(spell) for key, spell in spells.items()}
    between = math.fsum(len(s) * (means[key] - mean) ** 2 for key, s in spells.items()) / (k - 1)
    within = math.fsum((m - means[key]) ** 2 for key, s in spells.items() for m in s) / (n - k)
    if within <= 0 or between / within <= 1 + math.sqrt(2 / (k - 1)):
        return 1.0
    size = (n - math.fsum(len(s) ** 2 for s in spells.values()) / n) / (k - 1)
    if size <= 0:
        return 1.0
    alike = (between - within) / (between + (size - 1) * within)
    return max(1 + (n / k - 1) * alike, 1.0)


def spans(answers: Sequence[Answer]) -> bool:
    """Whether the answers reach over two of the longest durations: less may be one wave."""
    if not answers:
        return False
    longest_s = percentile([a.duration_s for a in answers], 0.95)
    return max(a.end_s for a in answers) - answers[0].sent_s >= SPAN_DURATIONS * longest_s


@lru_cache(maxsize=None)
def tolerance_factor(n: int) -> float:
    """k of the one-sided tolerance bound mean − k·s.d.: nine tenths lie above it (Owen 1963)."""
    root = math.sqrt(n)
    return float(nctdtrit(n - 1, float(ndtri(0.9)) * root, ROOM_LEVEL)) / root
