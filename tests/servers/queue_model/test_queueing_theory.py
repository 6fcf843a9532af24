"""Random arrivals against the formulas of M/M/1 and M/M/c."""

import itertools
import math
import random

import pytest

from servers.queue_model import (
    Job,
    Policy,
    Port,
    named,
    simulate,
)
from tests.servers.queue_model.bursts import latencies_s


@pytest.mark.parametrize("policy", [named("serial"), named("time-sliced"), Policy(slots=1, order="lifo")])
def test_random_arrivals_take_as_long_as_the_m_m_1_formula_says(policy: Policy) -> None:
    served = latencies_s(simulate(policy, poisson(0.5, 8_000)))
    assert sum(served) / len(served) == pytest.approx(1 / (1.0 - 0.5), rel=0.08)


@pytest.mark.parametrize(("servers", "arrivals_per_s"), [(2, 1.4), (4, 3.0)])
@pytest.mark.parametrize("by", ["machine", "port"])
def test_random_arrivals_take_as_long_as_the_m_m_c_formula_says(
    servers: int, arrivals_per_s: float, by: str
) -> None:
    policy = Policy(slots=servers) if by == "machine" else Policy(port=Port(slots=servers))
    served = latencies_s(simulate(policy, poisson(arrivals_per_s, 8_000)))
    expected = 1 + erlang_c(servers, arrivals_per_s) / (servers - arrivals_per_s)
    assert sum(served) / len(served) == pytest.approx(expected, rel=0.08)


@pytest.mark.parametrize("c", [2, 3])
def test_shared_compute_worth_c_streams_holds_the_means_of_m_m_c_too(c: int) -> None:
    """With exponential service the number present is the same birth-death chain, whoever is served."""
    rate = 0.7 * c
    served = latencies_s(simulate(Policy(compute=c), poisson(rate, 8_000)))
    assert sum(served) / len(served) == pytest.approx(1 + erlang_c(c, rate) / (c - rate), rel=0.08)


def poisson(per_s: float, n: int) -> list[tuple[float, Job]]:
    """Open arrivals; service times exponential with mean 1 s."""
    chance = random.Random(7)
    instants = itertools.accumulate(chance.expovariate(per_s) for _ in range(n))
    return [(at_s, Job(0, chance.expovariate(1.0), 0.0, 1)) for at_s in instants]


def erlang_c(servers: int, load: float) -> float:
    """The share of arrivals that wait (M/M/c; load in erlang)."""
    terms = [load**k / math.factorial(k) for k in range(servers)]
    last = load**servers / math.factorial(servers) * servers / (servers - load)
    return last / (sum(terms) + last)
