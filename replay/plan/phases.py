"""The plan `phases`: the warm-up, then every phase that is needed and fits the budget."""

import math
from collections.abc import Collection, Sequence
from dataclasses import replace

from analysis.conditions.of_phase import phase_conditions
from analysis.files.plan import PlannedPhase
from analysis.phase.measure import PhaseMeasured
from analysis.verdict.certainty import decided
from analysis.verdict.of_phase import phase_verdict
from analysis.verdict.phase_judged import PhaseJudged
from replay.output import log
from replay.plan import progress
from replay.plan.budget import BudgetFit, chain_s, fit_to_budget, shortened, smallest, total_s, with_rounds
from replay.plan.one_phase import keep_still, run_chain, run_phase
from replay.plan.run_state import RunState
from replay.plan.warm_up import choose_tokens, warm_up
from replay.prompts.sizing import Sizing, size
from replay.release.seats import Seats

INTERIM_AFTER_S = 45.0  # a shorter run has its answer soon; people have begun to look away by then
PHASES_SHARE = 0.45  # of the budget, where a sweep follows them


def conduct(run: RunState, seats: Seats, planned: Sequence[PlannedPhase]) -> RunState:
    """Runs all phases that fit the budget; returns what the warm-up has shown.

    Raises TargetError if a target fails in the warm-up.
    """
    waiting = list(planned)  # those that depend on others come last
    targets = list(dict.fromkeys(t for p in planned for t in p.deal))
    seats.fill(targets)
    run = replace(run, seats=seats)
    run, answers = warm_up(run, targets)
    run = choose_tokens(run, _certain(waiting), answers)
    _announce(run, waiting)
    chain_of = smallest(_certain(waiting))
    done, overlapped, judged = list[PlannedPhase](), set[str](), list[PhaseJudged]()
    sizes: dict[str, Sizing] = {}
    while waiting:
        if not _is_needed(waiting[0], done, overlapped):
            del waiting[0]
            continue
        todo = _certain(waiting) or waiting[:1]
        fitted = _fit(run, todo, [chain_of] if chain_of in todo else [], keep=0 if done else 1)
        if not fitted.phases:
            break
        plan = fitted.phases[0]
        del waiting[0]
        run.recorder.update(phases_planned=(*done, plan, *waiting))
        seats.fill(plan.deal)
        run.live.begin_phase(plan.name, len(done) + 1, len(done) + len(fitted.phases), plan.max_rounds)
        keep_still(run)
        here = with_sizes(run, plan, sizes)
        measured = run_phase(here, plan, total_s(fitted.phases[1:], run.solo_s))
        if plan.name == chain_of.name:
            run_chain(here, plan)
        done.append(plan if decided(measured) else with_rounds(plan, len(measured.rounds)))
        if measured.all_overlap:
            overlapped.add(plan.name)
        run.recorder.update(
            phases_finished=tuple(p.name for p in done),
            client=run.client_load.summary(),
            cuts=_cuts(planned, done),
        )
        judged.append(_show(run, measured))
        if waiting:
            _interim(run, judged)
    left_out = tuple(
        f"{p.name} left out: {_price(run, p)}" for p in waiting if p.after is None or p.after in overlapped
    )
    run.recorder.update(phases_planned=tuple(done), cuts=_cuts(planned, done) + left_out)
    for line in left_out:
        log.warning(line)
    seats.clear()
    return run


def conduct_within(run: RunState, seats: Seats, planned: Sequence[PlannedPhase], share: float) -> RunState:
    """The phases within a share of the budget; the rest of it is for what comes after them."""
    scenario = run.scenario
    part = scenario.model_copy(update={"budget_s": scenario.budget_s * share})
    return replace(conduct(replace(run, scenario=part), seats, planned), scenario=scenario)


