"""A server with oddities of known truth, played through the queueing model into the log of a run."""

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from analysis.files.plan import PlannedPhase
from analysis.files.request_record import (
    BASELINE,
    BURST,
    CHAIN_PHASE,
    WARMUP,
    WARMUP_PHASE,
    RequestLog,
)
from analysis.files.request_record import RequestRecord as Record
from analysis.files.run import Run
from servers.queue_model import Job, Pace, Policy, simulate
from tests.support.farm import manifest_of
from tests.support.farm_log import FarmTarget

GAP_S = 0.01
RAMP_STEPS = 24


@dataclass(frozen=True)
class Odd:
    """A server farm: `policy` is the truth, the rest is what a client is not farms."""

    policy: Policy
    targets: tuple[FarmTarget, ...] = ()
    scatter: Callable[[random.Random], float] = lambda rng: math.exp(0.05 * rng.gauss(0, 1))
    common: float = 0.0  # log scatter that all requests sent together share
    background: float = 0.0  # streams of somebody else, all the time
    ramp: tuple[float, float] | None = None  # speed after idling, seconds until full speed
    wakes_s: float = 0.0  # longer for a request that finds it idle
    disturbed: float = 0.0  # share of the solos that take 2.5 times as long
    cached: float = 0.0  # share of the prompts that need no reading
    early_s: float | None = None  # a first piece of text so soon, before the queue
    late_s: float = 0.0  # the last chunk so long after the rest
    hidden: int = 0  # at most so many tokens counted and not shown, before the first that is
    streams: bool = True
    turns: bool = False  # one port at a time
    batch: int | None = None  # so many start together and the next wait for all of them
    per_s: float | None = None  # requests admitted per second


@dataclass(frozen=True)
class Span:
    """What became of one request: instants in seconds."""

    admitted_s: float
    first_s: float
    end_s: float


def serve(odd: Odd, arrivals: Sequence[tuple[float, Job]], pace: Pace) -> list[Span]:
    """The course of requests that arrive in this order, the last of each group before the next begins."""
    policy = replace(odd.policy, background=odd.background, pace=pace)
    spans: dict[int, Span] = {}
    free_s = -math.inf
    for group in _groups(odd, arrivals):
        sent = [(max(arrivals[i][0], free_s), arrivals[i][1]) for i in group]
        order = sorted(range(len(group)), key=lambda k: sent[k][0])
        for k, request in zip(order, simulate(policy, sent), strict=True):
            assert request.admission_s is not None and request.first_token_s is not None
            end_s = request.end_s
            assert end_s is not None
            spans[group[k]] = Span(request.admission_s, request.first_token_s, end_s)
        free_s = max(spans[i].end_s for i in group)
    return [spans[i] for i in range(len(arrivals))]


def _groups(odd: Odd, arrivals: Sequence[tuple[float, Job]]) -> list[list[int]]:
    everyone = list(range(len(arrivals)))
    if odd.turns:
        ports = dict.fromkeys(job.port for _, job in arrivals)
        return [[i for i in everyone if arrivals[i][1].port == port] for port in ports]
    if odd.batch:
        return [everyone[i : i + odd.batch] for i in range(0, len(everyone), odd.batch)]
    return [everyone]


