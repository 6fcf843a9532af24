"""Random farms of known truth: what each one is, its right verdict, and the verdict it got.

The truth is the same farm without scatter, drift and overhead, served by `servers.queue_model`; the verdict
comes from the log of a noisy run. Both share no code but the types.
"""

import math
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

from analysis.assess import assess
from analysis.report.figures.phase import naive_speedup
from analysis.thresholds import FULL_SHARE, GAIN, LOSS
from analysis.verdict.outcomes import Outcome
from analysis.verdict.phase_judged import PhaseJudged
from servers.queue_model import Job, Policy, Port, Request, simulate
from tests.support.farm import farm, phase, targets_on
from tests.support.farm_log import FarmTarget

SOLO_S = 2.0
TOKENS = 9
BAND = 0.05  # of GAIN: within it even the truth is a border
CLEAR = 0.10  # of GAIN: beyond it five rounds with 5 % scatter should decide
BORDER = 0.05  # of a border between degrees: the weaker claim counts as right too
SEED_BORDER = 1.5  # the seed's rule: "> 1.5x = PARALLEL CONFIRMED"
HELD = 0.1  # of the median decode: streams that only brush each other are not open together

MECHANISMS: dict[str, Callable[[random.Random, int], Policy]] = {
    "one lock": lambda rng, n: Policy(slots=1),
    "a lock per port": lambda rng, n: Policy(port=Port(slots=1)),
    "slots": lambda rng, n: Policy(port=Port(slots=rng.choice((2, 3, 4)))),
    "slots that share compute": lambda rng, n: Policy(
        compute=rng.uniform(1.0, 3.0), port=Port(slots=rng.choice((2, 3, 4)))
    ),
    "compute of one": lambda rng, n: Policy(compute=1.0),
    "batching": lambda rng, n: Policy(throughput=_curve(rng.uniform(1.0, n), n)),
    "batching, hardly any gain": lambda rng, n: Policy(throughput=_curve(rng.uniform(1.0, 1.3), n)),
    "contention": lambda rng, n: Policy(throughput=_curve(rng.uniform(0.3, 1.0), n)),
    "prefill one at a time": lambda rng, n: Policy(port=Port(prefills=1)),
    "ports that disturb each other": lambda rng, n: Policy(
        port=Port(slots=1), ports_throughput=_curve(rng.uniform(0.5, 2.0), 2)
    ),
    "nothing shared": lambda rng, n: Policy(),
}


def _curve(worth: float, n: int) -> tuple[float, ...]:
    """Total throughput of 1 … n streams, evenly from 1 to `worth`."""
    return tuple(1.0 + (worth - 1.0) * i / max(n - 1, 1) for i in range(n))


@dataclass(frozen=True)
class Case:
    """One farm, and one phase of five rounds on it."""

    mechanism: str
    policy: Policy
    users: int
    ports: int
    jitter: float  # standard deviation of the logarithm of each request's solo time
    common: float  # of a factor that all requests of a round share
    overhead: float  # share of a solo that needs no compute
    speed: float  # of the first port; the others have 1
    drift_per_min: float
    prefill: float  # share of the compute of a solo
    seed: int

    @property
    def targets(self) -> tuple[FarmTarget, ...]:
        compute_s = SOLO_S * (1 - self.overhead)
        return targets_on(
            self.ports,
            speeds=[self.speed],
            prefill_s=compute_s * self.prefill,
            tpot_s=compute_s * (1 - self.prefill) / (TOKENS - 1),
            tokens=TOKENS,
            overhead_s=SOLO_S * self.overhead,
        )


def cases(number: int, seed: int = 1) -> Iterator[Case]:
    """So many farms at random, each kind equally often."""
    rng = random.Random(seed)
    for i in range(number):
        mechanism = list(MECHANISMS)[i % len(MECHANISMS)]
        users = rng.choice((2, 3, 4, 6, 8))
        ports = rng.choice([p for p in (1, 2, 4) if p <= users])
        if mechanism == "ports that disturb each other":
            ports = 2
        yield Case(
            mechanism=mechanism,
            policy=MECHANISMS[mechanism](rng, users),
            users=users,
            ports=ports,
            jitter=rng.choice((0.0, 0.02, 0.05, 0.05, 0.1, 0.2)),
            common=rng.choice((0.0, 0.0, 0.03)),
            overhead=rng.choice((0.0, 0.0, 0.05, 0.15, 0.3)),
            speed=rng.choice((1.0, 1.0, 1.2, 1.4)) if ports > 1 else 1.0,
            drift_per_min=rng.choice((0.0, 0.0, 0.05, -0.05, 0.15)),
            prefill=rng.choice((0.05, 0.1, 0.3)),
            seed=rng.randrange(2**31),
        )


