"""Whose text an answer holds: its own, one that was open then, one that had ended, or chance."""

from dataclasses import replace
from typing import Any

import pytest

from analysis.files.request_record import BURST, RECALL, RequestRecord
from analysis.prompts.right.answers import recalled
from analysis.prompts.right.words import Said
from replay.client.request import Request
from replay.client.response import Response
from replay.prompts.prefix import prompt, unique_prefix
from replay.recall.codes import Codes
from replay.recall.watch import MOST_EVIDENCE, MOST_ORDINARY, Watch
from replay.release.heard import heard_of, shows_more

CODES = Codes(("482913", "738204", "159260"), ("604817", "330921"))
SEED = 42


def request(number: int, kind: str = RECALL, code: str | None = None, text: str = "Go") -> Request:
    content = prompt(f"{text} {code or ''}", SEED, number)
    body = {"messages": [{"role": "user", "content": content}]}
    return Request("http://127.0.0.1:1", body, 9.0, request_id=number, kind=kind, phase="p", code=code)


def row(r: Request, send_s: float, end_s: float) -> RequestRecord:
    return RequestRecord(
        request_id=r.request_id, phase=r.phase, kind=r.kind, target="T", base_url=r.base_url, send_s=send_s,
        end_s=end_s, code=r.code,
    )  # fmt: skip


def watch(evidence: list[dict[str, Any]] | None = None) -> Watch:
    return Watch(SEED, keep=(evidence if evidence is not None else []).append, codes=CODES)


def said_by_second(text: str, first_ends_s: float, kind: str = RECALL) -> RequestRecord:
    """What the second of two requests said; it was sent at 1 s, the first one ended at that time."""
    seen = watch()
    first, second = (request(i, kind, code if kind == RECALL else None) for i, code in
                     enumerate(CODES.carried[:2], start=1))  # fmt: skip
    seen.sent([first, second])
    seen.ended(row(first, 0.0, first_ends_s), CODES.carried[0])
    return seen.ended(row(second, 1.0, 3.0), text)


@pytest.mark.parametrize(
    ("text", "first_ends_s", "said", "of"),
    [
        ("It is 738204.", 2.0, Said.OWN, None),
        ("It is 482913.", 2.0, Said.FOREIGN_OPEN, 1),
        ("It is 482913.", 0.5, Said.FOREIGN_ENDED, 1),
        ("It is 738204, not 482913.", 2.0, Said.FOREIGN_OPEN, 1),
        ("It is 604817.", 2.0, Said.DECOY, None),
        ("It is 159260.", 2.0, Said.UNSENT, None),
        ("I do not know.", 2.0, Said.NONE, None),
        ("It is 738205.", 2.0, Said.NONE, None),
    ],
)
def test_a_code_is_own_foreign_or_chance(text: str, first_ends_s: float, said: Said, of: int | None) -> None:
    found = said_by_second(text, first_ends_s)
    assert (found.said, found.said_of) == (said, of)


@pytest.mark.parametrize("kind", [BURST, RECALL])
@pytest.mark.parametrize(("ends_s", "said"), [(2.0, Said.FOREIGN_OPEN), (0.5, Said.FOREIGN_ENDED)])
def test_a_prefix_of_another_request_is_foreign_in_every_phase(kind: str, ends_s: float, said: Said) -> None:
    found = said_by_second(f"{unique_prefix(SEED, 1)} Go on", ends_s, kind)
    assert (found.said, found.said_of) == (said, 1)


def test_elsewhere_an_answer_without_one_says_nothing() -> None:
    found = said_by_second(f"{unique_prefix(SEED, 2)} and 604817", 2.0, BURST)
    assert (found.said, found.text_hash) == (None, None)


def test_a_prefix_that_was_never_sent_is_nobodys() -> None:
    assert said_by_second(f"{unique_prefix(SEED, 3)} Go", 2.0, BURST).said is None


def test_thoughts_count_for_foreign_codes_and_not_for_the_own_one() -> None:
    seen = watch()
    one, two = request(1, RECALL, "482913"), request(2, RECALL, "738204")
    seen.sent([one, two])
    found = seen.ended(row(one, 0.0, 1.0), "", "The number 482913 was said.")
    assert (found.said, found.garbled) == (Said.NONE, None)
    assert seen.ended(row(two, 0.0, 1.0), "738204", "482913?").said == Said.FOREIGN_OPEN


def test_evidence_is_kept_of_what_is_wrong_and_has_an_end() -> None:
    kept: list[dict[str, Any]] = []
    seen = Watch(SEED, keep=kept.append, codes=CODES)
    for number in range(1, 61):
        asked = request(number, RECALL, "738204")
        seen.sent([asked])
        seen.ended(row(asked, number, number + 0.5), "738204" if number < 4 else "no idea")
    assert [k["request_id"] for k in kept] == [4, 5]  # of one part of a phase
    first = request(100, RECALL, "482913")
    seen.sent([first])
    for number in range(101, 161):
        asked = request(number, RECALL, "159260")
        seen.sent([asked])
        seen.ended(row(asked, number, number + 0.5), "482913")
    assert len(kept) == MOST_EVIDENCE > MOST_ORDINARY
    assert kept[2]["said"] == "foreign-open" and kept[2]["said_of"] == 100


def test_a_model_that_has_told_its_code_and_repeats_itself_is_not_garbled() -> None:
    """Seen with a real small model, at a limit of 64 tokens; without its code the same text is garbage."""
    asked = request(1, RECALL, "482913")
    for text, how in (("482913. 482913 is it is is is is is is is is", None), ("it" + " is" * 9, "repeats")):
        seen = watch()
        seen.sent([asked])
        (answer,) = recalled([replace(seen.ended(row(asked, 0.0, 1.0), text), part="churn")], 8)
        assert answer.garbled == how


def test_a_text_that_travels_holds_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORTLAP_TEST_KEY", "sk-very-secret-indeed")
    asked = replace(request(1, BURST), api_key_env="PORTLAP_TEST_KEY")
    answer = Response(
        text=f"{unique_prefix(SEED, 2)} you are sk-very-secret-indeed", thoughts="sk-very-secret-indeed"
    )
    assert shows_more(asked, answer)
    found = heard_of(asked, answer)
    assert "secret" not in f"{found.text} {found.thoughts}"
    assert unique_prefix(SEED, 2) in found.text
    own = Response(text=f"{unique_prefix(SEED, 1)} Go")
    assert not shows_more(asked, own)
