"""The plan `free`: interactive ramp-up, each user asks again as soon as it is answered. No verdict.

While the number of users stands still they are a level, by the rules of the plan `how-many`.
"""

import random
import time
from collections.abc import Callable, Collection, Sequence

import gevent

from analysis.console import few
from analysis.errors import TargetError
from analysis.files.plan import PlannedSweep
from analysis.files.request_record import BASELINE, FREE, under_asked_name
from replay.output import log
from replay.plan import AFTER_FAILURE_S, FIRST_USERS_READY_S, NO_NEWS_S
from replay.plan.how_many.conduct import LENGTHS
from replay.plan.how_many.so_far import SoFar
from replay.plan.how_many.spells import Spells
from replay.plan.one_phase import ask_alone, request_for
from replay.plan.run_state import RunState
from replay.plan.warm_up import choose_tokens, warm_up
from replay.release.dispatch import ReadyUser

FREE_PHASE = "free"
SOLOS = 2  # per target, before the first user is admitted


def conduct_free(run: RunState, targets: Sequence[str], all_here: Callable[[], bool]) -> None:
    """Solos, then every user that Locust starts is admitted. Goes on until it is killed."""
    present = _with_users(run, targets, all_here)
    run, answers = warm_up(run, present)
    run = choose_tokens(run, (), answers)
    for index in range(SOLOS):
        for target in present:
            ask_alone(run, target, FREE_PHASE, index, BASELINE, run.tokens(target))
    log.info("free plan: users are admitted as Locust starts them; run the phases for a verdict")
    sweep = run.recorder.manifest.sweep or PlannedSweep()
    _admit(run, sweep, present)


def _with_users(run: RunState, targets: Sequence[str], all_here: Callable[[], bool]) -> list[str]:
    """The targets that have a user. Raises TargetError if there is none."""

    def here() -> set[str]:
        return {s.target for s in run.dispatch.ready}

    run.dispatch.wait(
        lambda: here() >= set(targets) or all_here(), FIRST_USERS_READY_S, lambda: "a user of each target"
    )
    present = [t for t in targets if t in here()]
    if not present:
        raise TargetError("no user was started; start at least one")
    if len(present) < len(targets):
        missing = few([t for t in targets if t not in present])
        log.warning(f"no user for {missing}: left out; start at least {len(targets)} users for all")
    return present


def _admit(run: RunState, sweep: PlannedSweep, targets: Collection[str]) -> None:
    asked: dict[int, ReadyUser] = {}  # by request
    busy: set[ReadyUser] = set()
    spells, lengths = Spells(run.solo_s), random.Random(run.seed)
    so_far = SoFar(sweep, len({run.infos[t].base_url for t in targets}), run.live)

    def here() -> list[ReadyUser]:
        return [s for s in run.dispatch.ready if s.target in targets]

    def idle() -> list[ReadyUser]:
        return [s for s in here() if s not in busy]

    def free(request_id: int) -> None:
        if request_id in asked:
            busy.discard(asked.pop(request_id))

    def now_s() -> float:
        return time.monotonic() - run.recorder.origin_s

    def keep_visits() -> None:
        run.recorder.update(visits=tuple(spells.visits))

    def go_on() -> None:
        for record in run.dispatch.take_rows():
            so_far.add(under_asked_name(record, run.infos[record.target].answers_as))
            spells.ended(record)
            if record.error is None:
                free(record.request_id)
            else:
                gevent.spawn_later(AFTER_FAILURE_S, free, record.request_id)
        if spells.seen(len(here()), now_s()):
            keep_visits()
        for seat in idle():
            batch, users = run.dispatch.next_batch(), len(run.dispatch.ready)
            tokens = max(round(lengths.uniform(*LENGTHS) * run.tokens(seat.target)), 2)
            visit = max(len(spells.visits) - 1, 0)
            request = request_for(run, seat, batch, FREE_PHASE, visit, FREE, tokens, users)
            asked[request.request_id] = seat
            busy.add(seat)
            run.dispatch.send([request])
            spells.sent(request.request_id, visit, now_s())
        so_far.show(spells.visits, spells.open_since_s())

    def news() -> bool:
        return run.dispatch.rows_came or bool(idle()) or len(here()) != spells.users

    try:
        while True:
            run.dispatch.wait(news, NO_NEWS_S)
            go_on()
    finally:  # it is killed at its end
        spells.seen(spells.users, now_s())
        keep_visits()