def with_sizes(run: RunState, plan: PlannedPhase, sizes: dict[str, Sizing]) -> RunState:
    """The run with the lengths of prompts and answers that this phase asks for; `sizes` grows."""
    infos, words, solo_s = dict(run.infos), dict[str, int](), dict(run.solo_s)
    for target in dict.fromkeys(plan.deal):
        if plan.max_tokens is not None:
            solo_s[target] *= plan.max_tokens / run.tokens(target)
            infos[target] = replace(infos[target], max_tokens=plan.max_tokens)
        if plan.prompt_tokens is not None:
            if target not in sizes:
                sizes[target] = size(run, target)
            words[target] = sizes[target].words_for(plan.prompt_tokens)
            solo_s[target] += sizes[target].word_s * words[target]
    return replace(run, infos=infos, prompt_words=words, solo_s=solo_s)


def _certain(phases: Sequence[PlannedPhase]) -> list[PlannedPhase]:
    """Those that run whatever the others show."""
    return [p for p in phases if p.after is None]


def _is_needed(plan: PlannedPhase, done: Sequence[PlannedPhase], overlapped: Collection[str]) -> bool:
    """A larger phase only if all requests of the one before it overlapped: else more would only wait."""
    if plan.after is None or plan.after in overlapped:
        return True
    if any(p.name == plan.after for p in done):
        log.info(f"{plan.name} is not needed: the requests of {plan.after} did not all overlap")
    return False


def _show(run: RunState, measured: PhaseMeasured) -> PhaseJudged:
    conditions = tuple(phase_conditions(measured, run.client_load.summary()))
    verdict = phase_verdict(measured, (), conditions)
    progress.analysed(measured, verdict)
    run.live.show_phase(measured, verdict)
    return PhaseJudged(measured, conditions, verdict)


def _interim(run: RunState, judged: Sequence[PhaseJudged]) -> None:
    """What the first phases say of the whole, once, where people have waited for a while."""
    if run.live.interim is not None or len(judged) < 2 or run.spent_s() < INTERIM_AFTER_S:
        return
    run.live.interim = progress.so_far(judged)
    log.info(run.live.interim)


def _announce(run: RunState, planned: Sequence[PlannedPhase]) -> None:
    """The plan with its worst case, and what the budget is going to cut."""
    certain = _certain(planned)
    fitted = _fit(run, certain, certain, keep=1)
    for target, solo_s in run.solo_s.items():
        log.info(f"{target}: {run.infos[target].asked}, about {solo_s:.2f} s alone")
    for line in progress.describe(
        (*fitted.phases, *planned[len(certain) :]), run.solo_s, run.scenario.budget_s
    ):
        log.info(line)
    if fitted.cuts:
        everything_s = run.spent_s() + total_s(certain, run.solo_s) + chain_s(certain, run.solo_s)
        log.warning(
            f"the budget of {run.scenario.budget_s:.0f} s may be too short: {'; '.join(fitted.cuts)} "
            f"(for everything: --budget {math.ceil(everything_s / 60)}m)"
        )


def _fit(
    run: RunState, phases: Sequence[PlannedPhase], chain: Sequence[PlannedPhase], keep: int
) -> BudgetFit:
    """What of `phases` fits the rest of the budget, less the chain if it is still to come."""
    left_s = run.left_s()
    return fit_to_budget(
        phases, run.solo_s, None if left_s is None else left_s - chain_s(chain, run.solo_s), keep
    )


def _cuts(planned: Sequence[PlannedPhase], done: Sequence[PlannedPhase]) -> tuple[str, ...]:
    """Phases that ran with fewer rounds than the scenario asked for."""
    by_name = {p.name: p for p in planned}
    return tuple(shortened([by_name[p.name] for p in done], done))


def _price(run: RunState, plan: PlannedPhase) -> str:
    """What a phase that was left out would need, and the budget that allows it."""
    needs_s = total_s([plan], run.solo_s)
    minutes = math.ceil((run.spent_s() + needs_s) / 60)
    return f"it needs up to {needs_s / 60:.1f} more minutes: --budget {minutes}m"
