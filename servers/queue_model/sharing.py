"""The two rules that define a machine: who leaves the queue, and how fast each request is served."""

import math
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
    of_port: dict[int, list[Request]] = {}
    held: set[int] = set()
    chosen: list[tuple[Request, float]] = []
    for request in waiting:
        port, model = request.job.port, request.job.model
        limits = policy.at(port)
        if len(active) + len(chosen) >= policy.slots:
            break
        if port not in of_port:
            of_port[port] = [r for r in active if r.job.port == port]
        there = of_port[port]
        if port in held or len(there) >= limits.slots or _full(there, model, limits.model_slots):
            continue
        ready_s = memory[port].take(model, (r.job.model for r in there), now_s)
        if ready_s is None:
            held.add(port)
            continue
        there.append(request)
        chosen.append((request, ready_s))
    return chosen


def _full(there: Sequence[Request], model: str, slots: float) -> bool:
    return math.isfinite(slots) and sum(r.job.model == model for r in there) >= slots


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
    prefilling = 0
    weights = []
    for r in active:
        works = r.loaded and (bool(r.token_s) or prefilling < port.prefills)
        prefilling += works and not r.token_s
        weights.append(float(works))
    if not prefilling or port.decode_beside_prefill == 1:
        return weights
    return [port.decode_beside_prefill if r.token_s else w for r, w in zip(active, weights, strict=True)]
