"""The state of a machine and its course, event by event.

The caller passes the time, so the simulator drives it live (`Machine`) and tests run it at once (`simulate`).
Between two changes (somebody joins the queue, a model is loaded, a first token, an end, a departure)
every pace holds still, so that each token's instant in between is exact arithmetic and nothing drifts.
"""

import heapq
import itertools
import math
import random
from bisect import insort
from collections.abc import Iterable
from dataclasses import dataclass

from servers.queue_model.memory import Memory
from servers.queue_model.policy import FIFO, LIFO, Policy
from servers.queue_model.request import Job, Request
from servers.queue_model.sharing import admit, paces


@dataclass(frozen=True, slots=True)
class Token:
    """Token number `index` of a request, at its exact instant."""

    request: Request
    index: int
    at_s: float


class Machine:
    """Who comes, waits and is active. Time only moves forward, by `advance`."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.coming: list[Request] = []
        self.waiting: list[Request] = []
        self.active: list[Request] = []
        self._shares = policy.shares
        self._memory: dict[int, Memory] = {}
        self._events: list[tuple[float, int, int, Request]] = []  # on the machine's own clock
        self._serial = itertools.count()
        self._chance = random.Random(policy.seed)

    @property
    def in_flight(self) -> int:
        """Requests that have arrived and not ended."""
        return len(self.coming) + len(self.waiting) + len(self.active)

    def next_s(self) -> float:
        """The instant of the next event if no request comes or goes; infinite when there is none."""
        while self._events and self._events[0][2] != self._events[0][3].version:
            heapq.heappop(self._events)
        return self.policy.pace.instant_s(self._events[0][0]) if self._events else math.inf

    def arrive(self, job: Job, now_s: float) -> Request:
        """Takes a request in. `advance(now_s)` comes first, lest tokens be lost."""
        request = Request(job, now_s)
        if job.port not in self._memory:
            self._memory[job.port] = Memory(self.policy.at(job.port))
        work_s = self.policy.pace.work_s(now_s)
        self.coming.append(request)
        if job.overhead_s:
            self._push(request, work_s + job.overhead_s)
        else:
            self._join(request, work_s)
        return request

    def leave(self, request: Request, now_s: float) -> None:
        """Drops a request whose client has gone; one that has ended is left alone."""
        request.version += 1
        self._memory[request.job.port].free(id(request))
        for place in (self.coming, self.waiting, self.active):
            if request in place:
                place.remove(request)
                self._change(self.policy.pace.work_s(now_s))

    def advance(self, until_s: float) -> list[Token]:
        """All tokens up to and including `until_s`, in order of time."""
        tokens: list[Token] = []
        while (now_s := self.next_s()) <= until_s and math.isfinite(now_s):
            work_s, _, _, request = heapq.heappop(self._events)
            if request.admission_s is None:
                self._join(request, work_s)
            elif not request.loaded:
                request.loaded, request.since_s = True, work_s
                self._change(work_s)
            elif self._ends_a_piece(request):
                tokens += self._token_for_each(request, work_s, now_s)
            else:
                tokens.append(Token(request, len(request.token_s), now_s))
                self._give_token(request, work_s, now_s)
        return tokens

    def _ends_a_piece(self, request: Request) -> bool:
        return request.next_work_s(self._piece_s(request)) < request.work_s(len(request.token_s))

    def _piece_s(self, request: Request) -> float:
        return self.policy.at(request.job.port).piece_s

    def _token_for_each(self, request: Request, work_s: float, now_s: float) -> list[Token]:
        """A piece of this prefill is done: every stream of its port gets a token, and it goes on."""
        request.pieces += 1
        streams = [r for r in self.active if r.token_s and r.job.port == request.job.port]
        tokens = [Token(r, len(r.token_s), now_s) for r in streams]
        for r in streams:
            r.done_s, r.since_s, r.version = r.work_s(len(r.token_s)), work_s, r.version + 1
            self._give_token(r, work_s, now_s)
        self._push(request, request.due_s(self._piece_s(request)))
        return tokens

    def _rank(self) -> float:
        number = next(self._serial)
        return {FIFO: number, LIFO: -number}.get(self.policy.order, self._chance.random())

    def _push(self, request: Request, work_s: float) -> None:
        heapq.heappush(self._events, (work_s, next(self._serial), request.version, request))

    def _join(self, request: Request, work_s: float) -> None:
        self.coming.remove(request)
        request.rank = self._rank()
        insort(self.waiting, request, key=lambda r: r.rank)
        self._change(work_s)

    def _give_token(self, request: Request, work_s: float, now_s: float) -> None:
        request.token_s.append(now_s)
        version = request.version
        if len(request.token_s) == 1:
            self._memory[request.job.port].remember(request.job.model, request.job.prompt)
        if request.end_s is not None:
            self._memory[request.job.port].free(id(request))
            self.active.remove(request)
            self._change(work_s)
        elif len(request.token_s) == 1:
            self._change(work_s)  # from prefill to decode: a policy may treat them differently
        if request.end_s is None and request.version == version:
            self._push(request, request.due_s(self._piece_s(request)))

    def _change(self, work_s: float) -> None:
        """Admits whom it may, and books the work of all whose pace changes."""
        if self.waiting:
            self._admit(work_s)
        for r, pace in zip(self.active, self._paces(), strict=True):
            if pace != r.pace:
                r.done_s += r.pace * (work_s - r.since_s)
                r.since_s, r.pace = work_s, pace
                r.version += 1
                if pace:
                    self._push(r, r.due_s(self._piece_s(r)))

    def _paces(self) -> list[float]:
        if self._shares:
            return paces(self.policy, self.active)
        return [float(r.loaded) for r in self.active]  # the same, but a burst of 256 would feel the rest

    def _admit(self, work_s: float) -> None:
        for r, ready_s in admit(self.policy, self.waiting, self.active, self._memory, work_s):
            self.waiting.remove(r)
            self.active.append(r)
            r.admission_s = self.policy.pace.instant_s(work_s)
            r.ready_s = self.policy.pace.instant_s(ready_s)
            r.cached = self._memory[r.job.port].cached(id(r), r.job.model, r.job.prompt)
            r.since_s, r.loaded = work_s, ready_s <= work_s
            if not r.loaded:
                self._push(r, ready_s)


def simulate(
    policy: Policy, arrivals: Iterable[tuple[float, Job]], workers: float = math.inf
) -> list[Request]:
    """The requests as served, in order of arrival, if these jobs came at these instants.

    `workers` is a queue in the client: as many are in flight at most, the others arrive when one ends.
    """
    machine = Machine(policy)
    served: list[Request] = []
    now_s = -math.inf
    for at_s, job in sorted(arrivals, key=lambda arrival: arrival[0]):
        now_s = max(now_s, at_s)
        machine.advance(now_s)
        while machine.in_flight >= workers:
            now_s = machine.next_s()
            machine.advance(now_s)
        served.append(machine.arrive(job, now_s))
    machine.advance(math.inf)
    return served
