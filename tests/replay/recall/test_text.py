"""What a text shows by itself."""

import pytest

from replay.recall.text import garbled, holds, numbers_in, scripts, strange_numbers


@pytest.mark.parametrize(
    ("text", "how"),
    [
        ("The secret number is 482913.", None),
        ("", "empty"),
        ("  \n", "empty"),
        ("well \ufffd then", "replacement"),
        ("so it is is is is is is is is is", "repeats"),
        ("la la la la la la la la ", "repeats"),
        ("hahahahahahahahah", "repeats"),
        ("it was a very, very, very, very good day", None),
        ("no no no no no no no no, said he", None),  # not to the end
    ],
)
def test_what_is_garbled(text: str, how: str | None) -> None:
    assert garbled(text) == how


def test_the_scripts_of_a_text_are_those_of_a_fifth_of_its_letters() -> None:
    assert scripts("The secret number is 482913") == "latin"
    assert scripts("秘密の番号 is") == "cjk latin"
    assert scripts("ok 123") == "latin"
    assert scripts("12345 !?") == ""
    assert scripts("one letter of another: д") == "latin"


@pytest.mark.parametrize("text", ["It is 482913.", "482 913", "4-8-2-9-1-3", "**482,913**", "a482913b"])
def test_a_code_stands_there_however_it_is_written(text: str) -> None:
    assert holds(text, "482913")


def test_a_pair_of_words_stands_there_in_any_case() -> None:
    assert holds("Blue-River!", "blue river")
    assert not holds("blue mountain river", "blue river")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("It is 482913.", {"482913"}),
        ("482 913 and 7-3-8-2-0-4", {"482913", "738204"}),
        ("[123 456 789] 482913", {"123456789", "482913"}),
        ("prefix 123456789", {"123456789"}),
        ("call 5551234567 now", set()),
        ("in 2026, 12 of 34", set()),
        ("1234567", set()),
    ],
)
def test_numbers_of_six_and_of_nine_digits_and_no_parts_of_longer_ones(text: str, found: set[str]) -> None:
    assert numbers_in(text) == found


def test_what_the_request_itself_held_is_not_strange() -> None:
    body = {"messages": [{"role": "user", "content": "[123 456 789] Repeat: 482913"}], "max_tokens": 24}
    assert strange_numbers("123 456 789: 482 913, and 738204", body) == {"738204"}
