"""The verdict of the run in words, with the next step."""

from collections.abc import Sequence
from dataclasses import dataclass

from analysis.advice.causes import drafting, reads_anew
from analysis.advice.evidence import leaves_a_card_idle
from analysis.advice.next_steps import LOCKS, MACHINES_PARALLEL, PAIRS_DIFFER, SERIAL_PORTS, next_steps
from analysis.verdict.of_run import compare, ports_phase, without_pairs
from analysis.verdict.outcomes import Outcome
from analysis.verdict.phase_judged import PhaseJudged

LET_IT_END = "mend what it names, if anything, and let the run go to its end"


@dataclass(frozen=True, slots=True)
class Answer:
    """The run's outcome, the answer in words, and what to do next, most useful first."""

    outcome: Outcome
    sentence: str
    next_steps: tuple[str, ...]
    finding: str  # the outcome, or the mechanism where one outcome has two: a row of next_steps.yaml


def answer(
    judged: Sequence[PhaseJudged],
    swapped: bool,
    limits: Sequence[str] = (),
    groups: Sequence[str] = (),
    ended: str | None = None,
) -> Answer:
    """The run's verdict. `swapped`: the warm-up saw models evict each other; `limits`: whose it may be.

    `groups`: in words, which targets of a contention matrix share what. `ended`: why it ended early.
    """
    if not judged:
        why = f"The run ended before a phase began: {ended}." if ended else "No phase was measured."
        return _answer(Outcome.INCONCLUSIVE, why, hint=LET_IT_END if ended else "")
    for j in judged:
        if j.outcome == Outcome.INVALID:
            sentence = f"The data allow no statement: {j.verdict.sentence}."
            return _answer(Outcome.INVALID, sentence, judged, j.verdict.hint)
    if swapped:
        return _answer(
            Outcome.MODEL_SWAP, "The models evict each other: each change of model reloads one.", judged
        )
    compared = compare(judged, groups)
    undecided = (j for j in without_pairs(judged) if j.outcome == Outcome.INCONCLUSIVE)
    hint = next((j.verdict.hint for j in undecided if j.verdict.hint), "")
    ports = ports_phase(judged)
    finding = PAIRS_DIFFER if compared.pairs_differ else _finding(compared.outcome, ports, limits)
    return _answer(compared.outcome, compared.sentence, judged, compared.hint or hint, finding)


def _answer(
    outcome: Outcome,
    sentence: str,
    judged: Sequence[PhaseJudged] = (),
    hint: str = "",
    finding: str | None = None,
) -> Answer:
    finding = finding or outcome
    if hint and not outcome.decided:  # it knows better than the table what is amiss
        return Answer(outcome, sentence, (f"{hint[0].upper()}{hint[1:]}.",), finding)
    embeds = any(t.texts is not None for j in judged for t in j.measured.targets.values())
    steps = next_steps(finding, _kinds(judged), _contains(judged), embeds=embeds)
    return Answer(outcome, sentence, steps, finding)


def _finding(outcome: Outcome, ports: PhaseJudged | None, limits: Sequence[str]) -> str:
    """The outcome, or its mechanism where it has several with different remedies."""
    if outcome == Outcome.SERIAL and len(limits) == 1 and limits[0] in LOCKS:
        return LOCKS[limits[0]]
    if ports is None:
        return outcome
    if outcome == Outcome.SERIAL:
        return SERIAL_PORTS
    return MACHINES_PARALLEL if outcome.gains and ports.measured.topology == "machines" else outcome


def _kinds(judged: Sequence[PhaseJudged]) -> tuple[str, ...]:
    """The kinds of servers that were asked, each once."""
    return tuple(dict.fromkeys(j.measured.targets[t].kind for j in judged for t in j.plan.deal))


def _contains(judged: Sequence[PhaseJudged]) -> set[str]:
    """What the run has made and shown: `unless` and `when` in next_steps.yaml."""
    phases = [j.measured for j in judged]
    one_port = [p for p in phases if p.topology == "one-port"]
    users = {p.plan.users for p in one_port}
    alike = [p for p in one_port if p.plan.users == max(p.plan.users for p in one_port)]
    models = {(p.targets[t].base_url, p.targets[t].model) for p in phases for t in p.plan.deal}
    contains = {
        "batched": len(models) == 1 and any((p.total.streams or 1) > 1 for p in phases),
        "control": bool(one_port),
        "more-users": len(users) > 2 and max(users) >= 8,
        "several-ports": len({port for p in phases for port in p.ports}) > 1,
        "slots": len({p.ports for p in alike}) > 1 and len({p.total.streams for p in alike}) > 1,
        "idle-card": any(leaves_a_card_idle(m) for j in judged if j.load and (m := j.load.machine)),
        "drafts": any(drafting(j.measured, j.load) for j in judged),
        "thrash": any(reads_anew(j.measured, j.load) for j in judged),
    }
    return {name for name, is_there in contains.items() if is_there}
