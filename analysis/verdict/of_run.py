"""What the phases of a run say together: ports against one port, pairs of ports, or each phase by itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile

from analysis.phase.measure import PhaseMeasured
from analysis.thresholds import ONE_PORT_AS_GOOD
from analysis.verdict.of_phase import Verdict
from analysis.verdict.outcomes import Outcome

Judged = tuple[PhaseMeasured, Verdict]


@dataclass(frozen=True, slots=True)
class Compared:
    """The run's outcome with its sentence; `pairs_differ`: some pairs of ports gain and some do not."""

    outcome: Outcome
    sentence: str
    pairs_differ: bool = False


def ports_phase(judged: Sequence[Judged]) -> Judged | None:
    """X: the phase with one user per port on at least two ports."""
    return next((j for j in judged if len(j[0].ports) > 1 and len(j[0].ports) == j[0].plan.users), None)


def control_phase(judged: Sequence[Judged]) -> Judged | None:
    """The phase with the fewest users, two at least, of those that keep to one port; one model first."""
    one_port = [j for j in judged if j[0].topology == "one-port" and j[0].plan.users > 1]
    return min(one_port, key=lambda j: (len(set(j[0].plan.deal)) > 1, j[0].plan.users), default=None)


def without_pairs(judged: Sequence[Judged]) -> list[Judged]:
    """The phases beside a contention matrix; its pairs where there is nothing else."""
    return [j for j in judged if j[0].plan.pair_of is None] or list(judged)


def compare(judged: Sequence[Judged], groups: Sequence[str]) -> Compared:
    """The outcome of several phases that are fit for a statement.

    `groups`: in words, which targets of a contention matrix share what.
    """
    phases = without_pairs(judged)
    pairs = [j for j in judged if j[0].plan.pair_of is not None and len(j[0].ports) > 1]
    x, control = ports_phase(phases), control_phase(phases)
    by_pairs = bool(pairs) and (x is None or x in pairs)
    if by_pairs:
        outcome, sentence = _pairs(pairs, control, groups)
    elif x is not None and control is not None:
        outcome, sentence = _compare(x, control, _wider(x, phases))
    else:
        outcome, sentence = _each(phases)
    contradiction = _contradiction((x or control or phases[0]), phases)
    if outcome != Outcome.INCONCLUSIVE and contradiction is not None:
        return Compared(Outcome.INCONCLUSIVE, contradiction)
    return Compared(outcome, sentence, by_pairs and outcome != Outcome.INCONCLUSIVE and _differ(pairs))


def _each(judged: Sequence[Judged]) -> tuple[Outcome, str]:
    """Each phase by itself: the outcome is that of the decided one with the most users.

    Of several with as many users it is the one whose speedup is surely the highest.
    """
    decided = [j for j in judged if j[1].outcome != Outcome.INCONCLUSIVE]
    if len(judged) == 1 or not decided:
        phase, verdict = judged[0]
        return verdict.outcome, f"{phase.plan.name}, {phase.plan.users} users: {verdict.sentence}."
    _, verdict = max(decided, key=lambda j: (j[0].plan.users, _at_least(j)))
    return verdict.outcome, f"{_told(judged)} (times as fast as one after another)."


def _pairs(pairs: Sequence[Judged], control: Judged | None, groups: Sequence[str]) -> tuple[Outcome, str]:
    """Pairs of ports against one port: the weakest of those decided speaks, so that none is overpraised."""
    decided = [j for j in pairs if j[1].outcome != Outcome.INCONCLUSIVE]
    gaining = [j for j in pairs if j[1].outcome.gains]
    told = f"{len(gaining)} of {len(pairs)} pairs of ports gain ({_told(pairs)})"
    weakest = min(decided or pairs, key=_at_least)
    outcome, sentence = (weakest[1].outcome, "") if control is None else _compare(weakest, control, [])
    if _differ(pairs):
        who = "; ".join(groups)
        return outcome, f"Not all of your ports work in parallel{who and f': {who}'}. {told}."
    return outcome, f"{sentence} {told}.".lstrip()


def _differ(pairs: Sequence[Judged]) -> bool:
    """Whether some pairs gain and some surely do not."""
    return len({j[1].outcome.gains for j in pairs if j[1].outcome != Outcome.INCONCLUSIVE}) > 1


def _told(judged: Sequence[Judged]) -> str:
    """Each phase's outcome with its speedup; by its users where all ask the same targets."""
    same = len({frozenset(j[0].plan.deal) for j in judged}) == 1
    return "; ".join(
        f"{'' if same else f'{p.plan.name}, '}{p.plan.users} users: {v.outcome}"
        + (f" {p.speedup.value:.2f}" if p.speedup is not None else "")
        for p, v in judged
    )


