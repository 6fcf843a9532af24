"""What a sweep says, in sentences; the numbers are those of `HowMany`."""

from analysis.capacity.answers import Answer
from analysis.capacity.levels import Level
from analysis.capacity.result import NOT_SETTLED, REFUTED, HowMany
from analysis.capacity.shown import ROOM
from analysis.capacity.why import Why
from analysis.console import plural
from analysis.statistics.estimates import percentile
from analysis.thresholds import LADDERS, MOST_MISSES


def headline(found: HowMany | None) -> str:
    """A few words: the number, or that there is none."""
    if found is None or (found.carries is None and found.settled):
        return "no number shown"
    if not found.settled:
        return "not settled"
    return f"carries {'at least ' if _open_above(found) else ''}{found.carries}"


def answer(found: HowMany | None) -> str:
    """The first sentence."""
    if found is None:
        return "Not one answer counts: no number of users was measured."
    if not found.settled:
        return _not_settled(found)
    if found.carries is None:
        return f"Not even one user at a time is shown to be carried. {_because(found)}".strip()
    least = "at least " if _open_above(found) else ""
    users = f"{found.carries} at a time"
    return f"Carries {least}{users}. {_because(found)}".strip()


def sentences(found: HowMany) -> list[str]:
    """Everything else: what is shown, together, worth having, people, and for which requests it is true."""
    return [
        text
        for text in (
            _shown(found),
            _above(found),
            _together(found),
            _worth(found),
            _people(found),
            _people_measured(found),
            _drift(found),
            _for_which(found),
        )
        if text
    ]


def so_far(found: HowMany, users: int) -> str:
    """While the run goes on: what so many users have brought, and what is known already."""
    parts = [f"{plural(users, 'user')}: {_here(found, users)}"]
    if found.carries is not None:
        parts.append(f"carries at least {found.carries} so far")
    if found.worth is not None and found.carries is not None:
        parts.append(f"worth having {found.worth.value}")
    return " · ".join(parts)


def _here(found: HowMany, users: int) -> str:
    level = found.level(users)
    if level is None or len(level.answers) < users:
        return "too few answers yet, one of each user at least"
    seen = f"{level.met} of {len(level.answers)} met it"
    if (found.carries or 0) >= users:
        return f"{seen}, shown"
    if level.misses >= MOST_MISSES:
        return f"{seen}, not shown"
    more = LADDERS[max(LADDERS)][level.misses] - len(level.answers)
    return f"{seen}, {more} more in time would show it" if more > 0 else f"{seen}, a little longer"


def _open_above(found: HowMany) -> bool:
    """Whether the true number may well be higher than the one that is shown."""
    if found.carries is None or found.above is None:
        return True
    step = max(round(0.1 * found.carries), 1)
    return found.above.verdict == NOT_SETTLED or found.above.users - found.carries > step


def _not_settled(found: HowMany) -> str:
    above = f" and {found.above.users}" if found.above else ""
    low = found.carries or 0
    if found.contradicted:
        return (
            f"Between {low}{above}, not settled: more users met the target than fewer did. Run again with "
            "nothing else running."
        )
    assert found.drift is not None
    return (
        f"Between {low}{above}, not settled: the server became {100 * (found.drift - 1):.0f} % slower during "
        "the run. Let it warm up and run again with more time (--budget 10m)."
    )


def _failing(found: HowMany) -> Level | None:
    """The lowest level with two misses: the one that the reason is taken from."""
    return next((v for v in found.levels if sum(not a.met for a in v.seen) >= 2), None)


def _because(found: HowMany) -> str:
    """What ends it there."""
    level = _failing(found)
    if level is None:
        most = found.levels[-1].users
        return f"Nothing ended it: with {most} users enough answers were still in time."
    missed = [a for a in level.seen if not a.met]
    match found.why:
        case Why.SLOTS:
            return _queue(found, level)
        case Why.REFUSED:
            n = sum(a.refused for a in level.seen)
            return (
                f"With {plural(level.users, 'user')} {n} of {len(level.seen)} requests are refused (HTTP 429 "
                "or 503): a limit that is set, not the chip."
            )
        case Why.FAILING:
            return f"With {plural(level.users, 'user')} requests fail: {len(missed)} of {len(level.seen)}."
        case Why.PREEMPTED:
            far = [a for a in level.seen if (a.gap_s or 0) > 3 * (found.solo_ttft_s or 0)]
            gap = max(a.gap_s or 0 for a in far) if far else 0
            return (
                f"With {level.users} users single answers stop for {gap:.1f} s and go on ({len(far)} of "
                f"{len(level.seen)}): they are pushed out of the cache and read again."
            )
        case Why.IRREGULAR:
            return (
                f"{len(missed)} of {len(level.seen)} answers were late with {plural(level.users, 'user')} "
                "though no request waited for another: hiccups, or another program."
            )
        case Why.STALL:
            gaps = sorted(a.gap_s for a in level.seen if a.gap_s is not None)
            each = f" ({percentile(gaps, 0.5):.2g} s each time)" if gaps else ""
            return f"Answers stand still while other people's prompts are read{each}: that ends it."
        case Why.SHARED:
            return f"{level.users} users share the speed of one: more at once bring nothing."
        case Why.CONTENTION:
            return f"With {level.users} users the server does less in all than with fewer."
        case _:
            speed = _speed(level.seen)
            pace = f" ({speed:.3g} tokens/s with {level.users})" if speed else ""
            return f"What ends it is the speed of each answer{pace}: the chip is shared out."


