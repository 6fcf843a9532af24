"""The work that n users get done, with its interval; how many are worth having; how many run together."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from analysis.capacity.answers import Answer
from analysis.capacity.levels import Level
from analysis.capacity.shown import Pace, design_effect
from analysis.phase.intervals import peak, time_at_depth
from analysis.statistics.estimates import LogEstimate, student
from analysis.thresholds import HELD_SHARE, REPORT_LEVEL, THROUGHPUT_FLOOR, WORTH_HAVING


def tokens_per_s(level: Level, pace: Pace) -> LogEstimate | None:
    """X(n) = n · Σ tokens / Σ durations (Little's law: no edges of a window); None below two answers.

    Interval by the delta method, widened by the design effect, and never narrower than 0.5 %.
    """
    return _rate(level, [float(a.tokens) for a in level.answers], pace)


def answers_per_min(level: Level, pace: Pace) -> LogEstimate | None:
    """The same of answers that came whole, per minute."""
    rate = _rate(level, [0.0 if a.failed else 1.0 for a in level.answers], pace)
    return None if rate is None else rate.times(60.0)


def _rate(level: Level, work: Sequence[float], pace: Pace) -> LogEstimate | None:
    n = len(work)
    seconds = np.array([_cycle_s(a) for a in level.answers])
    done = np.array(work)
    if n < 2 or done.sum() <= 0 or seconds.sum() <= 0:
        return None
    ratio = float(done.sum() / seconds.sum())
    residuals = done - ratio * seconds
    variance = float(residuals @ residuals) / (n - 1) / n / float(done.mean()) ** 2
    se = math.sqrt(variance * design_effect(level.answers, pace))
    least = THROUGHPUT_FLOOR / student(n - 1, REPORT_LEVEL)
    return LogEstimate(math.log(level.users * ratio), max(se, least), n - 1, n)


def _cycle_s(answer: Answer) -> float:
    """From one sending of a user to its next: one whose request failed waits before it asks again."""
    return answer.duration_s + answer.retry_s


@dataclass(frozen=True, slots=True)
class WorthHaving:
    """The fewest users with 95 % of the best throughput; `low` to `high` where they cannot be told apart."""

    value: int
    low: int
    high: int


def worth_having(rates: dict[int, LogEstimate]) -> WorthHaving | None:
    """From the throughput by users, of the levels that the target allows; straight lines in between."""
    if not rates:
        return None
    best = max(rates.values(), key=lambda r: r.log)
    value = _crossing(rates, WORTH_HAVING * best.value)
    low = min(u for u, rate in rates.items() if rate is best or rate.over(best).high() >= WORTH_HAVING)
    high = min(u for u, rate in rates.items() if rate is best or rate.over(best).low() >= WORTH_HAVING)
    return WorthHaving(value, min(value, low), max(value, high))


def _crossing(rates: dict[int, LogEstimate], wanted: float) -> int:
    before: tuple[int, float] | None = None
    for users in sorted(rates):
        value = rates[users].value
        if value >= wanted:
            if before is None:
                return users
            exact = before[0] + (wanted - before[1]) / (value - before[1]) * (users - before[0])
            return min(math.ceil(exact - 1e-9), users)
        before = (users, value)
    return max(rates)


def together(level: Level) -> int | None:
    """Answers decoded at the same time for at least a tenth of the level's time; None without streams."""
    streams = [(a.first_s, a.last_s) for a in level.answers if a.first_s is not None and a.last_s is not None]
    spent = time_at_depth(streams)
    if not spent or len(streams) < len(level.answers) / 2:
        return None
    return peak(streams, HELD_SHARE * sum(spent.values())) or None
