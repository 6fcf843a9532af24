"""The answer of Locust's files alone, with the words and borders of a run of portlap's. Never a mechanism."""

from collections.abc import Sequence
from dataclasses import replace

from analysis.console import plural
from analysis.locust_only.bounds import Bound, Level
from analysis.thresholds import GAIN, MIN_SPEEDUP_MAX, SMALL_GAIN
from analysis.verdict.outcomes import Outcome

PAUSING = 0.9  # of the users' time with a request open; below it they pause
CONTRADICTION = 1.02  # times the high end: a low end above it proves that an assumption is false
ONE_AFTER_ANOTHER = "times as fast as one after another"


def judged(level: Level) -> Level:
    """The level with its outcome, and words that say what its bounds mean."""
    if level.users == 1:
        return replace(level, words="the time alone, with which the others are compared")
    outcome, words = _outcome(level)
    return replace(level, outcome=outcome, words=words)


def _outcome(level: Level) -> tuple[Outcome, str]:
    g, users = level.speedup, f"with {level.users} users"
    if level.failed:
        return (
            Outcome.INCONCLUSIVE,
            f"{users} {level.failed} requests failed, and how long they would take is open",
        )
    if g is None:
        return (
            Outcome.INCONCLUSIVE,
            f"{users} nothing bounds the speedup: the requests of a name differ too much",
        )
    if g.low > g.high * CONTRADICTION:
        return Outcome.INCONCLUSIVE, (
            f"{users} at least {g.low:.2f} and at most {g.high:.2f} {ONE_AFTER_ANOTHER}: a contradiction, "
            "so the requests alone were not typical"
        )
    if g.low > GAIN:
        return Outcome.GAIN, f"a gain: {users} at least {g.low:.2f} {ONE_AFTER_ANOTHER}"
    if g.high < SMALL_GAIN and level.in_flight.high >= MIN_SPEEDUP_MAX:
        return Outcome.NO_GAIN, f"no gain: {users} at most {g.high:.2f} {ONE_AFTER_ANOTHER}"
    return Outcome.INCONCLUSIVE, f"{users} {between(g)} {ONE_AFTER_ANOTHER}"


def pauses(levels: Sequence[Level]) -> str | None:
    """What wait_time does to the speedup; None where the users do not pause."""
    pausing = [level for level in levels if level.asking.high < PAUSING]
    if not pausing:
        return None
    level = pausing[0]
    return (
        f"the users pause (wait_time): with {plural(level.users, 'user')} a request is open for "
        f"{_share(level.asking)} of a user's time, so fewer requests meet than there are users and the "
        "speedup is less sure; 'times one user' compares what was answered, pauses included"
    )


def _share(bound: Bound) -> str:
    low, high = f"{bound.low * 100:.0f}", f"{bound.high * 100:.0f}"
    return f"{low} %" if low == high else f"{low} to {high} %"


def between(bound: Bound) -> str:
    """`at most 1.25`, `1.90 to 2.10`."""
    if not bound.low:
        return f"at most {bound.high:.2f}"
    low, high = f"{bound.low:.2f}", f"{bound.high:.2f}"
    return low if low == high else f"{low} to {high}"


def answer_of(levels: Sequence[Level], doubts: Sequence[str]) -> tuple[Outcome, str]:
    """That of the most users for which there is one. A gain with some users and none with more is named."""
    decided = [level for level in levels if level.outcome.decided]
    if not decided:
        why = doubts[0] if doubts else "; ".join(filter(None, (_why(levels), pauses(levels))))
        return Outcome.INCONCLUSIVE, f"these files cannot tell, because {why}"
    best = decided[-1]
    if best.outcome is Outcome.GAIN or all(level.outcome is best.outcome for level in decided):
        return best.outcome, best.words
    gains = next(level for level in reversed(decided) if level.outcome is Outcome.GAIN)
    return gains.outcome, f"{gains.words}; but {best.words}"


def _why(levels: Sequence[Level]) -> str:
    several = [level for level in levels if level.users > 1]
    if not several:
        return "they hold no stretch with two users or more in which something ended"
    return several[-1].words