def _queue(found: HowMany, level: Level) -> str:
    late = sorted(a.ttft_s for a in level.seen if a.ttft_s is not None)
    waits = f"first token after {percentile(late, 0.5):.2g} s with {level.users} users" if late else ""
    alone = f", alone {found.solo_ttft_s:.2g} s" if found.solo_ttft_s is not None else ""
    if found.together == 1:
        return f"It answers one at a time: a second request waits for the end of the first ({waits}{alone})."
    return (
        f"{found.together} are answered together; the next one waits for a slot ({waits}{alone}). "
        "Slots end it, which says nothing of the chip."
    )


def _speed(answers: tuple[Answer, ...]) -> float | None:
    paces = sorted(a.tpot_s for a in answers if a.tpot_s is not None)
    return 1 / percentile(paces, 0.5) if paces else None


def _shown(found: HowMany) -> str:
    if found.shown is None or found.carries is None:
        return ""
    proof, sure = found.shown, f"at {100 * found.shown.confidence:.0f} %"
    how = "with room to spare" if proof.by == ROOM else sure
    users = plural(found.carries, "user")
    return f"Shown {how} with {users}: {proof.met} of {proof.of} answers met the target."


def _above(found: HowMany) -> str:
    above = found.above
    if above is None:
        return ""
    word = {REFUTED: "surely not carried", NOT_SETTLED: "too few answers to settle it"}.get(
        above.verdict, "not shown"
    )
    return f"With {plural(above.users, 'user')}: {above.met} of {above.of}, {word}."


def _together(found: HowMany) -> str:
    if found.together is None:
        return "Answers came in one piece: how many are decoded at the same time is unknown."
    if found.together == 1:
        return "Decoded at the same time: 1."
    return f"Decoded at the same time: {'' if found.together_exact else 'at least '}{found.together}."


def _worth(found: HowMany) -> str:
    if found.worth is None:
        return ""
    alone, worth = found.tokens_per_s.get(1), found.worth
    best = max(found.tokens_per_s, key=lambda u: (u <= (found.carries or 1), found.tokens_per_s[u].log))
    times = ""
    if alone is not None:
        ratio = found.tokens_per_s[best].value / alone.value
        times = f" ({ratio:.2f} times the tokens/s of one)"
    if worth.value == 1:
        return f"Worth having at once: 1. More at once write no more tokens/s in all{times}."
    span = f"{worth.low} to {worth.high}" if worth.low < worth.high else str(worth.value)
    return f"Worth having at once: {span}{times}; set maxConcurrentWorkers to {worth.value}."


def _people(found: HowMany) -> str:
    if found.people is None:
        return ""
    people = plural(found.people.about, "person", "people")
    return (
        f"About {people} who think {found.people.think_s:g} s between requests, "
        f"{found.people.messages_per_min:.0f} messages a minute (computed)."
    )


def _people_measured(found: HowMany) -> str:
    seen = found.people_measured
    if seen is None:
        return ""
    word = "refuted" if seen.refuted else "not refuted, which does not show it"
    computed = f" (computed: {100 * seen.expected:.0f} %)" if seen.expected is not None else ""
    return (
        f"Measured with {plural(seen.users, 'person', 'people')} who think: {seen.met} of {seen.of} answers "
        f"met the target{computed}: {word}."
    )


def _drift(found: HowMany) -> str:
    if found.drift is None:
        return "The return to one user was not measured: whether the server became slower is unknown."
    return f"One user at the end: {100 * (found.drift - 1):+.0f} % time per token against the start."


def _for_which(found: HowMany) -> str:
    target = found.target
    lengths = [a.tokens for v in found.levels for a in v.answers if a.tokens]
    answers = f" for answers of {min(lengths)} to {max(lengths)} tokens" if lengths else ""
    own = " (even one answer alone missed what was wanted; this is half its speed alone)"
    return (
        f"True{answers}, and where nine in ten shall have the first token within {_short(target.ttft_s)} s "
        f"and then {_short(target.speed)} tokens/s{own if target.relative else ''}."
    )


def _short(value: float) -> str:
    """Two digits, and never an exponent."""
    return f"{float(f'{value:.2g}'):g}"
