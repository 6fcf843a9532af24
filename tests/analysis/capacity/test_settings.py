"""Settings of one engine, each swept by itself: the best, a tie, and what shows nothing."""

from dataclasses import replace

from analysis.capacity.answers import ServiceTarget
from analysis.capacity.said.best import best_answer
from analysis.capacity.settings import Rank, Setting, settings_of
from analysis.files.plan import Visit
from analysis.files.request_record import RequestRecord
from scripts.truth.how_many.fleet import SERVERS
from scripts.truth.how_many.play import play
from scripts.truth.how_many.server import Server

BY_NAME = {s.name: s for s in SERVERS}


def swept(servers: dict[str, tuple[Server, float]]) -> tuple[Setting, ...]:
    """One run in which each target has a sweep of its own, for so many seconds, one after the other."""
    rows: list[RequestRecord] = []
    visits: list[Visit] = []
    for seed, (name, (server, budget_s)) in enumerate(servers.items(), start=3):
        played = play(server, seed, budget_s)
        rows += [replace(r, target=name, round=(r.round or 0) + len(visits)) for r in played.rows]
        visits += [replace(v, target=name) for v in played.visits]
    return settings_of(rows, visits, ServiceTarget(), 30.0, list(servers))


def test_the_setting_that_carries_more_is_the_best() -> None:
    one, four = BY_NAME["serial"], BY_NAME["4 slots, compute 4"]
    found = swept({"one slot": (one, 180.0), "four slots": (four, 180.0)})
    assert [s.rank for s in found] == [Rank.BEHIND, Rank.BEST]
    assert best_answer(found).startswith("Best is four slots. one slot carries 1; four slots carries")


def test_settings_that_differ_in_name_only_are_a_tie() -> None:
    found = swept({"A": (BY_NAME["serial"], 180.0), "B": (BY_NAME["serial"], 180.0)})
    assert sorted(s.rank for s in found) == [Rank.BEST, Rank.TIE]
    assert "they cannot be told apart" in best_answer(found)


def test_of_two_that_carry_as_many_the_faster_is_the_best() -> None:
    slow = BY_NAME["serial"]
    fast = replace(slow, name="fast", pace=lambda n: 1.2 * min(n, 1))
    found = swept({"slow": (slow, 180.0), "fast": (fast, 180.0)})
    assert [s.found.carries for s in found if s.found is not None] == [1, 1]
    assert [s.rank for s in found] == [Rank.BEHIND, Rank.BEST]


def test_a_setting_that_was_cut_before_it_showed_a_number_has_no_rank() -> None:
    found = swept({"A": (BY_NAME["serial"], 180.0), "B": (BY_NAME["batching"], 4.5)})
    assert [s.rank for s in found] == [Rank.BEST, Rank.UNKNOWN]
