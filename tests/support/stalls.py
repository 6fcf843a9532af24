"""Phases of kind `stall` on servers of known truth, by `servers.queue_model`: no clock and no socket."""

import random
from dataclasses import dataclass
from itertools import count

from analysis.files.plan import PlannedStall
from analysis.files.request_record import NEWCOMER, RUNNER, RequestRecord
from servers.queue_model import Job, Machine, Policy
from servers.queue_model.request import Request

PLAN = PlannedStall("stall", ("A",), (256, 1000), (1, 2), 3)
TPOT_S, TOKEN_S, FIXED_S = 0.02, 0.001, 0.05  # of a token written, of one read, of every prompt
BEFORE, AFTER_S = 15, 1.0


@dataclass
class Stall:
    """The rows and tokens of a phase, and the machine that it runs on."""

    policy: Policy
    jitter: float = 0.0
    drift: float = 1.0  # times as slow at the end as at the beginning
    newcomer_port: int = 0
    tokens: int = 400  # of a runner's answer
    seed: int = 1

    def __post_init__(self) -> None:
        self.rows: list[RequestRecord] = []
        self.arrivals: dict[tuple[int, int], tuple[float, ...]] = {}
        self.now_s, self.ids, self.chance = 1.0, count(1), random.Random(self.seed)
        self.step, self.steps = 0, 1

    def job(self, prompt: int, tokens: int, port: int = 0) -> Job:
        slow = self.chance.lognormvariate(0.0, self.jitter) * self.drift ** (self.step / self.steps)
        return Job(port, (FIXED_S + TOKEN_S * prompt) * slow, TPOT_S * slow, tokens)

    def measure(
        self, sizes: tuple[int, ...] = (256, 1000), runners: tuple[int, ...] = (1, 2), rounds: int = 3
    ) -> None:
        self.steps = len(sizes) * len(runners) * (2 * rounds + 1)
        for size in sizes:
            for n in runners:
                self.alone(size)
                for _ in range(rounds):
                    self.event(size, n, self.newcomer_port)
                    self.alone(size)

    def alone(self, size: int) -> None:
        for port in dict.fromkeys((0, self.newcomer_port)):
            machine = Machine(self.policy)
            one = machine.arrive(self.job(size, 4, port), self.now_s)
            machine.advance(self.now_s + 1e6)
            self.keep(one, NEWCOMER, size, self.end_of(one), port)
            self.step += 1

    def event(self, size: int, runners: int, port: int) -> None:
        machine, step = Machine(self.policy), self.step
        running = [machine.arrive(self.job(20, self.tokens), self.now_s) for _ in range(runners)]
        while any(len(r.token_s) < BEFORE and r.end_s is None for r in running):
            self.now_s = machine.next_s()
            machine.advance(self.now_s)
        one = machine.arrive(self.job(size, 4, port), self.now_s)
        while not one.token_s:
            self.now_s = machine.next_s()
            machine.advance(self.now_s)
        hang_up_s = self.now_s + AFTER_S
        machine.advance(hang_up_s)
        for r in running:
            whole = r.end_s is not None
            self.keep(r, RUNNER, 0, r.end_s or hang_up_s, 0, "server" if whole else "client")
            machine.leave(r, hang_up_s)
        machine.advance(hang_up_s + 1e6)
        self.keep(one, NEWCOMER, size, self.end_of(one), port)
        self.step = step + 1

    def end_of(self, one: Request) -> float:
        assert one.end_s is not None
        self.now_s = max(self.now_s, one.end_s) + 0.1
        return one.end_s

    def keep(self, r: Request, kind: str, words: int, end_s: float, port: int, by: str = "server") -> None:
        number = next(self.ids)
        self.rows.append(
            RequestRecord(
                request_id=number,
                phase="stall",
                round=self.step,
                kind=kind,
                target="AB"[port],
                base_url=f"http://127.0.0.1:{9001 + port}",
                send_s=r.arrival_s,
                first_token_s=r.first_token_s,
                last_token_s=r.token_s[-1] if r.token_s else None,
                end_s=end_s,
                chunks=len(r.token_s),
                output_tokens=len(r.token_s),
                prompt_tokens=words + 12 if words else 20,
                prompt_words=words or None,
                ended_by=by,
            )
        )
        if kind == RUNNER:
            self.arrivals[0, number] = tuple(r.token_s)