@dataclass
class Script:
    """Writes the log of one run, request after request."""

    odd: Odd
    rng: random.Random
    now_s: float = 1.0
    records: list[Record] = field(default_factory=list)

    def send(self, kind: str, phase: str, index: int | None, deal: Sequence[FarmTarget]) -> None:
        """One round, or one request alone, from `now_s` on."""
        odd, rng = self.odd, self.rng
        together = math.exp(odd.common * rng.gauss(0, 1)) if odd.common else 1.0
        alone = 2.5 if kind == BASELINE and rng.random() < odd.disturbed else 1.0
        arrivals, hidden = [], []
        for i, target in enumerate(deal):
            job = target.job(odd.scatter(rng) * together * alone)
            waits_s = odd.wakes_s + (i / odd.per_s if odd.per_s else 0.0)
            cached = rng.random() < odd.cached
            hidden.append(rng.randint(0, odd.hidden))
            job = replace(
                job, overhead_s=job.overhead_s + waits_s, prefill_s=job.prefill_s * (0.02 if cached else 1.0)
            )
            arrivals.append((self.now_s + rng.uniform(0, 0.0004) * (len(deal) > 1), job))
        spans = serve(odd, arrivals, self._pace())
        rows = [
            self._record(kind, phase, index, i, *parts)
            for i, parts in enumerate(zip(deal, arrivals, spans, hidden, strict=True))
        ]
        for row in sorted(rows, key=lambda r: r.end_s or 0.0):
            self.records.append(replace(row, request_id=len(self.records)))
        self.now_s = max(r.end_s or 0.0 for r in rows) + GAP_S

    def _pace(self) -> Pace:
        if self.odd.ramp is None:
            return Pace()
        start, over_s = self.odd.ramp
        rises = (
            (self.now_s + over_s * k / RAMP_STEPS, start + (1 - start) * (k + 0.5) / RAMP_STEPS)
            for k in range(RAMP_STEPS)
        )
        return Pace((*rises, (self.now_s + over_s, 1.0)))

    def _record(
        self,
        kind: str,
        phase: str,
        index: int | None,
        user: int,
        target: FarmTarget,
        arrival: tuple[float, Job],
        span: Span,
        hidden: int,
    ) -> Record:
        odd, sent_s = self.odd, arrival[0]
        tokens = target.tokens
        tpot_s = (span.end_s - span.first_s) / max(tokens - 1, 1)
        first_s = span.first_s + hidden * tpot_s
        last_s = span.end_s + odd.late_s
        gaps = [(tpot_s, last_s)]
        if odd.early_s is not None:
            gaps.append((first_s - (sent_s + odd.early_s), first_s))
            first_s = sent_s + odd.early_s
        if odd.late_s:
            gaps.append((odd.late_s, last_s))
        gap_s, gap_end_s = max(gaps)
        known: dict[str, Any] = dict.fromkeys(Record.__dataclass_fields__)
        known |= {
            "request_id": 0, "phase": phase, "round": index, "kind": kind, "target": target.name,
            "user": user if kind == BURST else None, "base_url": target.base_url,
            "model": target.name.lower(), "answered_model": target.name.lower(),
            "scheduled_s": self.now_s, "send_s": sent_s, "end_s": last_s + 0.0002,
            "prompt_tokens": 48, "output_tokens": tokens, "stamp": "user", "http_status": 200,
            "finish_reason": "length", "worker": 0, "clock_error_s": 0.0002,
        }  # fmt: skip
        if odd.streams:
            known |= {
                "first_token_s": first_s, "last_token_s": last_s, "chunks": tokens - hidden,
                "longest_gap_s": gap_s,
            }  # fmt: skip
            if "longest_gap_end_s" in known:
                known["longest_gap_end_s"] = gap_end_s
        return Record(**known)


def play(odd: Odd, phases: Sequence[PlannedPhase], rng: random.Random) -> Run:
    """A finished run of these phases, as the log would have it."""
    script = Script(odd, rng)
    known = {t.name: t for t in odd.targets}
    used = [known[name] for name in dict.fromkeys(n for p in phases for n in p.targets)]
    for i, target in enumerate([*used, *used, used[0]]):
        script.send(WARMUP, WARMUP_PHASE, i, [target])
    smallest = min(phases, key=lambda p: p.users)
    for number, plan in enumerate(phases):
        for index in range(plan.max_rounds + 1):
            script.send(BASELINE, plan.name, index, [known[plan.targets[index % len(plan.targets)]]])
            if index < plan.max_rounds:
                script.send(BURST, plan.name, index, [known[name] for name in plan.deal])
        if number == 1:
            for i, name in enumerate(smallest.deal):
                script.send(BASELINE, CHAIN_PHASE, i, [known[name]])
    return Run(Path("odd"), manifest_of("odd", used, phases), RequestLog(tuple(script.records)))
