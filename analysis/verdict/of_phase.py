"""The verdict of a phase: an ordered list of rules, the first that matches wins (docs/METHODOLOGY.md)."""

from collections.abc import Sequence
from statistics import fmean, median

from analysis.conditions.condition import Condition
from analysis.phase.measure import PhaseMeasured
from analysis.phase.overlap import agreed, at_a_time, end_steps, ended_together, first_ends, first_token_steps
from analysis.thresholds import (
    ABOVE_MAX,
    FAR_ABOVE_MAX,
    FULL_SHARE,
    GAIN,
    GAIN_TOGETHER_SHARE,
    LOSS,
    MIN_IDEAL_PEAK,
    MIN_ROUNDS,
    MIN_SPEEDUP_MAX,
    MODE_SHARE,
    SERIAL_BOUND,
    SERIAL_STEP,
    SHARED_SLOWDOWN,
    UNDISTURBED,
)
from analysis.verdict.certainty import gains, gains_nothing, loses, surely_above
from analysis.verdict.outcomes import Outcome
from analysis.verdict.said import SLOW_SOLOS, Verdict, between, bound, more, slots_sentence, value


def phase_verdict(
    phase: PhaseMeasured, invalid: Sequence[Condition], conditions: Sequence[Condition]
) -> Verdict:
    """The phase's verdict. `invalid`: conditions whose failure makes the data unfit for any statement."""
    for failed in invalid:
        if failed.passed is False:
            return Verdict(Outcome.INVALID, failed.sentence, failed.hint)
    return _cannot_tell(phase, conditions) or _mechanism(phase)


def _cannot_tell(phase: PhaseMeasured, conditions: Sequence[Condition]) -> Verdict | None:
    """Rules 2 and 3: no statement is allowed, whatever the numbers read."""
    users = phase.plan.users
    if not phase.rounds:
        return Verdict(Outcome.INCONCLUSIVE, "the run ended before a round did", "let the run go to its end")
    if len(phase.scored) < MIN_ROUNDS or phase.fit is None:
        return _too_few(phase)
    if (phase.speedup_max or 0.0) < MIN_SPEEDUP_MAX or (phase.ideal_peak or 0) < MIN_IDEAL_PEAK:
        return Verdict(
            Outcome.INCONCLUSIVE,
            f"even undisturbed, these {users} requests could only reach a speedup of "
            f"{phase.speedup_max:.2f} with {phase.ideal_peak} streams together: "
            "targets or spacing too unequal",
            "use max_tokens: auto, or targets of similar speed",
        )
    for failed in conditions:
        if failed.passed is False:
            return Verdict(Outcome.INCONCLUSIVE, f"{failed.name}: {failed.sentence}", failed.hint)
    if phase.in_turn:
        return None  # that the solos were slow is said beside it
    k = phase.total.streams
    if k is not None and surely_above(phase.speedup_decode, ABOVE_MAX * k):
        return Verdict(
            Outcome.INCONCLUSIVE,
            f"{k} streams together decode {value(phase.speedup_decode):.2f} times as fast as one: "
            "the answers alone were slow",
            SLOW_SOLOS,
        )
    ceiling = phase.speedup_max or 0.0
    if surely_above(phase.speedup, ABOVE_MAX * ceiling) or value(phase.speedup) > FAR_ABOVE_MAX * ceiling:
        return Verdict(
            Outcome.INCONCLUSIVE,
            f"a speedup of {value(phase.speedup):.2f} is above the {ceiling:.2f} that undisturbed "
            "servers would reach: the solos were too slow, or answers were cached",
            "run again on a quieter machine; switch prompt caches off",
        )
    return None


def _too_few(phase: PhaseMeasured) -> Verdict:
    first = f": {phase.not_whole[0]}" if phase.not_whole else ""
    alone = [t for t in dict.fromkeys(phase.plan.deal) if t not in phase.alone]
    sentence = (
        f"no answer of {', '.join(alone)} alone is whole, there is nothing to compare with{first}"
        if alone
        else f"only {len(phase.scored)} of {len(phase.rounds)} rounds can be scored, "
        f"{MIN_ROUNDS} are needed{first}"
    )
    return Verdict(Outcome.INCONCLUSIVE, sentence, "fix what failed, or allow more rounds (--budget)")


def _mechanism(phase: PhaseMeasured) -> Verdict:
    """Rules 4 to 8: what the overlap and the speedup say together."""
    gain, nothing = gains(phase), gains_nothing(phase, last_look=True)
    k, ideal = phase.total.streams, phase.ideal_peak or 0
    if not phase.streams:
        return _without_streams(phase, gain, nothing)
    if k is None:
        return more(f"the rounds do not agree on how many streams were open together "
                     f"(needed in {MODE_SHARE * 100:.0f} % of them)")  # fmt: skip
    if k == 1:
        return _one_stream(phase, gain)
    if k < ideal:
        if gain and phase.takes_turns:
            return Verdict(
                Outcome.PARTLY,
                f"the ports take turns: one port at a time, up to {k} of its requests together, "
                f"{value(phase.speedup):.2f} times as fast as one after another",
            )
        if gain:
            return Verdict(Outcome.PARTLY, slots_sentence(phase, k))
        return _no_gain(phase, nothing, f"{k} of {ideal} streams decode together")
    if gain:
        return _degree(phase)
    return _no_gain(phase, nothing, f"all {ideal} streams decode together")


