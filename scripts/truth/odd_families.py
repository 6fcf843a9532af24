"""Odd servers of known truth: what disturbs a measurement, hides who waits, or makes a lone request slow.

odd_runs(50) yields each family so often: a run of four phases (2, 4 and 8 users over two ports, 2 on one)
and the truth of each phase. The truth is the same server without the oddity that only a lone request, or
somebody else's, feels; what the log hides changes no truth.
"""

import math
import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from scripts.truth.odd import Odd
from servers.queue_model import Policy, Port
from tests.support.farm import targets_on


def heavy(rng: random.Random) -> float:
    return math.exp(0.05 * rng.gauss(0, 1)) * (rng.uniform(2, 5) if rng.random() < 0.05 else 1.0)


def heavier(rng: random.Random) -> float:
    return math.exp(0.05 * rng.gauss(0, 1)) * (rng.uniform(2, 5) if rng.random() < 0.1 else 1.0)


def wide(rng: random.Random) -> float:
    return math.exp(0.5 * rng.gauss(0, 1))


def two_speeds(rng: random.Random) -> float:
    return math.exp(0.03 * rng.gauss(0, 1)) * (1.6 if rng.random() < 0.4 else 1.0)


PLAIN: dict[str, Callable[[random.Random], Policy]] = {
    "one lock": lambda rng: Policy(slots=1),
    "a lock per port": lambda rng: Policy(port=Port(slots=1)),
    "slots": lambda rng: Policy(port=Port(slots=rng.choice((2, 3)))),
    "time-sliced": lambda rng: Policy(compute=1.0),
    "batching": lambda rng: Policy(throughput=tuple(1 + 0.6 * i for i in range(8))),
    "contention": lambda rng: Policy(throughput=(1.0, *[rng.uniform(0.5, 0.8)] * 7)),
    "nothing shared": lambda rng: Policy(),
}
ODDITIES: dict[str, Callable[[random.Random], dict[str, Any]]] = {
    "plain": lambda rng: {},
    "heavy tails, 1 in 20": lambda rng: {"scatter": heavy},
    "heavy tails, 1 in 10": lambda rng: {"scatter": heavier},
    "lognormal, σ 0.5": lambda rng: {"scatter": wide},
    "two speeds": lambda rng: {"scatter": two_speeds},
    "a factor per round": lambda rng: {"common": 0.15},
    "prompts cached, half": lambda rng: {"cached": 0.5},
    "text before the queue": lambda rng: {"early_s": rng.uniform(0.02, 0.1)},
    "late last chunk": lambda rng: {"late_s": rng.uniform(0.4, 1.0)},
    "reasoning not shown": lambda rng: {"hidden": 20},
    "no streams": lambda rng: {"streams": False},
    "some solos disturbed": lambda rng: {"disturbed": rng.uniform(0.3, 0.7)},
    "no streams, wakes up": lambda rng: {"streams": False, "wakes_s": rng.uniform(0.5, 2.5)},
    "wakes up": lambda rng: {"wakes_s": rng.uniform(0.5, 2.5)},
}
# What nothing in the log can show: stated as such (docs/LIMITS.md), counted apart.
UNSEEN: dict[str, Callable[[random.Random], dict[str, Any]]] = {
    "somebody else's request, always": lambda rng: {"background": 1.0},
    "clock ramp": lambda rng: {"ramp": (rng.uniform(0.3, 0.7), rng.uniform(1.5, 6.0))},
}
KINDS_OF_THEIR_OWN: dict[str, Callable[[random.Random], dict[str, Any]]] = {
    "ports take turns": lambda rng: {"policy": Policy(), "turns": True},
    "static batches": lambda rng: {"policy": Policy(), "batch": rng.choice((2, 3, 4))},
    "a limit per second": lambda rng: {"policy": Policy(), "per_s": rng.choice((2.0, 4.0))},
    "unequal first tokens": lambda rng: {"policy": Policy(), "first_s": (rng.uniform(1.0, 3.0), 0.1)},
    "unequal first tokens, a lock per port": lambda rng: {
        "policy": Policy(port=Port(slots=1)),
        "first_s": (rng.uniform(0.8, 1.6), 0.1),
    },
    "a gain only from 4 users on": lambda rng: {
        "policy": Policy(throughput=(1.0, 1.1, 1.5, 1.9, 2.3, 2.7, 3.0, 3.2))
    },
    "contention with 2, a gain with 8": lambda rng: {
        "policy": Policy(throughput=(1.0, 0.7, 1.2, 1.8, 2.1, 2.3, 2.6, 2.8))
    },
}


@dataclass(frozen=True)
class Family:
    """Servers of one kind with one oddity; `unseen`: nothing in the log can show it."""

    name: str
    oddity: str
    mechanism: str
    make: Callable[[random.Random], Odd]
    unseen: bool = False


def _with(kind: Callable[[random.Random], Policy], oddity: Callable[[random.Random], dict[str, Any]]) -> Any:
    return lambda rng: Odd(policy=kind(rng), targets=targets_on(2), **oddity(rng))


def _own(kind: Callable[[random.Random], dict[str, Any]]) -> Any:
    def make(rng: random.Random) -> Odd:
        parts = kind(rng)
        first_s = parts.pop("first_s", (0.2, 0.2))
        targets = tuple(replace(t, prefill_s=first) for t, first in zip(targets_on(2), first_s, strict=True))
        return Odd(targets=targets, **parts)

    return make


def families() -> list[Family]:
    """Every kind of server with every oddity, and the odd kinds of their own."""
    found = [
        Family(f"{mechanism}, {oddity}", oddity, mechanism, _with(kind, how), oddity in UNSEEN)
        for oddity, how in {**ODDITIES, **UNSEEN}.items()
        for mechanism, kind in PLAIN.items()
    ]
    return found + [Family(name, name, name, _own(kind)) for name, kind in KINDS_OF_THEIR_OWN.items()]


def without_oddity(odd: Odd) -> Odd:
    """The server as it is for many: the truth."""
    return replace(
        odd, scatter=lambda rng: 1.0, common=0.0, background=0.0, ramp=None, wakes_s=0.0, disturbed=0.0,
        cached=0.0,
    )  # fmt: skip
