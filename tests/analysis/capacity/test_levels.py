"""Which rows count: in the order of sending, up to the first that is still open."""

from typing import Any

from analysis.capacity.answers import ServiceTarget, answer_of
from analysis.capacity.levels import levels_of
from analysis.files.plan import Visit
from analysis.files.request_record import LEVEL, RequestRecord

TARGET = ServiceTarget()


def row(number: int, sent_s: float, lasts_s: float, **other: Any) -> RequestRecord:
    known: dict[str, Any] = {
        "request_id": number, "phase": "level-2", "round": 0, "kind": LEVEL, "target": "A",
        "base_url": "http://127.0.0.1:1", "send_s": sent_s, "first_token_s": sent_s + 0.1,
        "last_token_s": sent_s + lasts_s, "end_s": sent_s + lasts_s, "output_tokens": 50,
        "finish_reason": "length", "http_status": 200,
    }  # fmt: skip
    return RequestRecord(**known | other)


def test_a_slow_answer_is_never_left_out_for_being_slow() -> None:
    """The one that is still open at the end holds back all that were sent after it."""
    rows = [row(1, 1, 2), row(2, 2, 50), row(3, 3, 2), row(4, 5, 2)]
    (level,) = levels_of(rows, [Visit(2, 0, 20)], TARGET)
    assert [a.sent_s for a in level.answers] == [1]
    assert len(level.seen) == 4


def test_what_was_sent_before_all_users_were_in_does_not_count() -> None:
    (level,) = levels_of([row(1, 1, 2), row(2, 4, 2)], [Visit(2, 3.5, 20)], TARGET)
    assert [a.sent_s for a in level.answers] == [4]


def test_two_visits_of_one_number_are_one_level() -> None:
    rows = [row(1, 1, 2), row(2, 12, 2, round=1), row(3, 22, 2, round=2)]
    levels = levels_of(rows, [Visit(2, 0, 10), Visit(4, 11, 20), Visit(2, 21, 30)], TARGET)
    assert [(v.users, v.visits, len(v.answers)) for v in levels] == [(2, 2, 2), (4, 1, 1)]


def test_a_refusal_is_a_miss_and_names_itself() -> None:
    refused = answer_of(row(1, 1, 0.1, http_status=503, error="HTTP 503"), TARGET)
    assert refused is not None
    assert (refused.met, refused.refused) == (False, True)


def test_without_a_stream_the_whole_answer_is_judged() -> None:
    whole = {"first_token_s": None, "last_token_s": None}
    in_time, late = (answer_of(row(1, 1, lasts, **whole), TARGET) for lasts in (6.9, 7.1))
    assert in_time is not None
    assert late is not None
    assert (in_time.met, late.met) == (True, False)


def test_who_is_refused_waits_as_long_as_the_server_asks_within_bounds() -> None:
    refusals = [
        answer_of(row(1, 1, 0.1, http_status=503, error="HTTP 503", retry_after_s=asked), TARGET)
        for asked in (None, 0.1, 2.0, 3600.0)
    ]
    assert [a.retry_s for a in refusals if a is not None] == [0.5, 0.5, 2.0, 5.0]
    whole = answer_of(row(1, 1, 2), TARGET)
    assert whole is not None
    assert whole.retry_s == 0
