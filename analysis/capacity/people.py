"""People who think between their requests, from the levels: a birth-death chain. Computed, not measured.

In flight n of M persons: arrivals (M − n)/Z, departures X(n), so p(n) ∝ Π (M − k)/(Z X(k + 1)). By the
arrival theorem who arrives as the n-th has weight p(n) X(n). K slots: M/M/K//M (the machine repairman).
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np
from scipy.special import ndtr

from analysis.capacity.levels import Level

MOST_PEOPLE = 10_000


def share_met(people: int, think_s: float, rates: Sequence[float], shares: Sequence[float]) -> float:
    """Share of their answers that meet the target; `rates`, `shares`: with 1, 2 … in flight, per second.

    Beyond the last of them the rate stays and the share is 0.
    """
    n = np.arange(1, people + 1)
    known = len(rates)
    rate = np.array(rates)[np.minimum(n, known) - 1]
    share = np.where(n <= known, np.array(shares)[np.minimum(n, known) - 1], 0.0)
    log_p = np.cumsum(np.log(people - n + 1) - np.log(think_s * rate))
    weight = np.exp(log_p - log_p.max()) * rate
    return float((weight * share).sum() / weight.sum())


def most_people(think_s: float, rates: Sequence[float], shares: Sequence[float], wanted: float = 0.9) -> int:
    """The most people of whose answers the wanted share meets the target; 0 if not even one's do."""
    low, high = 0, 1
    while high <= MOST_PEOPLE and share_met(high, think_s, rates, shares) >= wanted:
        low, high = high, high * 2
    while high - low > 1:
        middle = (low + high) // 2
        if share_met(middle, think_s, rates, shares) >= wanted:
            low = middle
        else:
            high = middle
    return low


def messages_per_s(people: int, think_s: float, rates: Sequence[float]) -> float:
    """Answers per second that so many people get."""
    n = np.arange(0, people + 1)
    rate = np.array(rates)[np.minimum(np.maximum(n, 1), len(rates)) - 1]
    steps = np.log(np.maximum(people - n[:-1], 1)) - np.log(think_s * rate[1:])
    log_p = np.concatenate([[0.0], np.cumsum(steps)])
    p = np.exp(log_p - log_p.max())
    return float((p[1:] * rate[1:]).sum() / p.sum())


def share_of(level: Level) -> float:
    """Smoothed share of the answers that meet the target: Φ(mean / s.d. of the margins), or the count's."""
    counted = level.met / len(level.answers)
    if level.misses == 0 and len(level.answers) > 1:
        margins = np.array([a.margin for a in level.answers])
        spread = float(margins.std(ddof=1))
        return float(ndtr(float(margins.mean()) / spread)) if spread > 0 else 1.0
    return counted


def by_each_number(points: Mapping[int, float]) -> list[float]:
    """Straight lines between the measured numbers of users, from 1 to the largest."""
    users = sorted(points)
    return np.interp(range(1, users[-1] + 1), users, [points[u] for u in users]).tolist()


def people(
    think_s: float, rates: Mapping[int, float], shares: Mapping[int, float], ports: int, share: float = 0.9
) -> tuple[int, float]:
    """(people, their messages per minute). `rates`: answers per second by users in flight.

    Ports that do not disturb each other have a chain each: nobody may use whichever slot is free.
    """
    rate, met, ports = _of_each_chain(rates, shares, ports)
    each = most_people(think_s, rate, met, share)
    per_min = 60 * ports * messages_per_s(each, think_s, rate) if each else 0.0
    return ports * each, per_min if math.isfinite(per_min) else 0.0


def share_with(
    persons: int, think_s: float, rates: Mapping[int, float], shares: Mapping[int, float], ports: int
) -> float:
    """Share of the answers of so many people that meets the target, dealt evenly over the ports."""
    rate, met, ports = _of_each_chain(rates, shares, ports)
    return share_met(max(math.ceil(persons / ports), 1), think_s, rate, met)


def _of_each_chain(
    rates: Mapping[int, float], shares: Mapping[int, float], ports: int
) -> tuple[list[float], list[float], int]:
    """Rates and shares by users in flight of one chain, and how many chains there are."""
    rate, met = by_each_number(rates), by_each_number(shares)
    if ports > 1 and len(rate) >= ports and rate[ports - 1] >= 0.9 * ports * rate[0]:
        rate = [rate[k * ports - 1] / ports for k in range(1, len(rate) // ports + 1)]
        met = [met[k * ports - 1] for k in range(1, len(met) // ports + 1)]
        return rate, met, ports
    return rate, met, 1
