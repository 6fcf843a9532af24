"""How many requests are answered at once, from all phases: on each port, and on the whole machine."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from analysis.machine.waves import Slots
from analysis.phase.measure import UNKNOWN, Peak, PhaseMeasured


@dataclass(frozen=True, slots=True)
class SlotsSeen:
    """Exact, or at least so many; `limit` only where the machine surely admits fewer than its ports would."""

    per_port: dict[str, Peak]
    total: Peak  # over the most ports that were busy together
    limit: int | None
    most: int | None  # requests seen answered together in any phase; None where it cannot be seen

    def slots(self) -> Slots:
        """For a replay. A port not seen to its end is taken to be like the others; else it has no limit."""
        exact = {p.streams for p in self.per_port.values() if p.exact and p.streams}
        alike = float(exact.pop() or math.inf) if len(exact) == 1 else math.inf
        per_port = {
            port: float(p.streams) if p.exact and p.streams else max(alike, float(p.streams or 0))
            for port, p in self.per_port.items()
        }
        return Slots(per_port, math.inf if self.limit is None else float(self.limit))

    def never_seen(self, running: Mapping[str, int]) -> str | None:
        """Which part of this load goes beyond all that was seen together: a limit may lie there."""
        on_a_port = max((p.streams or 0 for p in self.per_port.values()), default=0)
        if self.most is None or not on_a_port:
            return None
        if max(running.values()) > on_a_port:
            return f"{max(running.values())} requests answered together on one port"
        in_all = sum(running.values())
        return f"{in_all} requests answered together in all" if in_all > self.most else None

    @property
    def each_port(self) -> Peak:
        """Of every port, where all agree; exact only if each is."""
        peaks = list(self.per_port.values())
        if len({p.streams for p in peaks}) != 1:
            return UNKNOWN
        return min(peaks, key=lambda p: p.exact)


def slots_seen(phases: Sequence[PhaseMeasured]) -> SlotsSeen:
    """The most seen together, on each port and in all, exact only where the servers surely ended it."""
    ports = list(dict.fromkeys(port for p in phases for port in p.ports))
    per_port = {port: _most(_on(port, p) for p in phases) for port in ports}
    widest = max((len(p.ports) for p in phases), default=0)
    total = _most(_by_servers(p.total, p) for p in phases if len(p.ports) == widest)
    most = max((p.total.streams for p in phases if p.total.streams), default=None)
    together = [per_port[port].streams or 0 for port in ports]
    if not (total.exact and total.streams and len(ports) > 1 and sum(together) > total.streams):
        return SlotsSeen(per_port, total, None, most)
    # Where the whole machine was full, a port may have more slots of its own, unseen.
    limit = total.streams
    hidden = {port: _most(_on(port, p, limit) for p in phases) for port in ports}
    return SlotsSeen(hidden, total, limit, most)


def _on(port: str, phase: PhaseMeasured, limit: int | None = None) -> Peak:
    peak = _by_servers(phase.per_port.get(port, UNKNOWN), phase)
    full = limit is not None and (phase.total.streams or limit) >= limit
    return replace(peak, exact=peak.exact and not full)


def _by_servers(peak: Peak, phase: PhaseMeasured) -> Peak:
    """Not exact where the client's own workers may have ended it: then the servers might take more."""
    workers = phase.plan.workers
    by_client = workers is not None and (phase.total.streams or workers) >= workers
    return replace(peak, exact=peak.exact and not by_client)


def _most(peaks: Iterable[Peak]) -> Peak:
    return max(peaks, key=lambda p: (p.streams or 0, p.exact), default=UNKNOWN)
