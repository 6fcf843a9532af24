"""Clocks that ramp up with each request: how often they make a gain of none."""

import random
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context

from analysis.assess import assess
from scripts.truth.odd import Odd, play
from scripts.truth.words import table
from servers.queue_model import Policy
from tests.support.farm import standard_phases, targets_on

RUNS = 60
STARTS_AT = (0.3, 0.7)  # of the full speed
RAMPS = {"0.5 to 1.5 s": (0.5, 1.5), "1.5 to 6 s": (1.5, 6.0), "6 to 20 s": (6.0, 20.0)}
SERVERS = {
    "one lock": Policy(slots=1),
    "time-sliced": Policy(compute=1.0),
    "batching, gain 1.05 to 1.1": Policy(throughput=(1.0, 1.05, 1.08, 1.1)),
}
INTRO = """A server without a gain (at most 1.1) whose clock falls to 0.3 to 0.7 of its speed whenever it
idles, and rises evenly with each request over the time given: {} runs of four phases each (2, 4 and 8 users,
and one port), answers of 2 s alone at full speed. An answer alone is slower than one of a round, and
nothing in the log shows why."""


@dataclass(frozen=True)
class Ramped:
    """One run: what was said of it and of its phases."""

    server: str
    ramp: str
    gains: bool
    decided: bool
    phases: tuple[tuple[int, bool], ...]  # users, and whether a gain was said


def ramped(job: tuple[str, str, int]) -> Ramped:
    server, ramp, number = job
    rng = random.Random(f"{server}/{ramp}/{number}")
    pace = (rng.uniform(*STARTS_AT), rng.uniform(*RAMPS[ramp]))
    odd = Odd(policy=SERVERS[server], targets=targets_on(2), ramp=pace)
    found = assess(play(odd, standard_phases(), rng))
    outcome = found.answer.outcome
    phases = tuple((j.plan.users, j.outcome.gains) for j in found.phases)
    return Ramped(server, ramp, outcome.gains, outcome.decided, phases)


def judged_ramps(runs: int = RUNS) -> list[Ramped]:
    jobs = [(server, ramp, i) for server in SERVERS for ramp in RAMPS for i in range(runs)]
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        return list(pool.map(ramped, jobs, chunksize=20))


def ramps_page(found: Sequence[Ramped], runs: int = RUNS) -> str:
    users = (2, 4, 8)
    header = ("server", "ramp", "gain said of the run", "`inconclusive`", *(f"of {n} users" for n in users))
    rows = []
    for server in SERVERS:
        for ramp in RAMPS:
            of = [r for r in found if (r.server, r.ramp) == (server, ramp)]
            said = Counter(n for r in of for n, gains in r.phases if gains)
            sent = Counter(n for r in of for n, _ in r.phases)
            counts = [f"{sum(r.gains for r in of)} of {len(of)}", str(sum(not r.decided for r in of))]
            rows.append([server, ramp, *counts, *(f"{said[n]} of {sent[n]}" for n in users)])
    return "\n\n".join(["## Clocks that ramp up", INTRO.format(runs), table(header, rows)])


if __name__ == "__main__":
    print(ramps_page(judged_ramps()))
