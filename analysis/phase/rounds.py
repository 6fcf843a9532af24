"""Requests grouped as they were sent: phases, rounds, solos; and the replay of a phase's own schedule.

The replay knows nothing of servers: it only says how long the same requests take one at a time (`serial_s`)
and if none disturbed another (`ideal_s`). The simulator has its own; truth and fit share no code.
"""

import heapq
import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from analysis.files.request_record import BASELINE, BURST, CHAIN_PHASE, STOPPED, RequestRecord


@dataclass(frozen=True)  # without slots: its instants are asked for often, and kept
class Round:
    """The requests of one release (or one solo), in the order they were due."""

    phase: str
    index: int
    requests: tuple[RequestRecord, ...]

    @cached_property
    def start_s(self) -> float | None:
        return min((r.start_s for r in self.requests if r.start_s is not None), default=None)

    @cached_property
    def end_s(self) -> float | None:
        return max((r.end_s for r in self.requests if r.end_s is not None), default=None)

    @property
    def makespan_s(self) -> float | None:
        """Earliest start to latest end (`W`)."""
        if self.start_s is None or self.end_s is None:
            return None
        return self.end_s - self.start_s

    def release_spread_s(self, but: Collection[str] = ()) -> float | None:
        """How far apart the requests left, against the instants they were due, but those of these targets."""
        late = [
            r.send_s - r.scheduled_s - (r.queued_s or 0.0)
            for r in self.requests
            if r.send_s is not None and r.scheduled_s is not None and r.target not in but
        ]
        return max(late) - min(late) if late else None


def rounds_of_phase(records: Iterable[RequestRecord], phase: str) -> tuple[Round, ...]:
    """The rounds of a phase in order."""
    by_round: dict[int, list[RequestRecord]] = defaultdict(list)
    for r in records:
        if r.phase == phase and r.kind == BURST and r.round is not None:
            by_round[r.round].append(r)
    return tuple(Round(phase, i, tuple(sorted(by_round[i], key=_due))) for i in sorted(by_round))


def solos(records: Iterable[RequestRecord], phase: str) -> tuple[RequestRecord, ...]:
    """The requests of a phase that were sent alone, in order."""
    alone = [r for r in records if r.phase == phase and r.kind == BASELINE]
    return tuple(sorted(alone, key=_due))


def chain(records: Iterable[RequestRecord]) -> Round | None:
    """The run's chain: the smallest phase's requests one after another, without a pause."""
    links = solos(records, CHAIN_PHASE)
    return Round(CHAIN_PHASE, 0, links) if links else None


def per_second(count: float | None, rounds: Sequence[Round]) -> float | None:
    """`count` of anything per second of these rounds; None if none of them has a makespan."""
    busy_s = math.fsum(a.makespan_s or 0.0 for a in rounds)
    return count / busy_s if busy_s and count is not None else None


def output_tokens_per_s(rounds: Sequence[Round]) -> float | None:
    """Tokens that were written per second of these rounds, all requests together; None of embeddings."""
    return per_second(sum(r.tokens or 0 for a in rounds for r in a.requests) or None, rounds)


def texts_per_s(rounds: Sequence[Round]) -> float | None:
    """Texts turned into vectors per second of these rounds, all requests together; None of chats."""
    return per_second(sum(r.vectors or 0 for a in rounds for r in a.requests) or None, rounds)


def _due(record: RequestRecord) -> tuple[float, int]:
    return (record.scheduled_s if record.scheduled_s is not None else 0.0, record.request_id)


def cut_short(a_round: Round, users: int) -> bool:
    """True if the run ended during this round: its open requests were stopped, or left no row (kill -9)."""
    return len(a_round.requests) < users or any(r.error == STOPPED for r in a_round.requests)


def faults_of(requests: Sequence[RequestRecord], expected: int, asked: Mapping[str, int | None]) -> list[str]:
    """Why a round is not scored: each reason once, with its target; [] if every answer is whole."""
    reasons = [(r.target, r.not_whole_because(asked.get(r.target))) for r in requests]
    faults = list(dict.fromkeys(f"{target}: {why}" for target, why in reasons if why is not None))
    missing = expected - len(requests)
    return faults + ([f"{missing} of {expected} requests left no row"] if missing > 0 else [])


@dataclass(frozen=True, slots=True)
class SoloJob:
    """One request of a schedule: due `offset_s` after the release, alone it needs these times."""

    offset_s: float
    ttft_s: float
    latency_s: float


def serial_s(jobs: Sequence[SoloJob]) -> float:
    """Makespan one at a time in the order they are due (`S`); with no offsets simply Σ latency."""
    free_s = 0.0
    for job in sorted(jobs, key=lambda j: j.offset_s):
        free_s = max(free_s, job.offset_s) + job.latency_s
    return free_s - min(j.offset_s for j in jobs)


def ideal_starts(jobs: Sequence[SoloJob], workers: int | None = None) -> list[float]:
    """When each job starts if no server disturbs anybody: only the client's own `workers` limit it."""
    starts: list[float] = []
    busy: list[float] = []
    for job in sorted(jobs, key=lambda j: j.offset_s):
        start_s = job.offset_s
        if workers is not None and len(busy) >= workers:
            start_s = max(start_s, heapq.heappop(busy))
        heapq.heappush(busy, start_s + job.latency_s)
        starts.append(start_s)
    return starts


def ideal_s(jobs: Sequence[SoloJob], workers: int | None = None) -> float:
    """Makespan of the same schedule if no request disturbs another (`I`)."""
    ordered = sorted(jobs, key=lambda j: j.offset_s)
    ends = [s + j.latency_s for s, j in zip(ideal_starts(jobs, workers), ordered, strict=True)]
    return max(ends) - ordered[0].offset_s
