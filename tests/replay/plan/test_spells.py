"""Users whose number a person sets: what is a level, and what the page shows of it."""

from dataclasses import replace

from analysis.capacity.answers import ServiceTarget
from analysis.capacity.result import how_many
from analysis.capacity.said.figures import as_dict
from analysis.files.plan import PlannedSweep, Visit
from analysis.files.request_record import FREE, STOPPED, RequestRecord
from replay.plan.how_many.so_far import SoFar
from replay.plan.how_many.spells import Spells
from replay.plan.live import LiveRun


def row(number: int, sent_s: float, visit: int, took_s: float = 1.0) -> RequestRecord:
    end_s = sent_s + took_s
    return RequestRecord(
        request_id=number, phase="free", round=visit, kind=FREE, user=0, target="A", base_url="a",
        send_s=sent_s, first_token_s=sent_s + 0.1, last_token_s=end_s, end_s=end_s, output_tokens=100,
        http_status=200, finish_reason="length",
    )  # fmt: skip


def test_a_spell_lasts_while_the_number_of_users_stands_still_and_counts_after_one_answer() -> None:
    spells = Spells({"A": 2.0})
    for at_s, users in ((0.0, 1), (5.0, 1), (9.0, 3), (12.0, 0), (13.0, 0), (20.0, 2), (30.0, 2)):
        spells.seen(users, at_s)
    assert spells.visits == [Visit(1, 2.0, 9.0), Visit(3, 11.0, 12.0), Visit(2, 22.0, 30.0)]


def test_what_is_open_is_known_by_its_visit() -> None:
    spells = Spells({"A": 1.0})
    for request_id, sent_s in enumerate((1.0, 2.0, 3.0)):
        spells.sent(request_id, request_id // 2, sent_s)
    spells.ended(row(0, 1.0, 0))
    assert spells.open_since_s() == {0: 2.0, 1: 3.0}


def test_the_page_and_the_report_show_equal_numbers_of_one_log() -> None:
    rows = [row(i, float(i), 0) for i in range(2, 40)] + [row(i, float(i), 1) for i in range(42, 90)]
    visits, sweep, live = [Visit(1, 2.0, 40.0), Visit(2, 42.0, 90.0)], PlannedSweep(), LiveRun()
    so_far = SoFar(sweep, 1, live)
    for each in rows:
        so_far.add(each)
    so_far.show(visits, {})
    found = how_many(rows, visits, ServiceTarget(sweep.ttft_s, sweep.speed), sweep.think_s, 1)
    assert found is not None
    assert live.levels is not None
    assert live.levels["how_many"] == as_dict(found)
    assert live.levels["line"].startswith("2 users: 48 of 48 met it, shown · carries at least 2 so far")


def test_an_answer_sent_after_one_that_is_open_does_not_count_yet() -> None:
    live = LiveRun()
    so_far = SoFar(PlannedSweep(), 1, live)
    for i in range(30):
        so_far.add(row(i, float(i), 0))
    so_far.show([Visit(1, 0.0, 30.0)], {0: 10.5})
    assert live.levels is not None
    assert live.levels["how_many"]["levels"][0]["answers"] == 11


def test_an_answer_that_its_user_cut_short_by_leaving_is_no_miss() -> None:
    rows = [row(i, float(i), 0) for i in range(20)]
    left = replace(row(20, 18.5, 0, 0.4), error=STOPPED)
    found = how_many([*rows, left], [Visit(2, 0.0, 20.5)], ServiceTarget())
    assert found is not None
    assert (found.levels[0].misses, len(found.levels[0].answers), found.why) == (0, 19, "open")
