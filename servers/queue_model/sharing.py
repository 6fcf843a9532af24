"""The two questions that say everything about a machine: who leaves the queue, and how fast everyone goes."""

from collections import Counter
from collections.abc import Sequence

from servers.queue_model.memory import Memory
from servers.queue_model.policy import Policy, Port, worth
from servers.queue_model.request import Request


def admit(
    policy: Policy,
    waiting: Sequence[Request],
    active: Sequence[Request],
    memory: dict[int, Memory],
    now_s: float,
) -> list[tuple[Request, float]]:
    """Those who may start now, in their order, each with the instant at which its model is ready.

    A full port or model holds up only its own; who waits for room for its model holds up its port, so that
    models swap in turn.
    """
    at_port = Counter(r.job.port for r in active)
    at_model = Counter((r.job.port, r.job.model) for r in active)
    free = policy.slots - len(active)
    held: set[int] = set()
    chosen: list[tuple[Request, float]] = []
    for request in waiting:
        port, model = request.job.port, request.job.model
        limits = policy.at(port)
        if len(chosen) >= free:
            break
        if port in held or at_port[port] >= limits.slots or at_model[port, model] >= limits.model_slots:
            continue
        busy = {m for (p, m), n in at_model.items() if p == port and n}
        ready_s = memory[port].take(model, busy, now_s)
        if ready_s is None:
            held.add(port)
            continue
        at_port[port] += 1
        at_model[port, model] += 1
        chosen.append((request, ready_s))
    return chosen


def paces(policy: Policy, active: Sequence[Request]) -> list[float]:
    """Solo seconds per second of each active request; 1 = as if alone, 0 = it stands still."""
    of_port: dict[int, list[int]] = {}
    for i, request in enumerate(active):
        of_port.setdefault(request.job.port, []).append(i)
    found = [0.0] * len(active)
    streams, busy = 0, 0
    for port, places in of_port.items():
        weights = _weights(policy.at(port), [active[i] for i in places])
        running = sum(w > 0 for w in weights)
        streams, busy = streams + running, busy + (running > 0)
        share = worth(policy.at(port).throughput, running) / running if running else 0.0
        for i, weight in zip(places, weights, strict=True):
            found[i] = share * weight
    if not streams:
        return found
    beside = worth(policy.ports_throughput, busy) / busy
    sharing = streams + policy.background
    most = min(policy.compute / sharing, worth(policy.throughput, sharing) / sharing)
    return [min(pace * beside, most) for pace in found]


def _weights(port: Port, active: Sequence[Request]) -> list[float]:
    """1 for who works, 0 for who loads or waits for prefill, in between for who decodes beside one."""
    prefilling = [r for r in active if r.loaded and not r.token_s]
    allowed = prefilling if len(prefilling) <= port.prefills else prefilling[: int(port.prefills)]
    decoding = port.decode_beside_prefill if allowed else 1.0
    return [decoding if r.token_s else float(r in allowed) for r in active]
