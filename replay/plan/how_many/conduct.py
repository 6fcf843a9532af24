"""The plan `how-many`: the warm-up, then levels as the search orders them, then one user again."""

import math
import random
import time
from collections.abc import Sequence
from dataclasses import replace

from analysis.capacity.answers import ServiceTarget, answer_of
from analysis.errors import TargetError
from analysis.files.plan import PlannedSweep
from analysis.files.request_record import LEVEL, RequestRecord, under_asked_name
from analysis.thresholds import RETRY_S
from replay.output import log
from replay.plan.how_many.loop import NEVER_S, ClosedLoop
from replay.plan.how_many.orders import Order, Purpose, Stay
from replay.plan.how_many.search import Search
from replay.plan.how_many.so_far import SoFar
from replay.plan.one_phase import request_for
from replay.plan.run_state import RunState
from replay.plan.warm_up import choose_tokens, warm_up
from replay.release.dispatch import ReadyUser
from replay.release.seats import Seats

LENGTHS = (0.7, 1.3)  # times the tokens of a solo, uniformly: equal lengths would keep the users in step
LOOK_AGAIN_S = 1.0  # without news
TOO_LONG = 2.0  # of the budget: a level at the edge of the target may take so large a part


def conduct_how_many(run: RunState, seats: Seats, sweep: PlannedSweep, targets: Sequence[str]) -> None:
    """The whole sweep within the budget. Raises TargetError if a target fails in the warm-up."""
    if not targets:
        raise TargetError("no target among the picked user classes; pick more of them")
    deal = [targets[i % len(targets)] for i in range(max(sweep.most, len(targets)))]
    seats.fill(deal)
    run = replace(run, seats=seats)
    run, answers = warm_up(run, targets)
    run = choose_tokens(run, (), answers)
    left_s = run.left_s()
    ends_s = NEVER_S if left_s is None else time.monotonic() - run.recorder.origin_s + left_s
    wanted = ServiceTarget(sweep.ttft_s, sweep.speed)
    search = Search(wanted, ends_s, sweep.most, sweep.levels)
    most_tokens = math.ceil(LENGTHS[1] * max(run.tokens(t) for t in targets))
    _announce(run, sweep, targets, wanted.latest_s(run.tokens(targets[0])))
    so_far = SoFar(sweep, len({run.infos[t].base_url for t in targets}), run.live)
    users = _UsersInFlight(run, search, ClosedLoop(wanted, most_tokens), deal, so_far)
    run.client_load.open()
    try:
        users.carry_out_all()
    finally:  # an interrupted run keeps its last visit too
        users.keep_visits()
        run.client_load.close()
        run.recorder.update(client=run.client_load.summary())
    seats.clear()


def _announce(run: RunState, sweep: PlannedSweep, targets: Sequence[str], longest_s: float) -> None:
    for target in targets:
        tokens, solo_s = run.infos[target].max_tokens or 0, run.solo_s[target]
        low, high = (round(times * tokens) for times in LENGTHS)
        log.info(f"{target}: answers of {low} to {high} tokens, about {solo_s:.2f} s alone")
    log.info(
        f"wanted of nine answers in ten: the first token within {sweep.ttft_s:g} s, "
        f"then {sweep.speed:g} tokens/s"
    )
    left_s = run.left_s()
    if left_s is not None and 60 * longest_s / 13 + 3 * longest_s > left_s / TOO_LONG:
        minutes = math.ceil(2 * (run.spent_s() + left_s) / 60)
        log.info(
            f"an answer that only just meets that takes {longest_s:.0f} s: expect 'at least so many' "
            f"rather than the exact number; --budget {minutes}m settles more"
        )


class _UsersInFlight:
    """The users of this process or its workers, kept in flight by the loop's orders."""

    def __init__(
        self, run: RunState, search: Search, loop: ClosedLoop, deal: Sequence[str], so_far: SoFar
    ) -> None:
        self.run, self.search, self.loop, self.deal, self.so_far = run, search, loop, deal, so_far
        self.asked: dict[int, int] = {}  # by request: its user
        self.lengths = random.Random(run.seed)
        self.kept = 0

    def carry_out_all(self) -> None:
        """Order after order, until the search has no more."""
        orders = self.search.orders()
        order = next(orders)
        while True:
            stay = self._carry_out(order)
            self._show(order, stay)
            self.keep_visits()
            try:
                order = orders.send(stay)
            except StopIteration:
                return
            if self.search.target.relative and not self.loop.target.relative:
                log.warning(
                    "even one answer alone misses that: judged by half its own speed "
                    f"({self.search.target.speed:.2g} tokens/s) from here on"
                )
            self.loop.target = self.search.target

    def keep_visits(self) -> None:
        """The visits so far into the manifest: the report needs them."""
        if self.loop.visits:
            self.run.recorder.update(visits=tuple(self.loop.visits))

    def _now_s(self) -> float:
        return time.monotonic() - self.run.recorder.origin_s

    def _carry_out(self, order: Order) -> Stay:
        loop, dispatch = self.loop, self.run.dispatch
        loop.change(order.users, self._now_s())
        while True:
            for row in dispatch.take_rows():
                self._ended(row)
            self.so_far.show(loop.visits, loop.open_since_s())
            if (stay := loop.stay(order, self._now_s())) is not None:
                return stay
            for user in loop.due(self._now_s()):
                self._ask(user)
            if len(loop.visits) > self.kept:  # a killed run knows its last visit by this
                self.kept = len(loop.visits)
                self.keep_visits()
            patience_s = max(min(loop.next_s(), order.until_s) - self._now_s(), 0.0)
            dispatch.wait(lambda: dispatch.rows_came, min(patience_s, LOOK_AGAIN_S))

    def _ask(self, user: int) -> None:
        run, loop = self.run, self.loop
        seat = self._seat(user)
        visit = loop.asked(user, self._now_s())
        tokens = max(round(self.lengths.uniform(*LENGTHS) * run.tokens(seat.target)), 2)
        phase = f"level-{loop.wanted}"
        request = request_for(run, seat, run.dispatch.next_batch(), phase, visit, LEVEL, tokens, loop.wanted)
        self.asked[request.request_id] = user
        run.dispatch.send([request])

    def _seat(self, user: int) -> ReadyUser:
        """The Locust user of this number: those of its target, in turn. Raises PortlapError."""
        target = self.deal[user]
        earlier = self.deal[:user].count(target)
        of_target = [s for s in self.run.dispatch.ready if s.target == target]
        if earlier < len(of_target):
            return of_target[earlier]
        return self.run.dispatch.user_of(target, of_target[:earlier])

    def _ended(self, row: RequestRecord) -> None:
        user = self.asked.pop(row.request_id, None)
        if user is None:
            return
        row = under_asked_name(row, self.run.infos[row.target].answers_as)
        self.so_far.add(row)
        answer = answer_of(row, self.loop.target)
        pause_s = RETRY_S if answer is None or answer.failed else 0.0
        self.loop.answered(user, answer, self._now_s() + pause_s)

    def _show(self, order: Order, stay: Stay) -> None:
        users = f"{order.users} user{'s' if order.users > 1 else ''}"
        of = len(stay.answers) + stay.overdue
        found = self.search.shown(order.users) if order.purpose is Purpose.SHOW else None
        words = f": shown ({found.met} of {found.of})" if found else ""
        log.info(f"{users}: {of - stay.misses} of {of} answers met it{words}, {self.run.spent_s():.0f} s")