@dataclass(frozen=True)
class Truth:
    """Without scatter and drift; all but `wall_gain` of the compute alone."""

    gain: float  # G
    wall_gain: float  # G with the overhead, which rounds overlap
    gain_max: float  # Gmax
    peak: int  # K
    peak_max: int  # N*
    slots: float  # requests that the farm works on at once, however many are sent

    @property
    def gains(self) -> bool:
        return self.gain > GAIN

    def away(self, share: float) -> bool:
        """True if G is farther from the border of a gain than this share of it."""
        return abs(self.gain / GAIN - 1) > share

    @property
    def right(self) -> set[str]:
        """The verdicts that are true; near a border between degrees also the weaker claim."""
        if self.peak == 1:
            return {Outcome.SERIAL}
        if not self.gains:
            contends = {Outcome.CONTENTION} if self.wall_gain < LOSS * (1 + BORDER) else set()
            return contends | ({Outcome.SLICED} if self.wall_gain > LOSS * (1 - BORDER) else set())
        if self.peak < self.peak_max:
            return {Outcome.PARTLY}
        full = self.wall_gain > FULL_SHARE * (1 - BORDER) * self.gain_max
        return {Outcome.PARALLEL, Outcome.FULLY} if full else {Outcome.PARALLEL}

    def denies(self, verdict: Outcome, sentence: str) -> bool:
        """True if the verdict is wrong. What it leaves open in words is no claim."""
        if verdict == Outcome.PARTLY and "or only start later" in sentence:  # at least so many slots
            return not self.gains or self.peak == 1
        if verdict == Outcome.SLICED and "or hinder each other" in sentence:
            return self.gains or self.peak == 1
        return verdict not in self.right | {Outcome.INCONCLUSIVE}


def truth_of(case: Case) -> Truth:
    asked = [case.targets[i % case.ports].job() for i in range(case.users)]
    jobs = [replace(job, overhead_s=0.0) for job in asked]
    served, undisturbed = _together(case.policy, jobs), _together(Policy(), jobs)
    serial_s = math.fsum(job.solo_s for job in jobs)
    return Truth(
        gain=serial_s / _makespan_s(served),
        wall_gain=math.fsum(job.solo_s for job in asked) / _makespan_s(_together(case.policy, asked)),
        gain_max=serial_s / _makespan_s(undisturbed),
        peak=_peak(served),
        peak_max=_peak(undisturbed),
        slots=min(case.policy.slots, case.ports * case.policy.port.slots),
    )


def _together(policy: Policy, jobs: list[Job]) -> list[Request]:
    return simulate(policy, [(0.0, job) for job in jobs])


def _makespan_s(served: list[Request]) -> float:
    return max(r.end_s or 0.0 for r in served)


def _peak(served: list[Request]) -> int:
    """Most decodes open together for a tenth of the median one."""
    decodes = [(r.token_s[0], r.token_s[-1]) for r in served]
    instants = sorted({t for decode in decodes for t in decode})
    held_s = HELD * sorted(end - start for start, end in decodes)[len(decodes) // 2]
    for depth in range(len(decodes), 0, -1):
        deep_s = sum(
            b - a for a, b in pairwise(instants) if sum(start <= a < end for start, end in decodes) >= depth
        )
        if deep_s >= held_s - 1e-9:
            return depth
    return 0


@dataclass(frozen=True)
class JudgedFarm:
    """One farm, the truth, and what portlap and the naive speedup make of it."""

    case: Case
    truth: Truth
    judged: PhaseJudged

    @property
    def verdict(self) -> Outcome:
        return self.judged.verdict.outcome

    @property
    def wrong(self) -> bool:
        return self.truth.denies(self.verdict, self.judged.verdict.sentence)

    @property
    def false_gain(self) -> bool:
        return self.verdict.gains and not self.truth.gains

    @property
    def slots_wrong(self) -> bool:
        """Stated as exact and wrong, or as a least number and more than there are."""
        streams = self.judged.measured.total
        if streams.streams is None or self.verdict == Outcome.INCONCLUSIVE:
            return False
        return streams.streams != self.truth.slots if streams.exact else streams.streams > self.truth.slots

    @property
    def seed_says_parallel(self) -> bool:
        return (naive_speedup(self.judged.measured.scored) or 0.0) > SEED_BORDER

    @property
    def seed_wrong(self) -> bool:
        return self.seed_says_parallel != self.truth.gains


def judge(case: Case) -> JudgedFarm:
    """Runs it and has it judged."""
    run = farm(
        case.policy,
        [phase(case.users, case.ports)],
        targets=case.targets,
        jitter=case.jitter,
        common=case.common,
        drift_per_min=case.drift_per_min,
        seed=case.seed,
    )
    return JudgedFarm(case, truth_of(case), assess(run).phases[0])
