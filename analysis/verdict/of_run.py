"""What the phases of a run say together: ports against one port, pairs of ports, or each phase by itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile

from analysis.thresholds import ONE_PORT_AS_GOOD
from analysis.verdict.outcomes import Outcome
from analysis.verdict.phase_judged import PhaseJudged


@dataclass(frozen=True, slots=True)
class Comparison:
    """The run's outcome with its sentence; `pairs_differ`: some pairs of ports gain and some do not."""

    outcome: Outcome
    sentence: str
    pairs_differ: bool = False


def ports_phase(judged: Sequence[PhaseJudged]) -> PhaseJudged | None:
    """X: the phase with one user per port on at least two ports."""
    return next((j for j in judged if len(j.ports) > 1 and len(j.ports) == j.plan.users), None)


def control_phase(judged: Sequence[PhaseJudged]) -> PhaseJudged | None:
    """The phase with the fewest users, two at least, of those that keep to one port; one model first."""
    one_port = [j for j in judged if j.measured.topology == "one-port" and j.plan.users > 1]
    return min(one_port, key=lambda j: (len(set(j.plan.deal)) > 1, j.plan.users), default=None)


def without_pairs(judged: Sequence[PhaseJudged]) -> list[PhaseJudged]:
    """The phases beside a contention matrix; its pairs where there is nothing else."""
    return [j for j in judged if j.plan.pair_of is None] or list(judged)


def compare(judged: Sequence[PhaseJudged], groups: Sequence[str]) -> Comparison:
    """The outcome of several phases that are fit for a statement.

    `groups`: in words, which targets of a contention matrix share what.
    """
    phases = without_pairs(judged)
    pairs = [j for j in judged if j.plan.pair_of is not None and len(j.ports) > 1]
    x, control = ports_phase(phases), control_phase(phases)
    by_pairs = bool(pairs) and (x is None or x in pairs)
    if by_pairs:
        outcome, sentence = _pairs(pairs, control, groups)
    elif x is not None and control is not None:
        outcome, sentence = _compare(x, control, _wider(x, phases))
    else:
        outcome, sentence = _separately(phases)
    contradiction = _contradiction((x or control or phases[0]), phases)
    if outcome != Outcome.INCONCLUSIVE and contradiction is not None:
        return Comparison(Outcome.INCONCLUSIVE, contradiction)
    return Comparison(outcome, sentence, by_pairs and outcome != Outcome.INCONCLUSIVE and _differ(pairs))


def _separately(judged: Sequence[PhaseJudged]) -> tuple[Outcome, str]:
    """Each phase by itself: the outcome is that of the decided one with the most users.

    Of several with as many users it is the one whose speedup is surely the highest.
    """
    decided = [j for j in judged if j.outcome != Outcome.INCONCLUSIVE]
    if len(judged) == 1 or not decided:
        only = judged[0]
        return only.outcome, f"{only.plan.name}, {only.plan.users} users: {only.verdict.sentence}."
    strongest = max(decided, key=lambda j: (j.plan.users, _at_least(j)))
    return strongest.outcome, f"{_each_outcome(judged)} (times as fast as one after another)."


def _pairs(
    pairs: Sequence[PhaseJudged], control: PhaseJudged | None, groups: Sequence[str]
) -> tuple[Outcome, str]:
    """Pairs of ports against one port: the weakest decided pair counts, so that none is overpraised."""
    decided = [j for j in pairs if j.outcome != Outcome.INCONCLUSIVE]
    gaining = sum(j.outcome.gains for j in pairs)
    how_many = f"{gaining} of {len(pairs)} pairs of ports gain ({_each_outcome(pairs)})."
    weakest = min(decided or pairs, key=_at_least)
    outcome, sentence = (weakest.outcome, "") if control is None else _compare(weakest, control, [])
    if _differ(pairs):
        who = "; ".join(groups)
        return outcome, f"Not all of your ports work in parallel{who and f': {who}'}. {how_many}"
    return outcome, f"{sentence} {how_many}".lstrip()


