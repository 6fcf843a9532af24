"""What the phases of a run say together: ports against one port, pairs of ports, or each phase by itself."""

from collections.abc import Sequence
from dataclasses import dataclass

from analysis.verdict.outcomes import Outcome
from analysis.verdict.phase_judged import PhaseJudged
from analysis.verdict.ports import each_outcome, late_gain, ports_against_one

TURNS_HINT = (
    "more rounds do not help: a server that takes turns between ports, or fills batches, makes both true; "
    "a phase of 4 and of 8 users on one port alone would show which"
)


@dataclass(frozen=True, slots=True)
class Comparison:
    """The run's outcome with its sentence; `pairs_differ`: some pairs of ports gain and some do not."""

    outcome: Outcome
    sentence: str
    pairs_differ: bool = False
    hint: str = ""  # what would tell, where the phases contradict each other


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
        outcome, sentence = late_gain(x, phases) or ports_against_one(x, control, _wider(x, phases))
    else:
        outcome, sentence = _separately(phases)
    contradiction = _contradiction((x or control or phases[0]), phases)
    if outcome.decided and outcome != Outcome.ONE_PORT and contradiction is not None:
        return Comparison(Outcome.INCONCLUSIVE, contradiction, hint=TURNS_HINT)
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
    return strongest.outcome, f"{each_outcome(judged)} (times as fast as one after another)."


def _pairs(
    pairs: Sequence[PhaseJudged], control: PhaseJudged | None, groups: Sequence[str]
) -> tuple[Outcome, str]:
    """Pairs of ports against one port: the weakest decided pair counts, so that none is overpraised."""
    decided = [j for j in pairs if j.outcome != Outcome.INCONCLUSIVE]
    gaining = sum(j.outcome.gains for j in pairs)
    how_many = f"{gaining} of {len(pairs)} pairs of ports gain ({each_outcome(pairs)})."
    weakest = min(decided or pairs, key=_at_least)
    outcome, sentence = (weakest.outcome, "") if control is None else ports_against_one(weakest, control, [])
    if _differ(pairs):
        who = "; ".join(groups)
        return outcome, f"Not all of your ports work in parallel{who and f': {who}'}. {how_many}"
    return outcome, f"{sentence} {how_many}".lstrip()


def _differ(pairs: Sequence[PhaseJudged]) -> bool:
    """Whether some pairs gain and some surely do not."""
    return len({j.outcome.gains for j in pairs if j.outcome != Outcome.INCONCLUSIVE}) > 1


def _at_least(judged: PhaseJudged) -> float:
    speedup = judged.measured.speedup
    return speedup.low() if speedup is not None else 0.0


def _wider(x: PhaseJudged, judged: Sequence[PhaseJudged]) -> list[PhaseJudged]:
    """The phases with one user per port over X's ports and more, fewest first."""
    more = [j for j in judged if len(j.ports) == j.plan.users and set(j.ports) > set(x.ports)]
    return sorted(more, key=lambda j: j.plan.users)


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
