"""The codes that requests carry and ask back, and the questions they are asked with.

Any two of the numbers differ in three digits at least, neighbours swapped included: a slip of the model
never makes one code of another. Half of them are decoys, which no request ever carries.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

MOD = 11  # prime, so that two checks make any two codes differ in three of their six places
DIGITS = 6
FORMS = 3  # ways to ask; the first that a model tells back is taken
WORDS_FORM = 2  # the form whose codes are pairs of words, counted from 0
FEWEST_DISTINCT = 4  # digits of a code: 111211 is too easy to repeat, and to happen upon
EXAMPLES = ("140772", "905318")  # of the second form; no code: an example comes back as an echo

Message = dict[str, str]


@cache
def _numbers() -> tuple[str, ...]:
    """All six-digit numbers with Σx ≡ Σi·x ≡ 0 (mod 11), x the digit at place i."""
    found = []
    for head in range(1000, 10_000):
        digits = [int(c) for c in str(head)]
        plain, weighted = sum(digits), sum(i * x for i, x in enumerate(digits, start=1))
        last = (5 * plain - weighted) % MOD
        fifth = (-plain - last) % MOD
        code = f"{head}{fifth}{last}"
        if max(fifth, last) < 10 and len(set(code)) >= FEWEST_DISTINCT and code not in EXAMPLES:
            found.append(code)
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Codes:
    """The codes of a run in the order they are carried, and as many decoys."""

    carried: tuple[str, ...]
    decoys: tuple[str, ...]


def numbers(seed: int, n: int) -> Codes:
    """`n` codes of six digits, and as many decoys."""
    return _halves(random.Random(seed).sample(_numbers(), 2 * n))


def pairs_of_words(seed: int, n: int, words: Sequence[str]) -> Codes:
    """`n` codes of two words, and as many decoys; those nearest in the list share no word."""
    shuffled = random.Random(seed).sample(words, len(words))
    of = len(shuffled)
    pairs = [f"{shuffled[i % of]} {shuffled[(i + of // 2 + i // of) % of]}" for i in range(2 * n)]
    return _halves(pairs)


def _halves(codes: list[str]) -> Codes:
    return Codes(tuple(codes[::2]), tuple(codes[1::2]))


MOST_CODES = 3_464  # of a run: there are 6,928 numbers, half of them decoys


def question(form: int, code: str) -> tuple[tuple[Message, ...], str]:
    """(the chat before, the question) that asks this code back, in the form of that number."""
    if form == 0:
        return (), f"The secret number is {code}. What is the secret number?"
    if form == WORDS_FORM:
        return (), f"The secret words are {code}. What are the secret words?"
    return ANSWERED, f"Repeat: {code}"


ANSWERED: tuple[Message, ...] = tuple(
    {"role": role, "content": text}
    for example in EXAMPLES
    for role, text in (("user", f"Repeat: {example}"), ("assistant", example))
)
