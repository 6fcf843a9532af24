"""Several ports against one: which of them gains, and so where the limit is; and a gain that comes late."""

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import takewhile

from analysis.statistics.estimates import LogEstimate
from analysis.thresholds import ONE_PORT_AS_GOOD, SURELY
from analysis.verdict.outcomes import Outcome
from analysis.verdict.phase_judged import PhaseJudged


def ports_against_one(
    x: PhaseJudged, control: PhaseJudged, wider: Sequence[PhaseJudged]
) -> tuple[Outcome, str]:
    """Ports against one port: who gains, and so where the limit is."""
    ports, one = x.outcome, control.outcome
    n = len(x.ports)
    if ports == Outcome.INCONCLUSIVE:
        return Outcome.INCONCLUSIVE, f"The ports together: {x.verdict.sentence}."
    if ports == Outcome.SLICED:
        return (
            Outcome.SHARED,
            f"Your {n} ports answer side by side, but they share one compute: {x.verdict.sentence}.",
        )
    if ports == Outcome.CONTENTION:
        return Outcome.CONTENTION, f"Your {n} ports slow each other down: {x.verdict.sentence}."
    if one == Outcome.INCONCLUSIVE:
        together = f"The ports together: {x.verdict.sentence}. Whether one port alone gains"
        if ports.gains:
            together = (
                f"Together your {n} ports gain {_speedup(x):.2f}. Whether one port alone would do as well"
            )
        return Outcome.INCONCLUSIVE, f"{together} is open: {_reason(control)}."
    if ports.gains:
        return _ports_gain(x, control, wider)
    if one.gains:
        users = control.plan.users
        return Outcome.ONE_PORT, (
            f"Your {n} ports take turns, one at a time, while one port alone answers {users} requests "
            f"together, {_speedup(control):.2f} times as fast as one after another: use one port."
        )
    if one == Outcome.SERIAL:
        return Outcome.SERIAL, (
            f"Everything is answered one at a time, on one port and over {n} ports alike: a lock of the "
            "program or the machine, or one server behind all ports."
        )
    return (
        Outcome.INCONCLUSIVE,
        f"The ports together are {ports}, one port alone is {one}: these contradict each other.",
    )


def _ports_gain(x: PhaseJudged, control: PhaseJudged, wider: Sequence[PhaseJudged]) -> tuple[Outcome, str]:
    gaining = list(takewhile(lambda j: j.outcome.gains, wider))
    widest = (gaining or [x])[-1]
    partly = (
        widest.outcome == Outcome.PARTLY and widest.measured.total.exact
    )  # a port surely waits for another
    yes, at_once = ("Yes, in part", f"{widest.measured.total.streams} at a time, ") if partly else ("Yes", "")
    together = (
        f"{yes}: your {len(widest.ports)} ports work in parallel, {at_once}"
        f"{_speedup(widest):.2f} times as fast as one after another"
    )
    limit = "the port, and beyond it something that the ports share" if partly else "the port"
    beyond = f" Over more ports: {each_outcome(wider[len(gaining) :])}." if len(gaining) < len(wider) else ""
    if not control.outcome.gains:
        return Outcome.PORTS_PARALLEL, (
            f"{together}. One port alone gains nothing ({control.outcome}): the limit is {limit}.{beyond}"
        )
    ratio = _ratio(x, control)
    users, gained = control.plan.users, f"{_speedup(control):.2f}"
    if ratio is not None and ratio.high() < 1 / ONE_PORT_AS_GOOD:
        return (
            Outcome.ONE_PORT,
            f"{together}, but with {users} users one port alone does as well ({gained}): for that many, "
            f"more ports add nothing.{beyond}",
        )
    if ratio is not None and ratio.low() <= 1:
        return (
            Outcome.ONE_PORT,
            f"{together}, but with {users} users one port alone may do as well ({gained}; the ports are "
            f"{ratio.value:.2f} [{ratio.low():.2f}, {ratio.high():.2f}] times as fast).{beyond}",
        )
    # so few users cannot gain more, however good the port is
    less = f", but less ({gained})" if users >= x.plan.users else f" ({gained} with {users} users)"
    return Outcome.PORTS_PARALLEL, f"{together}. One port alone gains too{less}.{beyond}"


def _ratio(x: PhaseJudged, control: PhaseJudged) -> LogEstimate | None:
    """The ports' speedup over one port's, each at most its Gmax; None where one of them is unknown.

    Surely unequal targets hold the ports back, not the servers: where, as shares of their Gmax, the ports
    are surely better than as good, that ratio counts.
    """
    g, own = x.measured.speedup, control.measured.speedup
    if g is None or own is None or not x.measured.speedup_max or not control.measured.speedup_max:
        return None
    ceilings = math.log(x.measured.speedup_max), math.log(control.measured.speedup_max)
    log = min(g.log, ceilings[0]) - min(own.log, ceilings[1])
    ratio = LogEstimate(log, math.hypot(g.se, own.se), min(g.df, own.df), own.n)
    of_most = replace(ratio, log=log + ceilings[1] - ceilings[0])
    held_back = ceilings[0] < ceilings[1] and _unequal(x) and of_most.low() > 1 / ONE_PORT_AS_GOOD
    return of_most if held_back else ratio


def _unequal(judged: PhaseJudged) -> bool:
    """Whether some answers of the phase surely take longer alone than others."""
    fit = judged.measured.fit
    solos = sorted(fit.solo_s.values(), key=lambda e: e.log) if fit is not None else []
    return bool(solos) and solos[-1].over(solos[0]).low(SURELY) > 1


def late_gain(x: PhaseJudged, phases: Sequence[PhaseJudged]) -> tuple[Outcome, str] | None:
    """A gain that only more users bring: it is the run's verdict, beside the lack of it with few."""
    if x.outcome not in (Outcome.SLICED, Outcome.CONTENTION):
        return None
    more = sorted((j for j in phases if j.plan.users > x.plan.users), key=lambda j: j.plan.users)
    gaining = [j for j in more if j.outcome.gains]
    if not gaining or any(
        j.outcome.decided and not j.outcome.gains for j in more if j.plan.users >= gaining[0].plan.users
    ):
        return None
    g = x.measured.speedup
    few = f"with {x.plan.users} users there is none"
    if g is not None:
        lost = x.outcome == Outcome.CONTENTION
        few += (
            f" (they take {1 / g.value:.2f} times as long)"
            if lost
            else f" ({g.value:.2f}, at most {g.high():.2f})"
        )
    return gaining[-1].outcome, f"A gain, but only with more users: {few}; {each_outcome(gaining)}."


def each_outcome(judged: Sequence[PhaseJudged]) -> str:
    """Each phase's outcome with its speedup; by its users where all ask the same targets."""
    same = len({frozenset(j.plan.deal) for j in judged}) == 1
    return "; ".join(
        f"{'' if same else f'{j.plan.name}, '}{j.plan.users} users: {j.outcome}"
        + (f" {j.measured.speedup.value:.2f}" if j.measured.speedup is not None else "")
        for j in judged
    )


def _reason(judged: PhaseJudged) -> str:
    """Why a phase decides nothing, without the name of the condition that failed."""
    sentence = judged.verdict.sentence
    names = (c.name for c in judged.conditions if c.passed is False)
    return next((sentence.removeprefix(f"{n}: ") for n in names if sentence.startswith(f"{n}: ")), sentence)


def _speedup(judged: PhaseJudged) -> float:
    estimate = judged.measured.speedup
    return estimate.value if estimate is not None else float("nan")
