"""Interval arithmetic: areas, unions and depths agree with each other and with brute force."""

import itertools
import math

from hypothesis import given
from hypothesis import strategies as st

from analysis.phase.intervals import Interval, busy_s, covered_s, overlap, peak, time_at_depth, union, within

ticks = st.integers(0, 1000).map(lambda n: n / 8)  # exact in binary: no tolerance needed for equality
intervals = st.lists(st.tuples(ticks, ticks).map(lambda ab: (min(ab), max(ab))), max_size=12)


@given(intervals)
def test_the_area_under_the_depth_is_the_sum_of_the_lengths(found: list[Interval]) -> None:
    area = sum(depth * seconds for depth, seconds in time_at_depth(found).items())
    assert area == sum(end - start for start, end in found)


@given(intervals)
def test_busy_time_is_the_measure_of_the_union_and_at_most_the_makespan(found: list[Interval]) -> None:
    marks = sorted({m for i in found for m in i})
    union = sum(b - a for a, b in itertools.pairwise(marks) if any(s <= a < e for s, e in found))
    assert busy_s(found) == union
    assert busy_s(found) <= max((e for _, e in found), default=0) - min((s for s, _ in found), default=0)


@given(intervals, st.tuples(ticks, ticks).map(lambda ab: (min(ab), max(ab))))
def test_what_is_covered_is_the_measure_of_the_common_part(found: list[Interval], one: Interval) -> None:
    marks = sorted({m for i in (*found, one) for m in i})
    both = [
        b - a
        for a, b in itertools.pairwise(marks)
        if one[0] <= a < one[1] and any(s <= a < e for s, e in found)
    ]
    assert covered_s(one, union(found)) == sum(both)


@given(intervals, st.tuples(ticks, ticks).map(sorted))
def test_within_is_true_if_one_window_holds_all(found: list[Interval], one: list[float]) -> None:
    assert within(found)(*one) == any(a <= one[0] and one[1] <= b for a, b in found)


@given(intervals)
def test_the_peak_is_the_greatest_number_open_at_any_instant(found: list[Interval]) -> None:
    starts = [s for s, e in found if e > s]
    brute = max((sum(s <= t < e for s, e in found) for t in starts), default=0)
    assert peak(found) == brute
    assert peak(found) <= len(found)


@given(intervals, st.floats(0, 50))
def test_a_held_peak_lasts_as_long_as_asked_and_the_next_one_does_not(
    found: list[Interval], held: float
) -> None:
    spent, k = time_at_depth(found), peak(found, held)
    if k:
        assert math.fsum(s for d, s in spent.items() if d >= k) >= held
        assert not any(
            math.fsum(s for d, s in spent.items() if d >= deeper) >= held for deeper in spent if deeper > k
        )


@given(intervals)
def test_overlap_is_between_one_and_the_number_of_intervals(found: list[Interval]) -> None:
    c = overlap(found)
    if c is None:
        assert busy_s(found) == 0
    else:
        assert 1 <= c <= len(found)


def test_touching_intervals_do_not_overlap() -> None:
    assert peak([(0, 1), (1, 2), (2, 3)]) == 1
    assert overlap([(0, 1), (1, 2)]) == 1


def test_identical_intervals_overlap_fully() -> None:
    assert peak([(0, 1)] * 4) == 4
    assert overlap([(0, 1)] * 4) == 4


def test_streams_that_only_brush_each_other_are_not_a_held_peak() -> None:
    assert peak([(0, 1.05), (1, 2)]) == 2
    assert peak([(0, 1.05), (1, 2)], at_least_s=0.1) == 1