def _one_stream(phase: PhaseMeasured, gain: bool) -> Verdict:
    """Serial, unless the speedup says otherwise; where each was seen to wait, the speedup says nothing."""
    steps = first_token_steps(phase.scored, phase.busy_s)
    step = median(steps) if steps else 1.0
    if phase.in_turn and (gain or step < SERIAL_STEP):
        return Verdict(
            Outcome.SERIAL,
            "one answer at a time: nothing of an answer is made before the end of the one before; alone they "
            f"were slower than in company, so the speedup of {value(phase.speedup):.2f} is none",
        )
    if not phase.in_turn:
        if gain:
            return Verdict(
                Outcome.INCONCLUSIVE,
                "one stream at a time, and yet faster than one after another: the answers alone were slow",
                SLOW_SOLOS,
            )
        if phase.speedup is not None and phase.speedup.high() > SERIAL_BOUND:
            return more(f"one stream at a time, but the speedup may be up to {phase.speedup.high():.2f}")
        if step < SERIAL_STEP:
            return more(f"one stream at a time, but the next starts after {step:.2f} of a solo time")
    return Verdict(
        Outcome.SERIAL, f"one answer at a time: each waits until the one before has ended{bound(phase)}"
    )


def _without_streams(phase: PhaseMeasured, gain: bool, nothing: bool) -> Verdict:
    steps = agreed([at_a_time(r) or 0 for r in phase.scored])
    held_up = not _undisturbed(phase)
    if steps == 1 and held_up and gain:
        return Verdict(
            Outcome.SERIAL,
            "one answer at a time: the answers end one by one in even steps; alone they were slower than in "
            f"company, so the speedup of {value(phase.speedup):.2f} is none",
        )
    k_by_k = steps is not None and steps > 1 and held_up
    if k_by_k and (gain or (surely_above(phase.speedup, GAIN) and _a_solo_each(phase, steps or 1))):
        return Verdict(
            Outcome.PARTLY,
            f"{steps} answers at a time: they end {steps} by {steps}, "
            f"{value(phase.speedup):.2f} times as fast as one after another",
        )
    if gain and (not held_up or all(ended_together(r, GAIN_TOGETHER_SHARE) for r in phase.scored)):
        return _degree(phase)
    if gain:
        return more("faster than one after another, but the answers end neither in steps nor together")
    if nothing and _one_by_one(phase):
        return Verdict(Outcome.SERIAL, f"the answers end a solo time apart, one after another{bound(phase)}")
    if all(ended_together(r) for r in phase.scored):
        return _no_gain(phase, nothing, "all answers end together")
    seen = "they end neither in steps nor together"
    if nothing:
        why = f"no gain{bound(phase)}; nothing shows whether the requests wait or share the compute: {seen}"
        return Verdict(Outcome.INCONCLUSIVE, why, "take it as no gain: only streams would show more")
    return more(f"nothing shows which answers were decoded together, and {seen}")


def _a_solo_each(phase: PhaseMeasured, k: int) -> bool:
    """Whether k answers end in about each time that one takes alone: no time without compute explains it."""
    each = [
        (a.makespan_s or 0.0) * k / len(a.requests) / fmean(phase.expected_s(r) for r in a.requests)
        for a in phase.scored
    ]
    return median(each) >= SERIAL_STEP


def _undisturbed(phase: PhaseMeasured) -> bool:
    """True if the median answer of the rounds took as long as alone."""
    low, high = UNDISTURBED
    shares = [(r.latency_s or 0.0) / phase.expected_s(r) for a in phase.scored for r in a.requests]
    return min(shares) >= low * low and low <= median(shares) and max(shares) <= high * high


def _one_by_one(phase: PhaseMeasured) -> bool:
    """The answers end a solo apart, the first one after a solo: unequal ones that share compute end later."""
    steps = end_steps(phase.scored, phase.expected_s)
    firsts = first_ends(phase.scored, phase.expected_s)
    return bool(steps) and median(steps) >= SERIAL_STEP and median(firsts) <= 1 / SERIAL_STEP


def _degree(phase: PhaseMeasured) -> Verdict:
    g, ceiling = phase.speedup, phase.speedup_max or 0.0
    sentence = f"{value(g):.2f} times as fast as one after another, of {ceiling:.2f} possible"
    if g is not None and g.low() > FULL_SHARE * ceiling:
        return Verdict(Outcome.FULLY, sentence)
    return Verdict(Outcome.PARALLEL, f"{sentence}: together, but not undisturbed")


def _no_gain(phase: PhaseMeasured, nothing: bool, seen: str) -> Verdict:
    g = phase.speedup
    if g is not None and loses(phase):
        return Verdict(
            Outcome.CONTENTION,
            f"{seen}, and the round takes {1 / g.value:.1f} times as long as one after another",
        )
    if nothing and phase.streams and (phase.slowdown or 0.0) < SHARED_SLOWDOWN:
        return more(f"{seen}, at the pace of one alone, and yet there is no gain")
    if nothing:
        hinder = " or hinder each other" if g is not None and g.low() < LOSS else ""
        return Verdict(Outcome.SLICED, f"{seen}, but they only share the same compute{hinder}{bound(phase)}")
    return more(f"{seen}; whether there is a gain is not decided{between(phase)}")
