"""One run of the search against a simulated server: the closed loop of a run, without a socket."""

import random
from dataclasses import dataclass, field

from analysis.capacity.answers import ServiceTarget, answer_of
from analysis.files.plan import Visit
from analysis.files.request_record import LEVEL, RequestRecord
from replay.plan.how_many.loop import ClosedLoop
from replay.plan.how_many.orders import Order, Stay
from replay.plan.how_many.search import Search
from scripts.truth.how_many.server import RETRY_S, TOKENS, Request, Server, World

WARM_UP_S = 3.0  # checks, and two short requests


@dataclass
class Played:
    """State of one run, and its log at the end."""

    world: World
    search: Search
    loop: ClosedLoop
    rows: list[RequestRecord] = field(default_factory=list)
    visit_of: dict[int, int] = field(default_factory=dict)  # by user, of its open request

    @property
    def visits(self) -> list[Visit]:
        return self.loop.visits

    @property
    def seconds(self) -> float:
        return self.world.now_s

    def carry_out(self, order: Order) -> Stay:
        """One stay, until it is enough."""
        world, loop = self.world, self.loop
        loop.change(order.users, world.now_s)
        while (stay := loop.stay(order, world.now_s)) is None:
            for user in loop.due(world.now_s):
                self.visit_of[user] = loop.asked(user, world.now_s)
                request = world.send(user)
                if request.end_s is not None:
                    self._ended(request, RETRY_S)
            for request in world.step(min(loop.next_s(), order.until_s)):
                self._ended(request, 0.0)
        return stay

    def _ended(self, request: Request, pause_s: float) -> None:
        row = _row(request, len(self.rows), self.visit_of[request.user])
        self.rows.append(row)
        self.loop.answered(request.user, answer_of(row, self.search.target), self.world.now_s + pause_s)


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
    search = Search(target, budget_s, most)
    played = Played(world, search, ClosedLoop(target, TOKENS[1]))
    orders = search.orders()
    order = next(orders)
    while True:
        stay = played.carry_out(order)
        try:
            order = orders.send(stay)
        except StopIteration:
            return played
        played.loop.target = search.target
