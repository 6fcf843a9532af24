"""One run of the search against a simulated server: the closed loop of the replay, without a socket."""

import random
from dataclasses import dataclass, field

from analysis.capacity.answers import Answer, ServiceTarget, answer_of
from analysis.capacity.levels import Visit, in_order
from analysis.files.request_record import LEVEL, RequestRecord
from replay.plan.how_many.orders import Order, Purpose, Stay, enough
from replay.plan.how_many.search import Search
from scripts.truth.how_many.server import RETRY_S, TOKENS, Request, Server, World

WARM_UP_S = 6.0  # checks, two requests, a quiet look


@dataclass
class Played:
    """State of one run, and its log at the end."""

    world: World
    target: ServiceTarget
    rows: list[RequestRecord] = field(default_factory=list)
    visits: list[Visit] = field(default_factory=list)
    wanted: int = 0
    users: set[int] = field(default_factory=set)  # those that ask
    waiting: list[tuple[float, int]] = field(default_factory=list)  # (when a user asks next, user)
    open: dict[int, tuple[Request, int]] = field(default_factory=dict)  # by user: its request, and the visit
    ended: list[Answer] = field(default_factory=list)  # of this visit
    joining: set[int] = field(default_factory=set)
    full_s: float | None = None

    def carry_out(self, order: Order) -> Stay:
        """One stay, until it is enough."""
        if order.users != self.wanted:
            self._change(order.users)
        while True:
            answers, overdue = self._counted(order.purpose is Purpose.LOOK)
            if enough(order, answers, overdue, self.world.now_s):
                break
            self._step(order.until_s)
        visit = self.visits[-1]
        self.visits[-1] = Visit(visit.users, self.full_s or self.world.now_s, self.world.now_s)
        return Stay(order.users, len(self.visits) - 1, tuple(answers), overdue, self.world.now_s)

    def _change(self, users: int) -> None:
        world = self.world
        new = [u for u in range(users) if u not in self.users]
        durations = [a.duration_s for a in self.ended]
        over_s = sum(durations) / len(durations) if durations else 1.0
        self.wanted, self.ended, self.full_s, self.joining = users, [], None, set(new)
        for k, user in enumerate(new):
            self.users.add(user)
            self.waiting.append((world.now_s + over_s * (k + 1) / len(new), user))
        self.waiting.sort()
        self.visits.append(Visit(users, world.now_s, world.now_s))

    def _step(self, until_s: float) -> None:
        world = self.world
        while self.waiting and self.waiting[0][0] <= world.now_s + 1e-12:
            _, user = self.waiting.pop(0)
            self._ask(user)
        if self.full_s is None and not self.joining and max(self.users) < self.wanted:
            self.full_s = world.now_s
        for request in world.step(min(self.waiting[0][0] if self.waiting else until_s, until_s)):
            self._answered(request, 0.0)

    def _ask(self, user: int) -> None:
        self.joining.discard(user)
        if user >= self.wanted:
            self.users.discard(user)
            return
        request = self.world.send(user)
        self.open[user] = (request, len(self.visits) - 1)
        if request.end_s is not None:
            self._answered(request, RETRY_S)

    def _answered(self, request: Request, pause_s: float) -> None:
        _, visit = self.open.pop(request.user)
        row = _row(request, len(self.rows), visit)
        self.rows.append(row)
        answer = answer_of(row, self.target)
        if visit == len(self.visits) - 1 and answer is not None:
            self.ended.append(answer)
        if request.user < self.wanted:
            self.waiting.append((self.world.now_s + pause_s, request.user))
            self.waiting.sort()
        else:
            self.users.discard(request.user)

    def _counted(self, looking: bool) -> tuple[list[Answer], int]:
        if self.full_s is None:
            return [], 0
        here = len(self.visits) - 1
        sent = [r.sent_s for r, visit in self.open.values() if visit == here and r.sent_s >= self.full_s]
        late_s = self.target.latest_s(TOKENS[1])
        overdue = [s for s in sent if looking and self.world.now_s - s > late_s]
        since = min((s for s in sent if s not in overdue), default=float("inf"))
        return in_order(self.ended, since, self.full_s), sum(s < since for s in overdue)


def _row(request: Request, number: int, visit: int) -> RequestRecord:
    return RequestRecord(
        request_id=number,
        phase="level",
        round=visit,
        kind=LEVEL,
        user=request.user,
        target=f"port {request.port}",
        base_url=f"port {request.port}",
        send_s=request.sent_s,
        first_token_s=request.first_s,
        last_token_s=request.end_s if request.first_s is not None else None,
        end_s=request.end_s,
        output_tokens=None if request.refused else request.tokens,
        longest_gap_s=None if request.refused else request.gap_s,
        http_status=503 if request.refused else 200,
        finish_reason=None if request.refused else "length",
        error="HTTP 503" if request.refused else None,
    )


def play(server: Server, seed: int, budget_s: float, most: int = 64) -> Played:
    """A whole run."""
    world = World(server, random.Random(seed))
    world.now_s = WARM_UP_S
    target = ServiceTarget()
    played = Played(world, target)
    search = Search(target, budget_s, most)
    orders = search.orders()
    order = next(orders)
    while True:
        stay = played.carry_out(order)
        try:
            order = orders.send(stay)
        except StopIteration:
            played.target = search.target
            return played
        played.target = search.target
