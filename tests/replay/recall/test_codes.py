"""Codes: no slip of a model makes one of another."""

from collections import Counter
from itertools import combinations

from replay.recall.codes import EXAMPLES, MOST_CODES, numbers, pairs_of_words, question
from replay.recall.text import numbers_in

WORDS = tuple(f"{a}{b}" for a in "bdfglmnprst" for b in ("ale", "ine", "ore", "ush", "elt"))


def test_any_two_codes_or_decoys_differ_in_three_digits() -> None:
    codes = numbers(3, 300)
    every = [*codes.carried, *codes.decoys]
    assert len(set(every)) == 600
    assert min(sum(a != b for a, b in zip(x, y, strict=True)) for x, y in combinations(every, 2)) == 3


def test_there_are_enough_for_the_longest_run() -> None:
    codes = numbers(3, MOST_CODES)
    assert len(codes.carried) == len(codes.decoys) == MOST_CODES


def test_the_same_seed_gives_the_same_codes_and_another_one_others() -> None:
    assert numbers(3, 50) == numbers(3, 50)
    assert len(set(numbers(3, 50).carried) & set(numbers(4, 50).carried)) < 10


def test_pairs_of_words_are_all_different_and_near_ones_share_no_word() -> None:
    codes = pairs_of_words(3, 40, WORDS)
    every = [*codes.carried, *codes.decoys]
    assert max(Counter(every).values()) == 1
    for a, b in zip(codes.carried, codes.carried[1:], strict=False):
        assert not set(a.split()) & set(b.split())


def test_an_example_of_the_form_is_no_code_and_the_code_is_asked_once() -> None:
    code = numbers(3, 1).carried[0]
    for form in range(2):
        before, content = question(form, code)
        assert content.count(code) == 1
        assert not any(code in m["content"] for m in before)
    assert not set(EXAMPLES) & set(numbers(3, MOST_CODES).carried)
    assert set(EXAMPLES) == numbers_in(" ".join(m["content"] for m in question(1, code)[0]))
