"""What a phase of kind `right` asks, batch by batch; pure, so that simulated servers are asked the same.

forms (ten codes each, alone, until one is told back) → half of the pairs alone → each number of users, all
pairs → the other half alone → churn → ten codes alone again → the same open questions alone, alone, together.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from analysis.prompts.right.answers import (
    AGAIN,
    ALONE,
    FORMS,
    LEVEL,
    TEXTS,
    TEXTS_TOGETHER,
)
from analysis.thresholds import CHURN_SHORT_TOKENS, FORM_TRIES

FORM_COUNT = 3
RECALL_TOKENS = 24  # of an answer that tells a code back
CHURN_TOKENS = (CHURN_SHORT_TOKENS, 16, 64)
CHURN_PER_PAIR = 1.5  # a third of its answers is cut before it can tell its code
QUESTIONS = (
    "Describe the nature of time.",
    "Explain how a bicycle stays upright.",
    "Tell a short story about a lighthouse.",
    "What makes bread rise?",
    "Compare rivers and roads.",
    "Why is the sky blue?",
    "Give advice to somebody who learns to swim.",
    "How do birds find their way?",
)
TEXT_TOKENS = 96


@dataclass(frozen=True, slots=True)
class Batch:
    """Requests that leave at one instant, by their pair (None: of none); each carries the next code."""

    part: str
    round: int
    pairs: tuple[int | None, ...]
    tokens: int
    users: int = 1

    @property
    def is_open(self) -> bool:
        """Whether these are open questions, which carry no code; their numbers are the pairs."""
        return self.part == TEXTS

    @property
    def part_of_row(self) -> str:
        """The column `part` of its rows."""
        return str(self.users) if self.part == LEVEL else self.part


def codes_needed(pairs: int, levels: Sequence[int]) -> int:
    """At most: forms, every pair alone and at each level, churn, all this twice, and ten at the end."""
    together = sum(len(level(range(pairs), users, 0)) * users for users in levels)
    return FORM_COUNT * FORM_TRIES + 2 * (pairs + together + churn_requests(pairs)) + FORM_TRIES


def churn_requests(pairs: int) -> int:
    """So many, of which two in three have room for their code."""
    return round(CHURN_PER_PAIR * pairs)


def form_tries(form: int, tokens: int) -> list[Batch]:
    """The codes that this form is tried with, alone; its number is the round."""
    return [Batch(FORMS, form, (None,), tokens)] * FORM_TRIES


def alone(pairs: Sequence[int], tokens: int) -> list[Batch]:
    """Each of these alone."""
    return [Batch(ALONE, pair, (pair,), tokens) for pair in pairs]


def again(tokens: int) -> list[Batch]:
    """Codes alone, after everything else."""
    return [Batch(AGAIN, i, (None,), tokens) for i in range(FORM_TRIES)]


def level(pairs: Sequence[int], users: int, tokens: int, first_round: int = 0) -> list[Batch]:
    """All pairs with so many at once; the last round is filled up with the first ones."""
    found = []
    for index, start in enumerate(range(0, len(pairs), users)):
        chosen = tuple(pairs[i % len(pairs)] for i in range(start, start + users))
        found.append(Batch(LEVEL, first_round + index, chosen, tokens, users))
    return found


def churn_limits(pairs: int, seed: int) -> list[int]:
    """The token limits of those who ask again as soon as they are answered; at random, so they fall apart."""
    chance = random.Random(seed)
    return [chance.choice(CHURN_TOKENS) for _ in range(churn_requests(pairs))]


def same_texts() -> list[Batch]:
    """Open questions, each alone, each alone once more, then all together."""
    every = tuple(range(len(QUESTIONS)))
    lone = [Batch(TEXTS, time, (q,), TEXT_TOKENS) for time in range(TEXTS_TOGETHER) for q in every]
    return [*lone, Batch(TEXTS, TEXTS_TOGETHER, every, TEXT_TOKENS, len(every))]
