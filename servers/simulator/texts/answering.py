"""What a simulated model answers: the code that it was asked for, another's, or nonsense. No I/O."""

import random
import re
from dataclasses import dataclass, field

from servers.simulator.texts.keys import TextKeys

PREFIX = re.compile(r"\[\d{3} \d{3} \d{3}\]")
RECALLS = (
    re.compile(r"secret (number) is (\d{6})"),
    re.compile(r"secret (words) are (\w+ \w+)"),
    re.compile(r"(Repeat): (\d{6})(?!.*\d{6})", re.DOTALL),
)
RECALL_TOKENS = 8  # of an answer that tells a code back
MOST_KEPT = 64  # requests that have ended


@dataclass(frozen=True, slots=True)
class Asked:
    """What one request asks."""

    prefix: str
    kind: str = ""  # "" for an open question, which is answered with its prefix and words
    code: str = ""


def asked(prompt: str) -> Asked:
    """What this prompt asks for."""
    prefixes = PREFIX.findall(prompt)
    for pattern in RECALLS:
        if found := pattern.search(prompt):
            return Asked(prefixes[-1] if prefixes else "", found[1], found[2])
    return Asked(prefixes[-1] if prefixes else "")


@dataclass
class Answering:
    """State of one port: what is asked there now, and what was asked."""

    keys: TextKeys
    open: dict[int, Asked] = field(default_factory=dict)
    ended: list[Asked] = field(default_factory=list)
    before: dict[int, list[Asked]] = field(default_factory=dict)  # what had ended when each came

    def comes(self, number: int, prompt: str, limit: int) -> int:
        """How many tokens its answer will have, whatever it says."""
        self.open[number] = asked(prompt)
        self.before[number] = self.ended
        return min(limit, RECALL_TOKENS) if self.open[number].code else limit

    def goes(self, number: int) -> None:
        question = self.open.pop(number, None)
        self.before.pop(number, None)
        if question is not None:
            self.ended = [*self.ended[1 - MOST_KEPT :], question]

    def pieces(self, number: int, tokens: int, chance: random.Random) -> list[str]:
        """The answer, decided when its first token is due: who is open then counts."""
        keys, mine = self.keys, self.open[number]
        with_faults = len(self.open) >= keys.wrong_from
        others = [a for i, a in self.open.items() if i != number]
        if with_faults and others and chance.random() < keys.mixes_up:
            return _split(_told(chance.choice(others), chance, 1.0, tokens), tokens)
        if with_faults and self.before[number] and chance.random() < keys.leaves_over:
            return _split(_told(chance.choice(self.before[number]), chance, 1.0, tokens), tokens)
        if with_faults and chance.random() < keys.garbles:
            return _garbage(tokens, chance)
        knows = keys.knows if keys.knows is not None else 1.0
        if with_faults and keys.knows_together is not None:
            knows = keys.knows_together
        text = _told(mine, chance, knows, tokens)
        if chance.random() < keys.text_differs:
            text = f"Well: {text}"
        return _split(text, tokens)


def _told(question: Asked, chance: random.Random, knows: float, tokens: int) -> str:
    if not question.code:
        return " ".join([question.prefix, "is what you began with;", *(f"w{i}" for i in range(tokens))])
    code = question.code if chance.random() < knows else _slip(question.code, chance)
    return code if question.kind == "Repeat" else f"The secret {question.kind} is {code}."


def _slip(code: str, chance: random.Random) -> str:
    """As models get it wrong: a digit changed, dropped or swapped, another number, no number."""
    if not code.isdecimal():
        return chance.choice([code.split()[0], "I do not know", code.split()[1]])
    at = chance.randrange(5)
    other = str(chance.randrange(10))
    return chance.choice(
        [
            f"{code[:at]}{other if other != code[at] else (int(other) + 1) % 10}{code[at + 1 :]}",
            code[:at] + code[at + 1 :],
            code[:at] + code[at + 1] + code[at] + code[at + 2 :] if code[at] != code[at + 1] else code[1:],
            str(chance.randrange(100_000, 1_000_000)),
            "a secret",
        ]
    )


def _garbage(tokens: int, chance: random.Random) -> list[str]:
    return chance.choice([[""] * tokens, _split("ok \ufffd\ufffd go", tokens), ["la "] * tokens])


def _split(text: str, tokens: int) -> list[str]:
    """Cut into so many pieces; a short limit cuts the answer off."""
    whole = max(RECALL_TOKENS, tokens)
    size = -(-len(text) // whole)
    return [text[i * size : (i + 1) * size] for i in range(tokens)]
