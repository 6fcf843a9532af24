"""The chain of people who think agrees with what queueing theory knows exactly."""

import math
import random

import pytest

from analysis.capacity.people import messages_per_s, most_people, people, share_met


def test_one_server_and_people_who_think_are_the_machine_repairman() -> None:
    """Messages per second of M/M/1//M, in closed form."""
    think_s, serve_s, m = 30.0, 2.0, 12
    r = serve_s / think_s
    empty = 1 / sum(math.factorial(m) / math.factorial(m - n) * r**n for n in range(m + 1))
    assert messages_per_s(m, think_s, [1 / serve_s] * m) == pytest.approx((1 - empty) / serve_s, rel=1e-9)


def test_mean_value_analysis_gives_the_same_throughput() -> None:
    think_s, serve_s, queue = 30.0, 2.0, 0.0
    for m in range(1, 21):
        response = serve_s * (1 + queue)
        rate = m / (think_s + response)
        queue = rate * response
    assert messages_per_s(20, think_s, [1 / serve_s] * 20) == pytest.approx(rate, rel=1e-9)


def test_many_people_who_seldom_ask_are_an_open_queue() -> None:
    """Erlang's C: the share that must wait for one of four slots."""
    slots, serve_s, load = 4, 1.0, 3.0
    terms = [load**k / math.factorial(k) for k in range(slots)]
    last = load**slots / math.factorial(slots) * slots / (slots - load)
    waits = last / (sum(terms) + last)
    m = 20_000
    rates = [min(n, slots) / serve_s for n in range(1, 200)]
    served_at_once = share_met(m, m / (load / serve_s), rates, [1.0] * slots + [0.0] * 195)
    assert served_at_once == pytest.approx(1 - waits, abs=0.01)


def test_simulated_people_get_what_the_chain_says() -> None:
    """Exponential times, two slots; those who find a slot free."""
    rng, think_s, serve_s, m = random.Random(5), 10.0, 2.0, 8
    thinking, busy, now, met, all_of_them = m, 0, 0.0, 0, 0
    for _ in range(200_000):
        arrive, leave = thinking / think_s, min(busy, 2) / serve_s
        now += rng.expovariate(arrive + leave)
        if rng.random() < arrive / (arrive + leave):
            met, all_of_them = met + (busy < 2), all_of_them + 1
            thinking, busy = thinking - 1, busy + 1
        else:
            thinking, busy = thinking + 1, busy - 1
    rates = [min(n, 2) / serve_s for n in range(1, m + 1)]
    expected = share_met(m, think_s, rates, [1.0, 1.0] + [0.0] * (m - 2))
    assert met / all_of_them == pytest.approx(expected, abs=0.01)


def test_more_people_never_fare_better_and_the_most_is_the_edge() -> None:
    rates, shares = [0.5] * 8, [1.0, 0.2, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]
    most = most_people(30.0, rates, shares)
    assert share_met(most, 30.0, rates, shares) >= 0.9 > share_met(most + 1, 30.0, rates, shares)


def test_two_ports_of_their_own_are_two_chains() -> None:
    one = people(30.0, {1: 0.5, 2: 0.5}, {1: 1.0, 2: 0.2}, ports=1)
    two = people(30.0, {1: 0.5, 2: 1.0, 4: 1.0}, {1: 1.0, 2: 1.0, 4: 0.2}, ports=2)
    assert two[0] == 2 * one[0]
