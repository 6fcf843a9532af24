"""The phases of the kinds stall, talk and right, one after another, as far as the budget goes."""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from analysis.errors import RunError
from analysis.files.plan import PlannedPrompts
from analysis.files.request_record import under_asked_name
from analysis.files.run import read_run
from analysis.prompts.of_run import FINDINGS
from replay.output import log
from replay.plan.run_state import RunState
from replay.plan.warm_up import choose_tokens, warm_up
from replay.prompts import right, stall, talk
from replay.release.seats import Seats

# By kind: the phase, and the longest that it takes at the speed that the warm-up saw
Conduct = Callable[[RunState, Any], None]
CONDUCTS: dict[str, tuple[Conduct, Callable[[RunState, Any], float]]] = {
    "stall": (stall.conduct, stall.worst_case_s),
    "talk": (talk.conduct, talk.worst_case_s),
    "right": (right.conduct, right.worst_case_s),
}


def conduct_prompts(run: RunState, seats: Seats, planned: Sequence[PlannedPrompts]) -> None:
    """Carries out what is planned. Raises TargetError if a target fails in the warm-up.

    `run`: after the warm-up of the phases before, or without one.
    """
    if not planned:
        return
    run = replace(run, seats=seats)
    if not run.solo_s:
        targets = list(dict.fromkeys(t for p in planned for t in _targets(p)))
        seats.fill(targets)
        run, answers = warm_up(run, targets)
        run = choose_tokens(run, (), answers)
    done: list[PlannedPrompts] = []
    for i, plan in enumerate(planned):
        conduct, worst_case_s = CONDUCTS[plan.kind]
        left_s, needs_s = run.left_s(), worst_case_s(run, plan)
        if left_s is not None and needs_s > left_s and done:
            minutes = -(-(run.spent_s() + needs_s) // 60)
            needs = f"it needs up to {needs_s / 60:.1f} more minutes: --budget {minutes:.0f}m"
            run.leave_out(f"{plan.name} left out: {needs}")
            continue
        run.live.begin_phase(plan.name, i + 1, len(planned))
        run.live.expect_end(math.fsum(CONDUCTS[p.kind][1](run, p) for p in planned[i:]))
        run.client_load.open(run.dispatch.in_flight)
        try:
            conduct(run, plan)
        finally:
            run.client_load.close()
            run.recorder.update(client=run.client_load.summary())
        _show(run, plan)
        done.append(plan)
        run.recorder.update(prompts_finished=tuple(p.name for p in done))
    seats.clear()


def _show(run: RunState, plan: PlannedPrompts) -> None:
    """What it found, on the terminal and on the page Overlap; from the files, as the report does."""
    try:
        so_far = read_run(run.recorder.prefix)
    except RunError:  # a full disk: the recorder raises it
        return
    known = run.infos
    mine = [r for r in so_far.log.records if r.phase == plan.name]
    rows = [under_asked_name(r, known[r.target].answers_as) for r in mine]
    if rows:
        found = FINDINGS[plan.kind](so_far, plan, rows)
        log.info(f"{plan.name}: {found.word}: {found.sentences[0]}")
        run.live.show_prompts(found)


def _targets(plan: PlannedPrompts) -> tuple[str, ...]:
    newcomer = getattr(plan, "newcomer", None)
    return (*plan.targets, *([newcomer] if newcomer else []))
