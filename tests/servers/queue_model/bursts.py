"""Bursts of like requests through the queueing model, and what became of them."""

from servers.queue_model import Job, Policy, Request, simulate

SOLO_S = 1.0


def burst(policy: Policy, n: int, ports: int = 1) -> list[Request]:
    """n like requests at one instant, dealt round robin; each takes 1 s if alone."""
    return simulate(policy, [(5.0, Job(i % ports, 0.1, 0.1, 10)) for i in range(n)])


def latencies_s(served: list[Request]) -> list[float]:
    return [r.end_s - r.arrival_s for r in served if r.end_s is not None]


def makespan_s(served: list[Request]) -> float:
    return max(r.end_s or 0 for r in served) - min(r.arrival_s for r in served)


def mean_in_flight(served: list[Request]) -> float:
    """The naive speedup."""
    return sum(latencies_s(served)) / makespan_s(served)
