"""Who is served when, and how fast: a queueing model without a clock.

It is told the time, so the simulator drives it live (`Machine`) and tests run it at once
(`simulate`). Two functions of its state say everything about a machine: `admitted` (who leaves
the queue) and `rates` (how fast each active request progresses, 1 = as if alone). Both hold still
between two changes (an arrival, a first token, an end, a departure), so that every token's instant
in between is exact arithmetic and nothing drifts.
"""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Self

POLICIES = ("serial", "port-serial", "time-sliced", "slots", "parallel")


@dataclass(frozen=True, slots=True)
class Policy:
    """The limits of a machine; infinite = no limit."""

    machine_slots: float = math.inf  # requests worked on at once in all
    port_slots: float = math.inf  # and behind one port
    compute: float = math.inf  # solo streams that the machine's compute is worth

    @classmethod
    def named(cls, name: str, slots: int = 1) -> Self:
        """The policy of that name in POLICIES; `slots` counts for "slots" only."""
        return {
            "serial": cls(machine_slots=1),
            "port-serial": cls(port_slots=1),
            "time-sliced": cls(compute=1),
            "slots": cls(port_slots=slots),
            "parallel": cls(),
        }[name]


@dataclass(frozen=True, slots=True)
class Job:
    """What one request needs if it is alone."""

    port: int
    ttft_s: float
    tpot_s: float
    tokens: int  # at least 1

    def work_s(self, token: int) -> float:
        """Solo seconds from the start of service to token number `token`, counted from 0."""
        return self.ttft_s + self.tpot_s * token


@dataclass(slots=True, eq=False)
class Request:
    """A job on its way through the machine. Only the machine writes here."""

    job: Job
    arrival_s: float
    admission_s: float | None = None
    token_s: list[float] = field(default_factory=list)  # of the tokens so far
    # Since the last change: the solo seconds done until then, and the pace from there on.
    since_s: float = 0.0
    done_s: float = 0.0
    rate: float = 0.0
    due_s: float = math.inf  # the next token, if nothing changes before

    @property
    def end_s(self) -> float | None:
        """The instant of the last token; None until it came."""
        return self.token_s[-1] if len(self.token_s) == self.job.tokens else None


@dataclass(frozen=True, slots=True)
class Token:
    """Token number `index` of a request, at its exact instant."""

    request: Request
    index: int
    at_s: float


def admitted(policy: Policy, waiting: Sequence[Request], active: Sequence[Request]) -> list[Request]:
    """Those who may start now, first come first served; a full port holds up only its own."""
    at_port = Counter(r.job.port for r in active)
    free = policy.machine_slots - len(active)
    chosen: list[Request] = []
    for request in waiting:
        if len(chosen) < free and at_port[request.job.port] < policy.port_slots:
            at_port[request.job.port] += 1
            chosen.append(request)
    return chosen


def rates(policy: Policy, active: Sequence[Request]) -> list[float]:
    """The pace of each active request, in solo seconds per second: equal shares of the compute."""
    share = min(1.0, policy.compute / len(active)) if active else 0.0
    return [share] * len(active)


class Machine:
    """The state of the machine: who waits, who is active. Time only moves forward, by `advance`."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.waiting: list[Request] = []
        self.active: list[Request] = []

    def next_s(self) -> float:
        """The instant of the next token if nobody comes or goes; infinite when there is none."""
        return min((r.due_s for r in self.active), default=math.inf)

    def arrive(self, job: Job, now_s: float) -> Request:
        """Takes a request in. `advance(now_s)` comes first, lest tokens be lost."""
        request = Request(job, now_s)
        self.waiting.append(request)
        self._change(now_s)
        return request

    def leave(self, request: Request, now_s: float) -> None:
        """Drops a request whose client has gone; one that has ended is left alone."""
        for place in (self.waiting, self.active):
            if request in place:
                place.remove(request)
                self._change(now_s)

    def advance(self, until_s: float) -> list[Token]:
        """All tokens up to and including `until_s`, in order of time."""
        tokens: list[Token] = []
        while math.isfinite(next_s := self.next_s()) and next_s <= until_s:
            request = min(self.active, key=lambda r: r.due_s)
            tokens.append(self._give_token(request))
        return tokens

    def _give_token(self, request: Request) -> Token:
        now_s = request.due_s
        index = len(request.token_s)
        request.token_s.append(now_s)
        if request.end_s is not None:
            self.active.remove(request)
            self._change(now_s)
        elif index == 0:
            self._change(now_s)  # from prefill to decode: a policy may treat them differently
        else:
            self._set_due(request)
        return Token(request, index, now_s)

    def _change(self, now_s: float) -> None:
        """Books the work done so far, admits whom it may, and sets everyone's new pace."""
        for r in self.active:
            r.done_s += r.rate * (now_s - r.since_s)
            r.since_s = now_s
        for r in admitted(self.policy, self.waiting, self.active):
            self.waiting.remove(r)
            self.active.append(r)
            r.admission_s = r.since_s = now_s
        for r, r.rate in zip(self.active, rates(self.policy, self.active), strict=True):
            self._set_due(r)

    @staticmethod
    def _set_due(request: Request) -> None:
        left_s = max(0.0, request.job.work_s(len(request.token_s)) - request.done_s)
        request.due_s = request.since_s + left_s / request.rate if request.rate else math.inf


def simulate(policy: Policy, arrivals: Iterable[tuple[float, Job]]) -> list[Request]:
    """The requests as served, in order of arrival, if these jobs came at these instants."""
    machine = Machine(policy)
    served: list[Request] = []
    for at_s, job in sorted(arrivals, key=lambda arrival: arrival[0]):
        machine.advance(at_s)
        served.append(machine.arrive(job, at_s))
    machine.advance(math.inf)
    return served
