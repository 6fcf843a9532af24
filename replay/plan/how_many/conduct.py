"""The plan `how-many`: the warm-up, then levels as the search orders them, then one user again."""

import math
import random
import time
from collections.abc import Sequence
from dataclasses import replace

from analysis.capacity.answers import ServiceTarget, answer_of
from analysis.errors import TargetError
from analysis.files.plan import PlannedSweep, Visit
from analysis.files.request_record import LEVEL, PEOPLE, RequestRecord, under_asked_name
from analysis.thresholds import RETRY_S
from replay.output import log
from replay.plan.how_many.loop import NEVER_S, ClosedLoop
from replay.plan.how_many.orders import Order, Purpose, Stay
from replay.plan.how_many.search import Search
from replay.plan.how_many.settings import people_cost_s
from replay.plan.how_many.so_far import SoFar
from replay.plan.one_phase import keep_still, request_for
from replay.plan.run_state import RunState
from replay.plan.warm_up import choose_tokens, warm_up
from replay.release.dispatch import ReadyUser
from replay.release.seats import Seats

LENGTHS = (0.7, 1.3)  # times the tokens of a solo, uniformly: equal lengths would keep the users in step
LOOK_AGAIN_S = 1.0  # without news
MOST_FOR_PEOPLE = 0.7  # of the budget: the sweep needs the rest
TOO_LONG = 2.0  # of the budget: a level at the edge of the target may take so large a part


def conduct_how_many(run: RunState, seats: Seats, sweep: PlannedSweep, targets: Sequence[str]) -> None:
    """The whole sweep within the budget: of all targets together, or of each by itself; then the people.

    Raises TargetError if a target fails in the warm-up.
    """
    if not targets:
        raise TargetError("no target among the picked user classes; pick more of them")
    run = replace(run, seats=seats)
    if not run.solo_s:  # else phases went before
        seats.fill(targets)
        run, answers = warm_up(run, targets)
        run = choose_tokens(run, (), answers)
    if (left_s := run.left_s()) is not None:
        run.live.expect_end(left_s)
    together = [[t] for t in targets] if sweep.each else [list(targets)]
    keep_still(run)
    people_s = _time_for_people(run, sweep)
    visits: list[Visit] = []
    run.client_load.open(run.dispatch.in_flight)
    try:
        for place, those in enumerate(together):
            ends_s = _share_of_time(run, people_s, len(together) - place)
            _sweep(run, sweep, those, ends_s, visits)
        if sweep.people is not None and people_s:
            users = _users(run, sweep, targets, NEVER_S, [])
            seats.fill(users.deal[: sweep.people])
            users.carry_out_people(sweep.people, sweep.think_s, people_s)
    finally:
        run.client_load.close()
        run.recorder.update(client=run.client_load.summary())
    seats.clear()


def _sweep(
    run: RunState, sweep: PlannedSweep, targets: Sequence[str], ends_s: float, visits: list[Visit]
) -> None:
    users = _users(run, sweep, targets, ends_s, visits)
    _announce(run, sweep, targets, users.loop.target.latest_s(run.tokens(targets[0])))
    assert run.seats is not None
    run.seats.fill(users.deal[: max(sweep.most, len(targets))])
    try:
        users.carry_out_all()
    finally:  # an interrupted run keeps its last visit too
        users.keep_visits()


def _users(
    run: RunState, sweep: PlannedSweep, targets: Sequence[str], ends_s: float, visits: list[Visit]
) -> "UsersInFlight":
    """The users of these targets, dealt in turn; `visits`: those of earlier sweeps, which go on."""
    wanted = ServiceTarget(sweep.ttft_s, sweep.speed)
    most_tokens = math.ceil(LENGTHS[1] * max(run.tokens(t) for t in targets))
    alone = targets[0] if sweep.each else None
    loop = ClosedLoop(wanted, most_tokens, visits, alone_target=alone)
    deal = [targets[i % len(targets)] for i in range(max(sweep.most, sweep.people or 0, len(targets)))]
    so_far = SoFar(sweep, len({run.infos[t].base_url for t in targets}), run.live)
    return UsersInFlight(run, Search(wanted, ends_s, sweep.most, sweep.levels), loop, deal, so_far)


def _share_of_time(run: RunState, people_s: float, settings_left: int) -> float:
    """Until when this sweep may go on, on the run's clock."""
    left_s = run.left_s()
    if left_s is None:
        return NEVER_S
    return time.monotonic() - run.recorder.origin_s + (left_s - people_s) / settings_left


def _time_for_people(run: RunState, sweep: PlannedSweep) -> float:
    """What the people take; 0 without them, or where the budget is too short: named with its price."""
    if sweep.people is None or sweep.each:
        return 0.0
    needs_s = people_cost_s(sweep, max(run.solo_s.values()))
    left_s = run.left_s()
    if left_s is None or needs_s <= MOST_FOR_PEOPLE * left_s:
        return needs_s
    minutes = math.ceil((run.spent_s() + needs_s / MOST_FOR_PEOPLE) / 60)
    text = f"{sweep.people} people not measured: it takes {needs_s / 60:.1f} minutes: --budget {minutes}m"
    run.leave_out(text)
    return 0.0


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


class UsersInFlight:
    """The users of this process or its workers, kept in flight by the loop's orders."""

    def __init__(
        self, run: RunState, search: Search, loop: ClosedLoop, deal: Sequence[str], so_far: SoFar
    ) -> None:
        self.run, self.search, self.loop, self.deal, self.so_far = run, search, loop, deal, so_far
        self.think_s = 0.0  # mean, exponential; 0: each asks again at once
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

    def carry_out_people(self, people: int, think_s: float, for_s: float) -> None:
        """People who think between their requests, from their steady mix on."""
        self.think_s, now_s = think_s, self._now_s()
        solo_s = max(self.run.solo_s.values())
        log.info(f"{people} people who think {think_s:g} s between requests, {for_s:.0f} s")
        self.loop.change(people, now_s)
        for user in self.loop.waiting:
            thinks = self.lengths.random() < think_s / (think_s + solo_s)
            self.loop.waiting[user] = now_s + (self.lengths.expovariate(1 / think_s) if thinks else 0.0)
        self.loop.joining.clear()
        try:
            self._carry_out(Order(people, Purpose.PEOPLE, now_s + for_s))
        finally:
            self.loop.close_visit(self._now_s())
            self.keep_visits()

    def keep_visits(self) -> None:
        """The visits so far into the manifest: the report needs them."""
        if self.think_s:
            self.run.recorder.update(people_visit=self.loop.visits[-1])
        elif self.loop.visits:
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
        kind = PEOPLE if self.think_s else LEVEL
        phase = f"{kind}-{loop.wanted}"
        request = request_for(run, seat, run.dispatch.next_batch(), phase, visit, kind, tokens, loop.wanted)
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
        pause_s = RETRY_S if answer is None else answer.retry_s
        if self.think_s:
            pause_s = self.lengths.expovariate(1 / self.think_s)
        self.loop.answered(user, answer, self._now_s() + pause_s)

    def _show(self, order: Order, stay: Stay) -> None:
        users = f"{order.users} user{'s' if order.users > 1 else ''}"
        of = len(stay.answers) + stay.overdue
        found = self.search.shown(order.users) if order.purpose is Purpose.SHOW else None
        words = f": shown ({found.met} of {found.of})" if found else ""
        log.info(f"{users}: {of - stay.misses} of {of} answers met it{words}, {self.run.spent_s():.0f} s")
