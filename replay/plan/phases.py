"""The plan `phases`: users seated for each phase, the phases in order, the chain, within the budget."""

import math
import time
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from analysis.conditions.of_phase import phase_conditions
from analysis.errors import PortlapError
from analysis.phase.rounds import PlannedPhase
from analysis.verdict.certainty import decided
from analysis.verdict.of_phase import phase_verdict
from replay.output import log
from replay.plan import progress
from replay.plan.budget import Fitted, chain_s, describe, fit_to_budget, smallest, total_s, with_rounds
from replay.plan.one_phase import Conducted, run_chain, run_phase
from replay.plan.warm_up import choose_tokens, warm_up
from replay.release.users import PinnedUser

SPAWN_RATE = 100.0
SEAT_PATIENCE_S = 30.0

Classes = Mapping[str, type[PinnedUser]]  # by target


def conduct(run: Conducted, runner: Any, classes: Classes, planned: Sequence[PlannedPhase]) -> None:
    """Runs all phases that fit the budget. Raises TargetError if a target fails in the warm-up."""
    targets = list(dict.fromkeys(t for p in planned for t in p.deal))
    seat_users(run, runner, classes, targets)
    answers = warm_up(run, targets)
    todo = [p for p in planned if p.after is None]
    later = [p for p in planned if p.after is not None]
    choose_tokens(run, todo, answers)
    _announce(run, todo, later)
    chain_of = smallest(todo)
    done, overlapped = list[PlannedPhase](), set[str]()
    while todo or later:
        if not todo:
            todo, later = _grown(later[0], done, overlapped), later[1:]
            continue
        before_chain = [chain_of] if chain_of in todo else []
        fitted = _fit(run, todo, before_chain, keep=0 if done else 1)
        if not fitted.phases:
            break
        plan = fitted.phases[0]
        todo.pop(0)
        run.recorder.note(phases_planned=(*done, plan, *todo, *later))
        seat_users(run, runner, classes, plan.deal)
        measured = run_phase(run, plan, total_s(fitted.phases[1:], run.solo_s))
        if plan.name == chain_of.name:
            run_chain(run, plan)
        done.append(plan if decided(measured) else with_rounds(plan, len(measured.rounds)))
        overlapped |= {plan.name} if measured.all_overlap else set()
        run.recorder.note(
            phases_finished=tuple(p.name for p in done),
            client=run.health.summary(),
            cuts=_cuts(planned, done),
        )
        verdict = phase_verdict(measured, (), phase_conditions(measured, run.health.summary()))
        progress.analysed(measured, verdict)
        run.shown.show_phase(measured, verdict)
    needed = [p for p in later if p.after in overlapped]
    left_out = tuple(f"{p.name} left out: {_price(run, p)}" for p in (*todo, *needed))
    run.recorder.note(phases_planned=tuple(done), cuts=_cuts(planned, done) + left_out)
    for line in left_out:
        log.warning(line)
    runner.start(0, SPAWN_RATE)


def _grown(
    plan: PlannedPhase, done: Sequence[PlannedPhase], overlapped: Collection[str]
) -> list[PlannedPhase]:
    """The next larger phase, if all requests of the one before it overlapped: else more would only wait."""
    if plan.after in overlapped:
        return [plan]
    if any(p.name == plan.after for p in done):
        log.info(f"{plan.name} not needed: the requests of {plan.after} did not all overlap")
    return []


def seat_users(run: Conducted, runner: Any, classes: Classes, deal: Sequence[str]) -> None:
    """Exactly the users of this deal, new ones: through zero, because Locust only ever adds or removes."""
    runner.start(0, SPAWN_RATE)
    run.dispatch.wait(lambda: not run.dispatch.seats, SEAT_PATIENCE_S)
    counts = Counter(deal)
    for target, user_class in classes.items():
        user_class.fixed_count = counts[target]
    runner.start(len(deal), SPAWN_RATE, user_classes=[classes[t] for t in counts])

    def seated() -> bool:
        return Counter(s.target for s in run.dispatch.seats) == counts

    if not run.dispatch.wait(seated, SEAT_PATIENCE_S):
        here = ", ".join(s.target for s in run.dispatch.seats) or "none"
        raise PortlapError(
            f"Locust did not start the {len(deal)} users of this phase within {SEAT_PATIENCE_S:.0f} s "
            f"(ready: {here}); are workers connected?"
        )


def _announce(run: Conducted, planned: Sequence[PlannedPhase], later: Sequence[PlannedPhase]) -> None:
    fitted = _fit(run, planned, planned, keep=1)
    for target, solo_s in run.solo_s.items():
        log.info(f"{target}: {run.infos[target].max_tokens} tokens, about {solo_s:.2f} s alone")
    for line in describe((*fitted.phases, *later), run.solo_s, run.scenario.budget_s):
        log.info(line)
    if fitted.cuts:
        spent_s = time.monotonic() - run.began_s
        everything_s = spent_s + total_s(planned, run.solo_s) + chain_s(planned, run.solo_s)
        log.warning(
            f"the budget of {run.scenario.budget_s:.0f} s may not do: {'; '.join(fitted.cuts)} "
            f"(for all of it: --budget {math.ceil(everything_s / 60)}m)"
        )


def _fit(run: Conducted, phases: Sequence[PlannedPhase], chain: Sequence[PlannedPhase], keep: int) -> Fitted:
    """What of `phases` fits the rest of the budget, less the chain if it is still to come."""
    left_s = run.left_s()
    if left_s is not None and chain:
        left_s -= chain_s(chain, run.solo_s)
    return fit_to_budget(phases, run.solo_s, left_s, keep)


def _cuts(planned: Sequence[PlannedPhase], done: Sequence[PlannedPhase]) -> tuple[str, ...]:
    """Phases that ran with fewer rounds than the scenario asked for."""
    asked = {p.name: p.max_rounds for p in planned}
    return tuple(
        f"{p.name}: {p.max_rounds} rounds instead of {asked[p.name]}"
        for p in done
        if p.max_rounds < asked[p.name]
    )


def _price(run: Conducted, plan: PlannedPhase) -> str:
    """What a phase that was left out would need, and the budget that allows it."""
    needs_s = total_s([plan], run.solo_s)
    spent_s = time.monotonic() - run.began_s
    minutes = math.ceil((spent_s + needs_s) / 60)
    return f"it needs up to {needs_s / 60:.1f} more minutes: --budget {minutes}m"
