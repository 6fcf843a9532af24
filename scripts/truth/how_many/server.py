"""A server with a fluid pace between events, and users who ask again as soon as they are answered."""

import math
import random
from collections.abc import Callable
from dataclasses import dataclass, field

PROMPT_S, TOKEN_S = 0.2, 0.02  # alone
TOKENS = (70, 130)  # of an answer, uniformly
RETRY_S = 0.5
PACE_STEP_S = 1.0


@dataclass(frozen=True)
class Batching:
    """Each further stream slows all by the same amount: n / (1 + slowdown · (n − 1)) streams in all."""

    slowdown: float

    def __call__(self, n: int) -> float:
        return n / (1 + self.slowdown * (n - 1))


@dataclass(frozen=True)
class Compute:
    """Compute worth so many streams; above `hindered_above` each further one takes a share of it away."""

    worth: float
    keeps: float = 1.0
    hindered_above: int = 10**6

    def __call__(self, n: int) -> float:
        return float(min(n, self.worth) * self.keeps ** max(n - self.hindered_above, 0))


@dataclass(frozen=True)
class Server:
    """What it is. Throughputs in streams as fast as one alone."""

    name: str
    pace: Callable[[int], float] = float
    slots: int = 10**6  # of a port
    ports: int = 1
    one_chip: bool = True  # the ports share `pace`; else each has its own
    stalls: bool = False  # a prompt is read alone, all answers stand still meanwhile
    prompt_s: float = PROMPT_S
    refuses_above: int = 10**6
    refuses: float = 0.0  # at random
    cache: int = 10**6  # streams; above it single ones are pushed out for a time
    pushed_out_s: float = 2.0
    pushed_out: float = 0.1  # of the answers that begin above the cache's size
    hiccups: float = 0.0  # of the requests wait
    hiccup_s: float = 3.0
    noise: float = 0.1  # standard deviation of the logarithm of each request's own work
    heavy: float = 0.0  # of the requests have three times that noise, upwards only
    common: float = 0.0  # of the logarithm of the pace, which wanders
    wander_s: float = 15.0
    throttled: float = 1.0  # the pace at the end
    throttle_s: float = 60.0


@dataclass(slots=True)
class Request:
    """One request and what became of it."""

    user: int
    port: int
    sent_s: float
    tokens: int
    prompt: float  # work left, in seconds alone
    answer: float
    wait_s: float = 0.0  # a hiccup, after the slot and before the prompt
    push_s: float = 0.0  # how long it is pushed out, half-way
    push_at: float = 0.0
    first_s: float | None = None
    end_s: float | None = None
    gap_s: float = 0.0
    still_s: float = 0.0  # stands still since so many seconds
    refused: bool = False


