"""A phase's verdict as it is said: the outcome, its reason in words, the hint where there is none."""

from dataclasses import dataclass

from analysis.phase.measure import PhaseMeasured
from analysis.statistics.estimates import LogEstimate
from analysis.thresholds import GAIN, LOOK_LEVEL, SMALL_GAIN
from analysis.verdict.outcomes import Outcome

SLOW_SOLOS = (
    "something slowed the answers that were sent alone (another user, sleep, a clock that falls when idle): "
    "keep the machine busy with nothing else, and run again"
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome, why it is that one, and what to do if it is none."""

    outcome: Outcome
    sentence: str
    hint: str = ""


def slots_sentence(phase: PhaseMeasured, k: int) -> str:
    """Where no first token surely waited for an end, prefill in turn may stagger what all work on."""
    exact = phase.total.exact
    at_least, others = ("", "wait") if exact else ("at least ", "wait, or only start later")
    per_port = {p.streams for p in phase.per_port.values()}
    where = ", one per port" if per_port == {1} and len(phase.per_port) == k else ""
    return (
        f"{at_least}{k} slots{where}: the other requests {others}, "
        f"{value(phase.speedup):.2f} times as fast as one after another"
    )


def bound(phase: PhaseMeasured) -> str:
    """What a missing gain leaves open, in words."""
    g, net = phase.speedup, phase.speedup_net
    if g is None:
        return ""
    by_compute_alone = g.high() >= GAIN and g.high(LOOK_LEVEL) >= SMALL_GAIN
    if by_compute_alone and net is not None and net.high() < GAIN:
        return (
            f" (speedup {g.value:.2f} by time that uses no compute; without it {net.value:.2f}, "
            f"at most {net.high():.2f})"
        )
    return f" (speedup {g.value:.2f}, at most {g.high():.2f})"


def more(why: str) -> Verdict:
    return Verdict(
        Outcome.INCONCLUSIVE,
        why,
        "more rounds (rounds: {min: 5, max: 12}), longer answers, or a quieter machine",
    )


def value(estimate: LogEstimate | None) -> float:
    return estimate.value if estimate is not None else float("nan")


def between(phase: PhaseMeasured) -> str:
    """What is open of a gain, in words behind a sentence: of the first measure that does not surely gain."""
    measures: list[tuple[str, LogEstimate | None]] = [("the speedup", phase.speedup)]
    measures += [("that of decoding alone", phase.speedup_decode)] if phase.streams else []
    measures += [("that without overhead", phase.speedup_net)] if phase.overhead_known else []
    known = [(name, e) for name, e in measures if e is not None]
    if not known:
        return ""
    name, e = next(((n, e) for n, e in known if e.low(LOOK_LEVEL) <= GAIN), known[0])
    return f": {name} lies between {e.low():.2f} and {e.high():.2f}"
