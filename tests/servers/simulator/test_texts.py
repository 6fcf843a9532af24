"""A simulated server that tells codes back: its faults do what their keys say, and nothing else."""

import random

import pytest

from servers.simulator.texts.answering import Answering
from servers.simulator.texts.keys import TextKeys

CODES = ("482913", "738204", "159260", "604817")
ASK = "[123 456 78{}] The secret number is {}. What is the secret number?"


def answers(keys: TextKeys, users: int, rounds: int = 200) -> list[tuple[str, str]]:
    """(the code asked for, the answer) of rounds of so many at once."""
    port, chance, found, number = Answering(keys), random.Random(5), [], 0
    for _ in range(rounds):
        asked = []
        for i in range(users):
            number += 1
            tokens = port.comes(number, ASK.format(i, CODES[i]), 24)
            asked.append((number, CODES[i], tokens))
        found += [(code, "".join(port.pieces(n, tokens, chance))) for n, code, tokens in asked]
        for n, _, _ in asked:
            port.goes(n)
    return found


def test_who_knows_everything_tells_each_its_own_code() -> None:
    assert all(text == f"The secret number is {code}." for code, text in answers(TextKeys(knows=1), 4))


@pytest.mark.parametrize(("users", "share"), [(2, 0.0), (3, 0.4)])
def test_faults_come_only_from_so_many_users_on(users: int, share: float) -> None:
    keys = TextKeys(knows=1, knows_together=0.6, wrong_from=3)
    found = answers(keys, users)
    wrong = sum(code not in text for code, text in found) / len(found)
    assert wrong == pytest.approx(share, abs=0.05)


def test_mixed_up_answers_tell_a_code_that_is_open_and_never_alone() -> None:
    keys = TextKeys(knows=1, mixes_up=0.1)
    assert all(code in text for code, text in answers(keys, 1))
    foreign = [text for code, text in answers(keys, 2) if code not in text]
    assert foreign
    assert all(any(code in text for code in CODES[:2]) for text in foreign)


def test_left_over_answers_tell_a_code_that_had_ended() -> None:
    port, chance = Answering(TextKeys(knows=1, leaves_over=1)), random.Random(5)
    said = []
    for number, code in enumerate(CODES):
        tokens = port.comes(number, ASK.format(number, code), 24)
        said.append("".join(port.pieces(number, tokens, chance)))
        port.goes(number)
    assert CODES[0] in said[0]  # nothing had ended
    assert all(any(c in text for c in CODES[:i]) for i, text in enumerate(said) if i)


def test_an_open_question_is_answered_with_its_prefix() -> None:
    port = Answering(TextKeys(knows=1))
    tokens = port.comes(1, "[123 456 789] What is the meaning of existence?", 30)
    assert tokens == 30
    assert "".join(port.pieces(1, tokens, random.Random(5))).startswith("[123 456 789] is")
