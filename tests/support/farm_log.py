"""The log of a run of known truth, request after request, on a clock of its own."""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from analysis.files.request_record import (
    BURST,
    FREE,
)
from analysis.files.request_record import RequestRecord as Record
from servers.queue_model import Job, Policy, Request, simulate

GAP_S = 0.002  # between an answer and the next send


@dataclass(frozen=True)
class FarmTarget:
    """One target; alone it takes `overhead_s + prefill_s + tpot_s · (tokens − 1)`, by default 2 s."""

    name: str
    port: int = 0
    prefill_s: float = 0.2
    tpot_s: float = 0.05
    tokens: int = 37
    overhead_s: float = 0.0  # part of TTFT that needs no compute

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{1234 + self.port}"

    def job(self, slowness: float = 1.0, loads_s: float = 0.0) -> Job:
        return Job(
            port=self.port,
            prefill_s=self.prefill_s * slowness,
            tpot_s=self.tpot_s * slowness,
            tokens=self.tokens,
            overhead_s=self.overhead_s + loads_s,
        )


@dataclass
class RunScript:
    """Writes the log of one run, request after request, on its own clock."""

    limits: Policy
    jitter: float
    rng: random.Random
    common: float = 0.0
    now_s: float = 1.0
    records: list[Record] = field(default_factory=list)

    def send(
        self,
        kind: str,
        name: str,
        index: int | None,
        deal: Sequence[FarmTarget],
        spacing_s: float = 0.0,
        workers: int | None = None,
        loads_s: float = 0.0,
    ) -> None:
        """One round (or solo) from `now_s` on; the clock stands behind its last answer afterwards."""
        trend = self._common()
        arrivals = []
        for i, target in enumerate(deal):
            slowness = math.exp(self.jitter * self.rng.gauss(0, 1) + trend)
            late_s = self.rng.uniform(0, 0.0004) if len(deal) > 1 else 0.0  # no release is perfect
            arrivals.append((self.now_s + i * spacing_s + late_s, target.job(slowness, loads_s)))
        served = simulate(self.limits, arrivals, workers or math.inf)
        order = sorted(range(len(deal)), key=lambda i: arrivals[i][0])
        due = [
            (i, deal[i], self.now_s + i * spacing_s, request)
            for i, request in zip(order, served, strict=True)
        ]
        made = [self._record(*d, kind, name, index, workers) for d in sorted(due, key=lambda d: d[0])]
        for record in sorted(made, key=lambda r: r.end_s or 0.0):
            self.records.append(replace(record, request_id=len(self.records)))
        self.now_s = max(r.end_s or 0.0 for r in served) + GAP_S

    def _common(self) -> float:
        """Log scatter that all requests sent together share."""
        return self.common * self.rng.gauss(0, 1) if self.common else 0.0

    def _record(
        self,
        user: int,
        target: FarmTarget,
        scheduled_s: float,
        served: Request,
        kind: str,
        name: str,
        index: int | None,
        workers: int | None,
    ) -> Record:
        first_s, end_s, admitted_s = served.first_token_s, served.end_s, served.admission_s
        assert first_s is not None and end_s is not None and admitted_s is not None
        queued_s = served.arrival_s - scheduled_s if workers is not None and kind == BURST else None
        return Record(
            request_id=0,
            phase=name,
            round=index,
            kind=kind,
            user=user if kind in (BURST, FREE) else None,
            target=target.name,
            base_url=target.base_url,
            model=target.name.lower(),
            scheduled_s=scheduled_s,
            queued_s=queued_s,
            send_s=served.arrival_s,
            first_token_s=first_s,
            last_token_s=end_s,
            end_s=end_s + 0.0002,
            prompt_tokens=48,
            cached_tokens=0,
            output_tokens=target.tokens,
            chunks=target.tokens,
            longest_gap_s=(end_s - first_s) / (target.tokens - 1),
            stamp="user",
            http_status=200,
            finish_reason="length",
            error=None,
            answered_model=target.name.lower(),
            server_queue_s=None,
            server_prefill_s=first_s - admitted_s,
            server_decode_s=end_s - first_s,
            server_load_s=None,
            worker=0,
            clock_error_s=self.rng.uniform(0.0001, 0.0003),
        )
