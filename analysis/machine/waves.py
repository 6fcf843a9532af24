"""A schedule replayed in waves: slots say who waits, the pace says how fast those who run get on.

Shares no code with the simulator, so that truth and fit cannot repeat one mistake.
"""

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

Pace = Callable[[Mapping[str, int]], Mapping[str, float]]  # running per port → pace of each; 1: as alone


@dataclass(frozen=True, slots=True)
class Slots:
    """How many requests are answered at once: on each port and in all; inf where no limit was seen."""

    per_port: Mapping[str, float]
    total: float = math.inf

    def filled(self, asked: Sequence[str], workers: int | None = None) -> Counter[str]:
        """How many run on each port if requests to these ports are all due, first come first served."""
        running: Counter[str] = Counter()
        for port in asked if workers is None else asked[:workers]:
            if running[port] < self.per_port[port] and running.total() < self.total:
                running[port] += 1
        return running


@dataclass(slots=True, eq=False)
class Piece:
    """One request: when it is due, its port, the work left in seconds alone, and its overhead before that."""

    offset_s: float
    port: str
    left_s: float
    overhead_s: float = 0.0  # from its send until it asks for a slot: no compute, others' overlap it
    joins_s: float = math.inf  # that instant; the replay sets it


def makespan_s(pieces: Sequence[Piece], slots: Slots, pace: Pace, workers: int | None = None) -> float:
    """First due to last end. `workers`: the client keeps so many in flight. The pieces are used up."""
    coming = sorted(pieces, key=lambda p: p.offset_s)
    start_s = now_s = coming[0].offset_s
    sent: list[Piece] = []  # on their way, at their servers running, or waiting there
    running: list[Piece] = []
    while coming or sent:
        while coming and coming[0].offset_s <= now_s and (workers is None or len(sent) < workers):
            coming[0].joins_s = now_s + coming[0].overhead_s
            sent.append(coming.pop(0))
        there = sorted((p for p in sent if p.joins_s <= now_s), key=lambda p: p.joins_s)
        running += _admitted(there, running, slots)
        paces = pace(Counter(p.port for p in running)) if running else {}
        ends = [now_s + p.left_s / paces[p.port] for p in running]
        then_s = min(ends + [t for t in (p.joins_s for p in sent) if t > now_s] + _next_due(coming, now_s))
        for p in running:
            p.left_s -= (then_s - now_s) * paces[p.port]
        now_s = then_s
        done = [p for p in running if p.left_s <= 1e-9]
        sent = [p for p in sent if p not in done]
        running = [p for p in running if p not in done]
    return now_s - start_s


def _next_due(coming: Sequence[Piece], now_s: float) -> list[float]:
    return [coming[0].offset_s] if coming and coming[0].offset_s > now_s else []


def _admitted(there: Sequence[Piece], running: Sequence[Piece], slots: Slots) -> list[Piece]:
    """Those who may start now, in the order they came; a full port holds up only its own."""
    beside = Counter(p.port for p in running)
    chosen: list[Piece] = []
    for p in there:
        if p not in running and beside[p.port] < slots.per_port[p.port] and beside.total() < slots.total:
            beside[p.port] += 1
            chosen.append(p)
    return chosen