def _at_least(judged: Judged) -> float:
    speedup = judged[0].speedup
    return speedup.low() if speedup is not None else 0.0


def _wider(x: Judged, judged: Sequence[Judged]) -> list[Judged]:
    """The phases with one user per port over X's ports and more, fewest first."""
    more = [j for j in judged if len(j[0].ports) == j[0].plan.users and set(j[0].ports) > set(x[0].ports)]
    return sorted(more, key=lambda j: j[0].plan.users)


def _compare(x: Judged, control: Judged, wider: Sequence[Judged]) -> tuple[Outcome, str]:
    """Ports against one port: who gains, and so where the limit is."""
    ports, one = x[1].outcome, control[1].outcome
    n = len(x[0].ports)
    if ports == Outcome.INCONCLUSIVE:
        return Outcome.INCONCLUSIVE, f"The ports together: {x[1].sentence}."
    if ports == Outcome.SLICED:
        return (
            Outcome.SHARED,
            f"Your {n} ports answer side by side, but they share one compute: {x[1].sentence}.",
        )
    if ports == Outcome.CONTENTION:
        return Outcome.CONTENTION, f"Your {n} ports slow each other down: {x[1].sentence}."
    if one == Outcome.INCONCLUSIVE:
        told = f"The ports together: {ports} ({x[1].sentence})" if ports.gains else x[1].sentence
        return Outcome.INCONCLUSIVE, f"{told}; one port alone is not decided: {control[1].sentence}."
    if ports.gains:
        return _ports_gain(x, control, wider)
    if one == Outcome.SERIAL:
        return Outcome.SERIAL, (
            f"Everything is answered one at a time, on one port and over {n} ports alike: a lock of the "
            "program or the machine, or one server behind all ports."
        )
    return Outcome.INCONCLUSIVE, f"The ports together are {ports}, one port alone is {one}: these contradict."


def _ports_gain(x: Judged, control: Judged, wider: Sequence[Judged]) -> tuple[Outcome, str]:
    gaining = list(takewhile(lambda j: j[1].outcome.gains, wider))
    widest = (gaining or [x])[-1]
    partly = widest[1].outcome == Outcome.PARTLY and widest[0].total.exact  # a port surely waits for another
    yes, at_once = ("Yes, in part", f"{widest[0].total.streams} at a time, ") if partly else ("Yes", "")
    together = (
        f"{yes}: your {len(widest[0].ports)} ports work in parallel, {at_once}"
        f"{_speedup(widest):.2f} times as fast as one after another"
    )
    limit = "the port, and beyond it something that the ports share" if partly else "the port"
    beyond = f" Over more ports: {_told(wider[len(gaining) :])}." if len(gaining) < len(wider) else ""
    if not control[1].outcome.gains:
        return Outcome.PORTS_PARALLEL, (
            f"{together}. One port alone gains nothing ({control[1].outcome}): the limit is {limit}.{beyond}"
        )
    if _as_good(control, x):
        return (
            Outcome.ONE_PORT,
            f"{together}, but with {control[0].plan.users} users one port alone does as well "
            f"({_speedup(control):.2f}): for so many, more ports add nothing.{beyond}",
        )
    users, gained = control[0].plan.users, f"{_speedup(control):.2f}"
    # so few users cannot gain more, however good the port is
    less = f", but less ({gained})" if users >= x[0].plan.users else f" ({gained} with {users} users)"
    return Outcome.PORTS_PARALLEL, f"{together}. One port alone gains too{less}.{beyond}"


def _as_good(control: Judged, x: Judged) -> bool:
    """As fast, and as near to what its targets allow: unequal targets hold ports back, not the servers."""
    if _speedup(control) < ONE_PORT_AS_GOOD * _speedup(x):
        return False
    ceilings = (control[0].speedup_max, x[0].speedup_max)
    if ceilings[0] is None or ceilings[1] is None:
        return False
    return _speedup(control) / ceilings[0] >= ONE_PORT_AS_GOOD * _speedup(x) / ceilings[1]


def _contradiction(basis: Judged, judged: Sequence[Judged]) -> str | None:
    """A larger phase on the same ports that surely says the opposite; larger N may refine, never overturn."""
    for phase, verdict in judged:
        if set(phase.ports) != set(basis[0].ports) or phase.plan.users <= basis[0].plan.users:
            continue
        opposite = (basis[1].outcome.gains and verdict.outcome == Outcome.SERIAL) or (
            basis[1].outcome == Outcome.SERIAL and verdict.outcome.gains
        )
        if opposite:
            return (
                f"{basis[0].plan.name} says {basis[1].outcome}, but {phase.plan.name} with "
                f"{phase.plan.users} users says {verdict.outcome}: these contradict."
            )
    return None


def _speedup(judged: Judged) -> float:
    estimate = judged[0].speedup
    return estimate.value if estimate is not None else float("nan")
