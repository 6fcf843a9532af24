"""The verdict of the run: what phases and control say together, in words, with the next step."""

from collections.abc import Sequence
from dataclasses import dataclass

from analysis.next_steps import (
    LOCKS,
    MACHINES,
    MODEL_SWAP,
    ONE_PORT,
    PORTS_PARALLEL,
    SERIAL_PORTS,
    SHARED,
    next_steps,
)
from analysis.phase import PhaseMeasured
from analysis.verdict import (
    CONTENTION,
    GAINS,
    INCONCLUSIVE,
    INVALID,
    SERIAL,
    SLICED,
    Verdict,
)

AS_GOOD = 0.9  # of the ports' speedup: then one port does as well

Judged = tuple[PhaseMeasured, Verdict]


@dataclass(frozen=True, slots=True)
class Answer:
    """The run's outcome, the answer in words, and what to do next, most useful first."""

    outcome: str
    sentence: str
    next_steps: tuple[str, ...]
    finding: str  # the outcome, or the mechanism where one outcome has two: a row of next_steps.yaml


def ports_phase(judged: Sequence[Judged]) -> Judged | None:
    """X: the phase with one user per port on at least two ports."""
    return next((j for j in judged if len(j[0].ports) > 1 and len(j[0].ports) == j[0].plan.users), None)


def control_phase(judged: Sequence[Judged]) -> Judged | None:
    """The phase with the fewest users among those that keep to one port; one model before several."""
    one_port = [j for j in judged if j[0].topology == "one-port"]
    return min(one_port, key=lambda j: (len(set(j[0].plan.deal)) > 1, j[0].plan.users), default=None)


def answer(judged: Sequence[Judged], swapped: bool, limits: Sequence[str] = ()) -> Answer:
    """The run's verdict. `swapped`: the warm-up saw models evict each other; `limits`: whose it may be."""
    if not judged:
        return _answer(INCONCLUSIVE, "No phase was measured.")
    for _, verdict in judged:
        if verdict.outcome == INVALID:
            said = f"The data are unfit for a statement: {verdict.sentence}."
            return _answer(INVALID, said, judged, verdict.hint)
    if swapped:
        return _answer(
            MODEL_SWAP, "The models evict each other: each change of model loads one anew.", judged
        )
    x, control = ports_phase(judged), control_phase(judged)
    if x is not None and control is not None:
        outcome, sentence = _compare(x, control)
    else:
        outcome, sentence = _single(x or control or judged[0])
    contradiction = _contradiction((x or control or judged[0]), judged)
    if outcome != INCONCLUSIVE and contradiction is not None:
        outcome, sentence = INCONCLUSIVE, contradiction
    hint = next((v.hint for _, v in judged if v.outcome == INCONCLUSIVE and v.hint), "")
    return _answer(outcome, sentence, judged, hint, limits)


def _single(judged: Judged) -> tuple[str, str]:
    phase, verdict = judged
    return verdict.outcome, f"{phase.plan.name}, {phase.plan.users} users: {verdict.sentence}."


def _compare(x: Judged, control: Judged) -> tuple[str, str]:
    """Ports against one port: who gains, and so where the limit is."""
    ports, one = x[1].outcome, control[1].outcome
    n = len(x[0].ports)
    if ports == INCONCLUSIVE:
        return INCONCLUSIVE, f"The ports together: {x[1].sentence}."
    if ports == SLICED:
        return SHARED, f"Your {n} ports answer side by side, but they share one compute: {x[1].sentence}."
    if ports == CONTENTION:
        return CONTENTION, f"Your {n} ports slow each other down: {x[1].sentence}."
    if one == INCONCLUSIVE:
        told = f"The ports together: {ports} ({x[1].sentence})" if ports in GAINS else x[1].sentence
        return INCONCLUSIVE, f"{told}; one port alone is not decided: {control[1].sentence}."
    if ports in GAINS:
        return _ports_gain(x, control)
    if one == SERIAL:
        return SERIAL, (
            f"Everything is answered one at a time, on one port and over {n} ports alike: a lock of the "
            "program or the machine, or one server behind all ports."
        )
    return INCONCLUSIVE, f"The ports together are {ports}, one port alone is {one}: these contradict."


def _ports_gain(x: Judged, control: Judged) -> tuple[str, str]:
    n, g = len(x[0].ports), _speedup(x)
    together = f"Yes: your {n} ports work in parallel, {g:.2f} times as fast as one after another"
    if control[1].outcome not in GAINS:
        return (
            PORTS_PARALLEL,
            f"{together}. One port alone gains nothing ({control[1].outcome}): the limit is the port.",
        )
    if _as_good(control, x):
        return (
            ONE_PORT,
            f"{together}, but with {control[0].plan.users} users one port alone does as well "
            f"({_speedup(control):.2f}): for so many, more ports add nothing.",
        )
    return PORTS_PARALLEL, f"{together}. One port alone gains too, but less ({_speedup(control):.2f})."


def _as_good(control: Judged, x: Judged) -> bool:
    """As fast, and as near to what its targets allow: unequal targets hold ports back, not the servers."""
    if _speedup(control) < AS_GOOD * _speedup(x):
        return False
    ceilings = (control[0].speedup_max, x[0].speedup_max)
    if ceilings[0] is None or ceilings[1] is None:
        return False
    return _speedup(control) / ceilings[0] >= AS_GOOD * _speedup(x) / ceilings[1]


def _contradiction(basis: Judged, judged: Sequence[Judged]) -> str | None:
    """A larger phase on the same ports that surely says the opposite; larger N may refine, never overturn."""
    for phase, verdict in judged:
        if set(phase.ports) != set(basis[0].ports) or phase.plan.users <= basis[0].plan.users:
            continue
        opposite = (basis[1].outcome in GAINS and verdict.outcome == SERIAL) or (
            basis[1].outcome == SERIAL and verdict.outcome in GAINS
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


def _answer(
    outcome: str, sentence: str, judged: Sequence[Judged] = (), hint: str = "", limits: Sequence[str] = ()
) -> Answer:
    finding = _finding(outcome, ports_phase(judged), limits)
    steps = next_steps(finding, _kinds(judged))
    first = (f"{hint[0].upper()}{hint[1:]}.",) if hint and outcome in (INCONCLUSIVE, INVALID) else ()
    return Answer(outcome, sentence, first + steps, finding)


def _finding(outcome: str, ports: Judged | None, limits: Sequence[str]) -> str:
    """The outcome, told apart where it has several mechanisms with different remedies."""
    if outcome == SERIAL and len(limits) == 1 and limits[0] in LOCKS:
        return LOCKS[limits[0]]
    if ports is None:
        return outcome
    if outcome == SERIAL:
        return SERIAL_PORTS
    gained = outcome in (PORTS_PARALLEL, ONE_PORT, *GAINS)
    return MACHINES if gained and ports[0].topology == "machines" else outcome


def _kinds(judged: Sequence[Judged]) -> tuple[str, ...]:
    """The kinds of servers that were asked, each once."""
    return tuple(dict.fromkeys(p.targets[t].kind for p, _ in judged for t in p.plan.deal))
