"""A schedule replayed in waves: slots say who waits, the pace says how fast those who run get on.

Each step ends one of the three things that a request does (leave the client, reach its server, run), so
that a replay of n requests has at most 3 n steps, whatever the numbers. All requests on a port run at one
pace; therefore a port keeps one clock of the work that each of its requests has had, and a heap of ends.

Shares no code with the simulator, so that truth and fit cannot repeat one mistake.
"""

import heapq
import math
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

Pace = Callable[[Mapping[str, int]], Mapping[str, float]]  # running per port → pace of each; 1: as alone


@dataclass(frozen=True, slots=True)
class Slots:
    """How many requests are answered at once: on each port and in all; inf where no limit was seen."""

    per_port: Mapping[str, float]
    total: float = math.inf

    def filled(self, asked: Sequence[str], workers: int | None = None) -> Counter[str]:
        """How many run on each port if requests to these ports are all due, first come first served."""
        running: Counter[str] = Counter()
        in_all = 0
        for port in asked if workers is None else asked[:workers]:
            if running[port] < self.per_port[port] and in_all < self.total:
                running[port] += 1
                in_all += 1
        return running


@dataclass(frozen=True, slots=True)
class Piece:
    """One request: when it is due, its port, its work in seconds alone, and its overhead before that."""

    offset_s: float
    port: str
    work_s: float
    overhead_s: float = 0.0  # from its send until it asks for a slot: no compute, others' overlap it


@dataclass(slots=True)
class _Port:
    waiting: deque[tuple[float, int, float]] = field(default_factory=deque)  # (instant it came, turn, work)
    ends: list[float] = field(default_factory=list)  # heap: at which `clock_s` each running one ends
    clock_s: float = 0.0  # work done for a request that runs since the start

    @property
    def left_s(self) -> float:
        """Work until the next one ends."""
        return self.ends[0] - self.clock_s

    def work(self, done_s: float) -> int:
        """Moves the clock on. Returns how many ended."""
        before = len(self.ends)
        self.clock_s = self.ends[0] if done_s >= self.left_s else self.clock_s + done_s
        while self.ends and self.ends[0] <= self.clock_s:
            heapq.heappop(self.ends)
        return before - len(self.ends)


def makespan_s(pieces: Sequence[Piece], slots: Slots, pace: Pace, workers: int | None = None) -> float:
    """First due to last end. `workers`: the client keeps so many in flight."""
    coming = deque(sorted(pieces, key=lambda p: p.offset_s))
    ports = {p.port: _Port() for p in pieces}
    joining: list[tuple[float, int, str, float]] = []  # heap: instant it asks for a slot, its turn
    start_s = now_s = coming[0].offset_s
    open_now = 0
    while coming or open_now:
        while coming and coming[0].offset_s <= now_s and (workers is None or open_now < workers):
            piece = coming.popleft()
            heapq.heappush(joining, (now_s + piece.overhead_s, -len(coming), piece.port, piece.work_s))
            open_now += 1
        while joining and joining[0][0] <= now_s:
            joins_s, turn, port, work_s = heapq.heappop(joining)
            ports[port].waiting.append((joins_s, turn, work_s))
        running = _admit(ports, slots)
        paces = pace(running) if running else {}
        end_s = {name: now_s + ports[name].left_s / paces[name] for name in running}
        due_s = [coming[0].offset_s] if coming and coming[0].offset_s > now_s else []
        then_s = min([*end_s.values(), *due_s, *(joining[0][:1] if joining else ())])
        for name in running:
            done_s = ports[name].left_s if end_s[name] <= then_s else (then_s - now_s) * paces[name]
            open_now -= ports[name].work(done_s)
        now_s = then_s
    return now_s - start_s


def _admit(ports: Mapping[str, _Port], slots: Slots) -> dict[str, int]:
    """Starts those who may, in the order they came; a full port holds up only its own. Running, by port."""
    in_all = sum(len(port.ends) for port in ports.values())
    while in_all < slots.total:
        free = [p for name, p in ports.items() if p.waiting and len(p.ends) < slots.per_port[name]]
        if not free:
            break
        port = min(free, key=lambda p: p.waiting[0])
        heapq.heappush(port.ends, port.clock_s + port.waiting.popleft()[2])
        in_all += 1
    return {name: len(port.ends) for name, port in ports.items() if port.ends}