@dataclass
class World:
    """State: the server with what is open. `step` goes on to the next event."""

    server: Server
    rng: random.Random
    steady: bool = False  # as at the end of its warming up
    now_s: float = 0.0
    running: list[Request] = field(default_factory=list)
    queues: list[list[Request]] = field(default_factory=list)
    wander: float = 0.0
    next_pace_s: float = 0.0
    factor: float = 1.0

    def __post_init__(self) -> None:
        self.queues = [[] for _ in range(self.server.ports)]
        self.wander = self.server.common * self.rng.gauss(0, 1)
        self._set_pace()

    def send(self, user: int) -> Request:
        server, rng = self.server, self.rng
        own = math.exp(server.noise * rng.gauss(0, 1))
        if server.heavy and rng.random() < server.heavy:
            own *= math.exp(3 * server.noise * abs(rng.gauss(0, 1)))
        tokens = rng.randint(*TOKENS)
        port = user % server.ports
        request = Request(user, port, self.now_s, tokens, server.prompt_s * own, tokens * TOKEN_S * own)
        open_now = len(self.running) + sum(map(len, self.queues))
        if open_now >= server.refuses_above or (server.refuses and rng.random() < server.refuses):
            request.refused, request.end_s = True, self.now_s
            return request
        if server.hiccups and rng.random() < server.hiccups:
            request.wait_s = server.hiccup_s
        if open_now >= server.cache and rng.random() < server.pushed_out * (open_now + 1 - server.cache):
            request.push_s, request.push_at = server.pushed_out_s, request.answer * rng.random()
        self.queues[port].append(request)
        self._admit(port)
        return request

    def _admit(self, port: int) -> None:
        busy = sum(r.port == port for r in self.running) if self.server.ports > 1 else len(self.running)
        while self.queues[port] and busy < self.server.slots:
            self.running.append(self.queues[port].pop(0))
            busy += 1

    def _set_pace(self) -> None:
        server = self.server
        keep = math.exp(-PACE_STEP_S / server.wander_s)
        self.wander = keep * self.wander + server.common * math.sqrt(1 - keep * keep) * self.rng.gauss(0, 1)
        warm = 1.0 if self.steady else 1 - math.exp(-self.now_s / server.throttle_s)
        self.factor = math.exp(self.wander) * (1 - (1 - server.throttled) * warm)
        varies = server.common or (server.throttled < 1 and not self.steady)
        self.next_pace_s = self.now_s + PACE_STEP_S if varies else math.inf

    def step(self, until_s: float) -> list[Request]:
        """Goes on to the next event, at most to `until_s`; the requests that ended at it."""
        server, running = self.server, self.running
        working = [r for r in running if r.wait_s <= 0 and not (r.push_s > 0 and r.answer <= r.push_at)]
        reading = next((r for r in working if r.prompt > 0), None) if server.stalls else None
        shares = [0.0] * server.ports
        if reading is None:
            if server.one_chip:
                n = len(working)
                shares = [server.pace(n) / n if n else 0.0] * server.ports
            else:
                for port in range(server.ports):
                    n = sum(r.port == port for r in working)
                    shares[port] = server.pace(n) / n if n else 0.0
        step_s = min(until_s, self.next_pace_s) - self.now_s
        rates = []
        for r in running:
            if r.wait_s > 0:
                rate, left = 1.0, r.wait_s
            elif r.push_s > 0 and r.answer <= r.push_at:
                rate, left = 1.0, r.push_s
            elif reading is not None:
                rate, left = (self.factor, r.prompt) if r is reading else (0.0, 1.0)
            else:
                rate = shares[r.port] * self.factor
                left = r.prompt if r.prompt > 0 else r.answer - (r.push_at if r.push_s > 0 else 0.0)
            rates.append(rate)
            if rate > 0 and left / rate < step_s:
                step_s = left / rate
        step_s = max(step_s, 0.0)
        self.now_s += step_s
        ended = []
        for r, rate in zip(running, rates, strict=True):
            self._go_on(r, rate, step_s)
            if r.prompt <= 0 and r.answer <= 1e-9:
                r.end_s = self.now_s
                ended.append(r)
        for r in ended:
            running.remove(r)
            self._admit(r.port)
        if self.now_s >= self.next_pace_s:
            self._set_pace()
        return ended

    def _go_on(self, r: Request, rate: float, step_s: float) -> None:
        if r.wait_s > 0:
            r.wait_s = _less(r.wait_s, step_s)
            return
        if r.push_s > 0 and r.answer <= r.push_at:
            r.push_s = _less(r.push_s, step_s)
            r.still_s += step_s
            r.gap_s = max(r.gap_s, r.still_s)
            return
        if r.prompt > 0:
            r.prompt = _less(r.prompt, rate * step_s)
            if r.prompt <= 0:
                r.first_s = self.now_s
            return
        if rate == 0:
            r.still_s += step_s
            r.gap_s = max(r.gap_s, r.still_s)
        elif step_s > 0:
            r.still_s = 0.0
            r.gap_s = max(r.gap_s, TOKEN_S / rate)
            floor = r.push_at if r.push_s > 0 else 0.0
            r.answer = floor + _less(r.answer - floor, rate * step_s)


def _less(value: float, by: float) -> float:
    """Never a rest that only rounding leaves."""
    rest = value - by
    return rest if rest > 1e-9 else 0.0
