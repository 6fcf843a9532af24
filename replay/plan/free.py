"""The plan `free`: interactive ramp-up, each user asks again as soon as it is answered. No verdict."""

from collections.abc import Callable, Sequence

import gevent

from analysis.errors import TargetError
from analysis.files.request_record import BASELINE, FREE
from replay.output import log
from replay.plan.budget import LEAST_TOKENS
from replay.plan.one_phase import Conducted, ask_alone, order_for
from replay.plan.warm_up import choose_tokens, warm_up
from replay.release.dispatch import Seat

FREE_PHASE = "free"
SOLOS = 2  # per target, before the first user is admitted
FIRST_SEATS_PATIENCE_S = 60.0
AFTER_FAILURE_S = 1.0  # a server that refuses is not asked as fast as it can refuse


def conduct_free(run: Conducted, targets: Sequence[str], all_here: Callable[[], bool]) -> None:
    """Solos, then every user that Locust starts is admitted; returns never, a stop kills it."""
    present = _seated(run, targets, all_here)
    answers = warm_up(run, present)
    choose_tokens(run, (), answers)
    for index in range(SOLOS):
        for target in present:
            ask_alone(run, target, FREE_PHASE, index, BASELINE, _tokens(run, target))
    log.info("free plan: users are admitted as Locust starts them; run the phases for a verdict")
    _admit(run, set(present))


def _seated(run: Conducted, targets: Sequence[str], all_here: Callable[[], bool]) -> list[str]:
    """The targets that have a user. Raises TargetError if there is none."""

    def each_has_one() -> bool:
        return {s.target for s in run.dispatch.seats} >= set(targets)

    run.dispatch.wait(lambda: each_has_one() or all_here(), FIRST_SEATS_PATIENCE_S)
    present = [t for t in targets if any(s.target == t for s in run.dispatch.seats)]
    if not present:
        raise TargetError("no user was started; start at least one")
    if len(present) < len(targets):
        missing = ", ".join(t for t in targets if t not in present)
        log.warning(f"no user for {missing}: left out; start at least {len(targets)} users for all")
    return present


def _admit(run: Conducted, targets: set[str]) -> None:
    busy: dict[int, Seat] = {}  # by request

    def idle() -> list[Seat]:
        return [s for s in run.dispatch.seats if s.target in targets and s not in busy.values()]

    while True:
        run.dispatch.wait(lambda: run.dispatch.rows_came or bool(idle()), 60.0)
        for record in run.dispatch.take_rows():
            if record.error is None:
                busy.pop(record.request_id, None)
            else:
                gevent.spawn_later(AFTER_FAILURE_S, busy.pop, record.request_id, None)
        for seat in idle():
            batch = run.dispatch.next_batch()
            tokens, users = _tokens(run, seat.target), len(run.dispatch.seats)
            order = order_for(run, seat, batch, FREE_PHASE, 0, FREE, tokens, users)
            busy[order.request_id] = seat
            run.dispatch.send([order])


def _tokens(run: Conducted, target: str) -> int:
    return run.infos[target].max_tokens or LEAST_TOKENS