def _differ(pairs: Sequence[PhaseJudged]) -> bool:
    """Whether some pairs gain and some surely do not."""
    return len({j.outcome.gains for j in pairs if j.outcome != Outcome.INCONCLUSIVE}) > 1


def _each_outcome(judged: Sequence[PhaseJudged]) -> str:
    """Each phase's outcome with its speedup; by its users where all ask the same targets."""
    same = len({frozenset(j.plan.deal) for j in judged}) == 1
    return "; ".join(
        f"{'' if same else f'{j.plan.name}, '}{j.plan.users} users: {j.outcome}"
        + (f" {j.measured.speedup.value:.2f}" if j.measured.speedup is not None else "")
        for j in judged
    )


def _at_least(judged: PhaseJudged) -> float:
    speedup = judged.measured.speedup
    return speedup.low() if speedup is not None else 0.0


def _wider(x: PhaseJudged, judged: Sequence[PhaseJudged]) -> list[PhaseJudged]:
    """The phases with one user per port over X's ports and more, fewest first."""
    more = [j for j in judged if len(j.ports) == j.plan.users and set(j.ports) > set(x.ports)]
    return sorted(more, key=lambda j: j.plan.users)


def _compare(x: PhaseJudged, control: PhaseJudged, wider: Sequence[PhaseJudged]) -> tuple[Outcome, str]:
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
        sentence = x.verdict.sentence
        if ports.gains:
            sentence = f"The ports together: {ports} ({sentence})"
        return Outcome.INCONCLUSIVE, f"{sentence}; one port alone is not decided: {control.verdict.sentence}."
    if ports.gains:
        return _ports_gain(x, control, wider)
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
    beyond = f" Over more ports: {_each_outcome(wider[len(gaining) :])}." if len(gaining) < len(wider) else ""
    if not control.outcome.gains:
        return Outcome.PORTS_PARALLEL, (
            f"{together}. One port alone gains nothing ({control.outcome}): the limit is {limit}.{beyond}"
        )
    if _as_good(control, x):
        return (
            Outcome.ONE_PORT,
            f"{together}, but with {control.plan.users} users one port alone does as well "
            f"({_speedup(control):.2f}): for that many, more ports add nothing.{beyond}",
        )
    users, gained = control.plan.users, f"{_speedup(control):.2f}"
    # so few users cannot gain more, however good the port is
    less = f", but less ({gained})" if users >= x.plan.users else f" ({gained} with {users} users)"
    return Outcome.PORTS_PARALLEL, f"{together}. One port alone gains too{less}.{beyond}"


def _as_good(control: PhaseJudged, x: PhaseJudged) -> bool:
    """As fast, and as near to what its targets allow: unequal targets hold ports back, not the servers."""
    if _speedup(control) < ONE_PORT_AS_GOOD * _speedup(x):
        return False
    ceilings = (control.measured.speedup_max, x.measured.speedup_max)
    if ceilings[0] is None or ceilings[1] is None:
        return False
    return _speedup(control) / ceilings[0] >= ONE_PORT_AS_GOOD * _speedup(x) / ceilings[1]


def _contradiction(basis: PhaseJudged, judged: Sequence[PhaseJudged]) -> str | None:
    """A larger phase on the same ports that surely says the opposite; larger N may refine, never overturn."""
    for j in judged:
        larger = set(j.ports) == set(basis.ports) and j.plan.users > basis.plan.users
        opposite = (basis.outcome.gains and j.outcome == Outcome.SERIAL) or (
            basis.outcome == Outcome.SERIAL and j.outcome.gains
        )
        if larger and opposite:
            return (
                f"{basis.plan.name} says {basis.outcome}, but {j.plan.name} with "
                f"{j.plan.users} users says {j.outcome}: these contradict each other."
            )
    return None


def _speedup(judged: PhaseJudged) -> float:
    estimate = judged.measured.speedup
    return estimate.value if estimate is not None else float("nan")
