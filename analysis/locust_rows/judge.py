"""The conditions and the verdict of a run of which there is a row per request, and no plan.

The words and borders are those of a run of portlap's. A gain needs requests that were surely alone, and a low
end of the speedup above 1.15; nothing else is ever called one.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from analysis.advice.next_steps import next_steps
from analysis.conditions.condition import Condition
from analysis.locust_rows.alone import Solo, solos_of
from analysis.locust_rows.rows import RequestRows
from analysis.locust_rows.stretches import Stretch, stretches_of
from analysis.thresholds import (
    ABOVE_MAX,
    FULL_SHARE,
    GAIN,
    LENGTHS_BAND,
    LOSS,
    MAX_FAULTY,
    MIN_SPEEDUP_MAX,
    SERIAL_BOUND,
    SERIAL_STEP,
    SMALL_GAIN,
    SOLO_SCATTER,
)
from analysis.verdict.outcomes import Outcome

SHAPE = "a first and a last stage with one user for five answers each, and no wait_time"


@dataclass(frozen=True, slots=True)
class StretchJudged:
    stretch: Stretch
    outcome: Outcome
    sentence: str


@dataclass(frozen=True, slots=True)
class RowsJudged:
    """All that the report shows. `outcome` is that of the most users for which there is one."""

    rows: RequestRows
    solos: Mapping[str, Solo]
    stretches: tuple[StretchJudged, ...]
    conditions: tuple[Condition, ...]
    outcome: Outcome
    answer: str
    next_steps: tuple[str, ...]


def judge(rows: RequestRows) -> RowsJudged:
    """The verdict of each number of users, and of the run."""
    solos = solos_of(rows.requests)
    stretches = stretches_of(rows.requests, solos)
    conditions = _conditions(rows, solos, stretches)
    broken = next((c for c in conditions if c.passed is False), None)
    judged = tuple(_judged(s, broken) for s in stretches)
    decided = [j for j in judged if j.outcome.decided]
    if decided:
        best = max(decided, key=lambda j: j.stretch.users)
        steps = next_steps(best.outcome, ())
        return RowsJudged(rows, solos, judged, conditions, best.outcome, _answer(best), steps)
    why = "two requests were hardly ever open at the same time"
    if judged:
        why = judged[-1].sentence
    elif broken is not None:
        why = broken.sentence
    step = (broken.hint if broken else "") or f"run again with {SHAPE}"
    answer = f"these rows cannot tell: {why}"
    return RowsJudged(rows, solos, judged, conditions, Outcome.INCONCLUSIVE, answer, (step,))


def _answer(best: StretchJudged) -> str:
    users = best.stretch.users
    return f"with {users} {'user' if users == 1 else 'users'}: {best.sentence}"


def _judged(s: Stretch, broken: Condition | None) -> StretchJudged:
    if broken is not None:
        return StretchJudged(s, Outcome.INCONCLUSIVE, f"{broken.name}: {broken.sentence}")
    return StretchJudged(s, *_verdict(s))


def _verdict(s: Stretch) -> tuple[Outcome, str]:
    g, k = s.speedup, s.streams
    if s.in_flight < MIN_SPEEDUP_MAX:
        return _more(f"only {s.in_flight:.2f} requests were open at the same time: pauses, or too few users")
    if k == 1 and s.decoding_share >= SERIAL_STEP and not g.low:
        return Outcome.SERIAL, "one answer at a time: no two were decoded at the same time"
    if not g.low and g.high >= SMALL_GAIN:
        return _more("no name has five requests that were surely alone, so there is no solo time")
    if g.low > GAIN:
        return _gain(s, g.low, g.value)
    if g.high >= SMALL_GAIN:
        return _more(f"the speedup is between {g.low:.2f} and {g.high:.2f}")
    bound = f"no gain, at most {g.high:.2f} times as fast as one after another"
    if k == 1 and g.high <= SERIAL_BOUND:
        return Outcome.SERIAL, f"one answer at a time: {bound}"
    if k is None:
        return Outcome.NO_GAIN, f"{bound}; without first tokens it stays open whether they wait or share it"
    if s.slowdown is None or s.slowdown < (1 + k) / 2:  # k that share take k times as long
        return (
            Outcome.NO_GAIN,
            f"{bound}; {k} answers overlap, but at no shared pace; read late?",
        )
    if g.high < LOSS:
        return Outcome.CONTENTION, f"{k} answers at a time, together slower than one after another: {bound}"
    return Outcome.SLICED, f"{k} answers at a time share the same compute: {bound}"


def _gain(s: Stretch, low: float, value: float) -> tuple[Outcome, str]:
    k = s.streams
    if k == 1:
        return _more("one stream at a time, and yet faster than one after another: the solos were slow")
    if low > ABOVE_MAX * s.in_flight:
        return _more(f"a speedup of {value:.2f} with {s.in_flight:.2f} in flight: the solos were slow")
    if s.decode_speedup is not None and s.decode_speedup.low <= GAIN:
        return _more(
            f"faster than one after another, but decoding is not surely so ({s.decode_speedup.value:.2f}): "
            "prompts came from a cache, or the solos were slow"
        )
    gain = f"a gain, at least {low:.2f} times as fast as one after another"
    if k is not None and k < s.most_in_flight:
        return Outcome.PARTLY, f"{k} of {s.most_in_flight} answers at a time: {gain}"
    if low > FULL_SHARE * s.in_flight:
        return Outcome.FULLY, f"{gain}, of {s.in_flight:.2f} in flight"
    if k is None:
        return Outcome.GAIN, f"{gain}; without first tokens it stays open which ones wait"
    return Outcome.PARALLEL, f"all {k} answers at a time, but not undisturbed: {gain}"


def _more(why: str) -> tuple[Outcome, str]:
    return Outcome.INCONCLUSIVE, why


def _conditions(
    rows: RequestRows, solos: Mapping[str, Solo], stretches: Sequence[Stretch]
) -> tuple[Condition, ...]:
    return (
        _whole_times(rows),
        _answered(stretches),
        _solos_alike(rows, solos),
        _lengths(stretches),
        _drift(solos, stretches),
        _first_tokens(rows),
        Condition("client", None, "how busy Locust was, and how late it saw the bytes, is not in the rows"),
    )


def _whole_times(rows: RequestRows) -> Condition:
    unread = sum(r.unread for r in rows.requests)
    hint = "read the stream within `with self.client.post(..., stream=True, catch_response=True) as answer:`"
    if unread:
        return Condition("whole times", False, f"{unread} requests were reported before they were read", hint)
    return Condition("whole times", True, "every request was reported after its answer was read")


def _answered(stretches: Sequence[Stretch]) -> Condition:
    failed, all_of = sum(s.failed for s in stretches), sum(s.failed + s.answers for s in stretches)
    passed = failed <= MAX_FAULTY * all_of if all_of else None
    return Condition(
        "answers", passed, f"{failed} of {all_of} requests failed", "fix what failed: errors.csv"
    )


def _solos_alike(rows: RequestRows, solos: Mapping[str, Solo]) -> Condition:
    hint = f"run again with {SHAPE}; give requests of different length different names"
    if not solos:
        return Condition("solos", None, "no name has five requests that were surely alone", hint)
    spent = [(solos[r.name].latency.scatter, r.latency_s) for r in rows.requests if r.name in solos]
    scatter = sum(one * s for one, s in spent) / sum(s for _, s in spent)  # by the time of each name
    alone = sum(s.latency.mean_s.n for s in solos.values())
    told = f"{alone} requests were surely alone; they scatter by {scatter * 100:.0f} %"
    for name, solo in solos.items():
        if abs(math.log(solo.trend)) > max(math.log(GAIN), 2 * solo.trend_se):
            told += f"; the later half of {name} took {solo.trend:.2f} times as long as the earlier one"
            return Condition("solos", False, told, "let one user go on alone until its answers take alike")
    return Condition("solos", scatter <= SOLO_SCATTER, told, hint)


def _lengths(stretches: Sequence[Stretch]) -> Condition:
    ratios = [s.length_ratio for s in stretches if s.length_ratio is not None]
    if not ratios:
        return Condition("answer lengths", None, "the events hold no length of the answers")
    low, high = min(ratios), max(ratios)
    told = f"answers together are {low:.2f} to {high:.2f} times as long as alone"
    hint = "fix the length of the answers (max_tokens, ignore_eos)"
    return Condition("answer lengths", LENGTHS_BAND[0] <= low and high <= LENGTHS_BAND[1], told, hint)


def _drift(solos: Mapping[str, Solo], stretches: Sequence[Stretch]) -> Condition:
    """Solos on one side of a stretch only cannot show that the machine changed meanwhile."""
    around = [
        all(s.spans_s[0] < stretch.span_s[0] and s.spans_s[1] > stretch.span_s[1] for s in solos.values())
        for stretch in stretches
    ]
    if solos and around and all(around):
        return Condition("drift", True, "requests were alone before and after every stretch")
    told = "requests were not alone before and after every stretch: a machine that changed would not show"
    return Condition("drift", None, told, f"run again with {SHAPE}")


def _first_tokens(rows: RequestRows) -> Condition:
    known = sum(r.first_token_s is not None for r in rows.requests)
    told = f"{known} of {len(rows.requests)} requests have a first token"
    return Condition("first tokens", True if known == len(rows.requests) else None, told)
