"""How often the 95 % interval of G holds the truth where single answers take far longer than others.

A server that answers one at a time, and one that answers all together; a solo in every gap, two targets, five
rounds. The truth is of typical times, as G has it: means of logarithms over many rounds.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.statistics.fit import Timed, fit_speedup
from scripts.truth.words import Criterion, table

ROUNDS, SOLO_S = 5, (2.0, 2.8)
PHASES, MANY = 1500, 60_000
USERS = (2, 4, 8)
AIM = (93.0, 97.0)
SLOW = 1.8  # times as long: rarer slow requests of these tails are slower
Draw = Callable[[np.random.Generator, int], NDArray[np.float64]]


def lognormal(sigma: float) -> Draw:
    return lambda rng, n: np.exp(sigma * rng.normal(size=n))


def tail(share: float, sigma: float = 0.05) -> Draw:
    """So many of the requests take 2 to 5 times as long."""
    return lambda rng, n: (
        np.exp(sigma * rng.normal(size=n)) * np.where(rng.random(n) < share, rng.uniform(2, 5, n), 1.0)
    )


def two_speeds(share: float, factor: float) -> Draw:
    return lambda rng, n: np.exp(0.03 * rng.normal(size=n)) * np.where(rng.random(n) < share, factor, 1.0)


SCATTER: dict[str, Draw] = {
    "lognormal, σ 0.05": lognormal(0.05),
    "lognormal, σ 0.3": lognormal(0.3),
    "lognormal, σ 0.5": lognormal(0.5),
    "one request in twenty takes 2 to 5 times as long": tail(0.05),
    "one in ten": tail(0.1),
    "one in seven": tail(1 / 7),
    "two speeds, 4 in 10 are 1.6 times as slow": two_speeds(0.4, 1.6),
    "two speeds, half are twice as slow": two_speeds(0.5, 2.0),
}
RARE = ("one request in twenty takes 2 to 5 times as long", "one in ten", "one in seven")
NOISE = 100 * 3 * math.sqrt(0.95 * 0.05 / PHASES)  # of a coverage that is measured in so many phases
INTRO = """How often the 95 % interval of G holds the true G: {} phases each, five rounds and six solos over
two targets. In brackets how often it ends below the truth; × is its upper over its lower end (median).
*Unseen*: no request of the phase was one of the rare slow ones: it reads like one of a quiet machine."""
SERVERS: dict[str, Callable[[NDArray[np.float64]], NDArray[np.float64]]] = {
    "one at a time": lambda each: each.sum(axis=-1),
    "all together": lambda each: each.max(axis=-1),
}


@dataclass(frozen=True)
class Coverage:
    """Of so many phases: whose interval held the truth, and how far its ends lie apart, as a median."""

    scatter: str
    server: str
    users: int
    held: float  # per cent
    too_low: float  # per cent whose interval ends below the truth
    width: float  # upper over lower end
    unseen: float  # per cent in which no request took twice as long
    held_seen: float  # per cent of the others whose interval held it


def coverage(scatter: str, server: str, users: int, phases: int = PHASES) -> Coverage:
    """Seeded by its own name: the same for every order of the cases."""
    rng = np.random.default_rng(list(f"{scatter}/{server}/{users}".encode()))
    draw, wall = SCATTER[scatter], SERVERS[server]
    deal = [i % len(SOLO_S) for i in range(users)]
    nominal_s = np.array([SOLO_S[t] for t in deal])
    true = _true(rng, draw, wall, nominal_s)
    found = [_interval(rng, draw, wall, nominal_s, deal) for _ in range(phases)]
    held = [low <= true <= high for low, high, _ in found]
    below = sum(high < true for _, high, _ in found)
    width = float(np.median([high / low for low, high, _ in found]))
    seen = [h for h, (_, _, slow) in zip(held, found, strict=True) if slow]
    return Coverage(
        scatter, server, users, 100 * sum(held) / phases, 100 * below / phases, width,
        unseen=100 * (1 - len(seen) / phases), held_seen=100 * sum(seen) / max(len(seen), 1),
    )  # fmt: skip


def _true(
    rng: np.random.Generator,
    draw: Draw,
    wall: Callable[[NDArray[np.float64]], NDArray[np.float64]],
    nominal_s: NDArray[np.float64],
) -> float:
    slower = float(np.exp(np.log(draw(rng, MANY)).mean()))
    walls = wall(nominal_s * draw(rng, MANY * len(nominal_s)).reshape(MANY, -1))
    return float(nominal_s.sum()) * slower / float(np.exp(np.log(walls).mean()))


def _interval(
    rng: np.random.Generator,
    draw: Draw,
    wall: Callable[[NDArray[np.float64]], NDArray[np.float64]],
    nominal_s: NDArray[np.float64],
    deal: Sequence[int],
) -> tuple[float, float, bool]:
    """Of one phase: solo, round, solo, …, solo; and whether some request took twice as long."""
    slow_alone, slow = draw(rng, ROUNDS + 1), draw(rng, ROUNDS * len(nominal_s))
    alone_s = np.array([SOLO_S[i % len(SOLO_S)] for i in range(ROUNDS + 1)]) * slow_alone
    walls_s = wall(nominal_s * slow.reshape(ROUNDS, -1))
    solos, rounds, now_s = list[Timed](), list[Timed](), 0.0
    for i in range(ROUNDS + 1):
        solos.append(Timed(str(i % len(SOLO_S)), now_s + alone_s[i] / 2, float(alone_s[i])))
        now_s += alone_s[i]
        if i < ROUNDS:
            rounds.append(Timed(None, now_s + walls_s[i] / 2, float(walls_s[i])))
            now_s += walls_s[i]
    fit = fit_speedup(solos, rounds, lambda solo_s: math.fsum(solo_s[str(t)] for t in deal))
    assert fit is not None
    return fit.speedup.low(), fit.speedup.high(), bool(max(slow_alone.max(), slow.max()) > SLOW)


def coverages(phases: int = PHASES) -> list[Coverage]:
    return [coverage(s, kind, n, phases) for s in SCATTER for kind in SERVERS for n in USERS]


def coverage_criteria(found: Sequence[Coverage]) -> list[Criterion]:
    steady = [c for c in found if c.scatter not in RARE]
    least, most = min(c.held for c in steady), max(c.held for c in steady)
    holds = AIM[0] - NOISE <= least and most <= AIM[1] + NOISE
    claim = "95 % interval of G under lognormal scatter and two speeds"
    return [(claim, "93 to 97 %", f"{least:.1f} to {most:.1f} %", holds)]


def coverage_page(found: Sequence[Coverage], phases: int = PHASES) -> str:
    header = ("a request's scatter", "server", *(f"{n} users" for n in USERS))
    by_case = {(c.scatter, c.server, c.users): c for c in found}
    rows = [
        [scatter, server, *(_cell(by_case[scatter, server, n]) for n in USERS)]
        for scatter in SCATTER
        for server in SERVERS
    ]
    return "\n\n".join(["## Heavy tails", INTRO.format(phases), table(header, rows)])


def _cell(c: Coverage) -> str:
    seen = f"; {c.unseen:.0f} % unseen, of the others {c.held_seen:.1f} %" if c.scatter in RARE else ""
    return f"{c.held:.1f} % ({c.too_low:.1f} %), ×{c.width:.2f}{seen}"


if __name__ == "__main__":
    print(coverage_page(coverages()))
