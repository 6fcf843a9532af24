"""The plan `free`: interactive ramp-up, each user asks again as soon as it is answered. No verdict."""

from collections.abc import Callable, Collection, Sequence

import gevent

from analysis.errors import TargetError
from analysis.files.request_record import BASELINE, FREE
from replay.output import log
from replay.plan import AFTER_FAILURE_S, FIRST_USERS_READY_S, NO_NEWS_S
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
    _admit(run, present)


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
        missing = ", ".join(t for t in targets if t not in present)
        log.warning(f"no user for {missing}: left out; start at least {len(targets)} users for all")
    return present


def _admit(run: RunState, targets: Collection[str]) -> None:
    asked: dict[int, ReadyUser] = {}  # by request
    busy: set[ReadyUser] = set()

    def idle() -> list[ReadyUser]:
        return [s for s in run.dispatch.ready if s.target in targets and s not in busy]

    def free(request_id: int) -> None:
        if request_id in asked:
            busy.discard(asked.pop(request_id))

    while True:
        run.dispatch.wait(lambda: run.dispatch.rows_came or bool(idle()), NO_NEWS_S)
        for record in run.dispatch.take_rows():
            if record.error is None:
                free(record.request_id)
            else:
                gevent.spawn_later(AFTER_FAILURE_S, free, record.request_id)
        for seat in idle():
            batch, users = run.dispatch.next_batch(), len(run.dispatch.ready)
            request = request_for(run, seat, batch, FREE_PHASE, 0, FREE, run.tokens(seat.target), users)
            asked[request.request_id] = seat
            busy.add(seat)
            run.dispatch.send([request])
