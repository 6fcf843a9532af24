"""Odd servers judged by the thousand: runs of four phases, their truth beside what was said of each phase."""

import math
import random
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context

from analysis.assess import assess
from analysis.files.plan import PlannedPhase
from analysis.phase.overlap import round_peak_of
from analysis.thresholds import GAIN
from analysis.verdict.outcomes import Outcome
from scripts.truth.grid import BAND, Truth
from scripts.truth.odd import Odd, play, serve
from scripts.truth.odd_families import families, without_oddity
from scripts.truth.words import Criterion, share, table
from servers.queue_model import Pace, Policy
from tests.support.farm import standard_phases

RUNS_EACH, SEED = 26, 5
ROUNDS, MORE_ROUNDS, MORE_EACH = 5, 12, 8  # more rounds, and so many runs with them
SOLOS_WRONG = "some solos disturbed"  # there nothing else than `inconclusive` is right
HEADER = (
    "oddity", "runs", "run `inconclusive`", "phases", "wrong", "of these a false gain", "run wrong",
    f"`inconclusive` with {MORE_ROUNDS} rounds",
)  # fmt: skip
INTRO = """Every kind of server with every oddity, {} runs each of four phases (2, 4 and 8 users over two
ports, 2 on one), five rounds each. *Wrong*: a phase more than 5 % from the border of a gain whose verdict its
truth denies. *Unseen*: nothing in the log can show it; see [LIMITS](LIMITS.md). Last: {} runs each with so
many rounds as `rounds: {{min: 5, max: 12}}` allows."""


@dataclass(frozen=True)
class JudgedRun:
    """One run: of each phase whether its verdict is wrong, and whether it is a gain that is none."""

    oddity: str
    unseen: bool
    rounds: int
    outcome: Outcome
    wrong: tuple[bool, ...]
    false_gain: tuple[bool, ...]
    run_wrong: bool


def odd_truth(odd: Odd, plan: PlannedPhase) -> Truth:
    """Of this phase on the server without its oddity; the wall clock keeps the waking up."""
    plain, known = without_oddity(odd), {t.name: t for t in odd.targets}
    jobs = [known[name].job() for name in plan.deal]

    def served(server: Odd, wakes_s: float) -> list[tuple[float, float]]:
        waits = [wakes_s + (i / server.per_s if server.per_s else 0.0) for i in range(len(jobs))]
        late = [replace(j, overhead_s=j.overhead_s + w) for j, w in zip(jobs, waits, strict=True)]
        return [(s.first_s, s.end_s) for s in serve(server, [(0.0, j) for j in late], Pace())]

    solo_s = math.fsum(j.solo_s for j in jobs)
    alone, woken = served(plain, 0.0), served(plain, odd.wakes_s)
    undisturbed = served(Odd(policy=Policy(), targets=odd.targets), 0.0)
    ports = len({j.port for j in jobs})
    no_slots = bool(odd.turns or odd.per_s)
    slots = min(odd.policy.slots, ports * odd.policy.port.slots)
    return Truth(
        gain=solo_s / max(end for _, end in alone),
        wall_gain=(solo_s + odd.wakes_s * len(jobs)) / max(end for _, end in woken),
        gain_max=solo_s / max(end for _, end in undisturbed),
        peak=round_peak_of(alone),
        peak_max=round_peak_of(undisturbed),
        slots=math.inf if no_slots else odd.batch or slots,
    )


def judge_odd(job: tuple[str, int, int]) -> JudgedRun:
    name, number, rounds = job
    family = next(f for f in families() if f.name == name)
    rng = random.Random(f"{SEED}/{name}/{number}")
    odd = family.make(rng)
    found = assess(play(odd, standard_phases(rounds=rounds), rng))
    truths = [odd_truth(odd, j.plan) for j in found.phases]
    told = [(t, j.verdict) for t, j in zip(truths, found.phases, strict=True)]
    best, outcome = max(t.gain for t in truths), found.answer.outcome
    claims = outcome.gains and best < GAIN * (1 - BAND)
    denies = outcome.decided and not outcome.gains and best > GAIN * (1 + BAND)
    return JudgedRun(
        oddity=family.oddity,
        unseen=family.unseen,
        rounds=rounds,
        outcome=outcome,
        wrong=tuple(t.away(BAND) and t.denies(v.outcome, v.sentence) for t, v in told),
        false_gain=tuple(t.away(BAND) and v.outcome.gains and not t.gains for t, v in told),
        run_wrong=claims or denies,
    )


def judged_odd(each: int = RUNS_EACH, more: int = MORE_EACH) -> list[JudgedRun]:
    jobs = [(f.name, i, ROUNDS) for f in families() for i in range(each)]
    jobs += [(f.name, i, MORE_ROUNDS) for f in families() for i in range(more)]
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        return list(pool.map(judge_odd, jobs, chunksize=20))


def odd_criteria(runs: Sequence[JudgedRun]) -> list[Criterion]:
    usual = [r for r in runs if r.rounds == ROUNDS]
    plain = [r for r in usual if r.oddity == "plain"]
    seen = [r for r in usual if not r.unseen]
    noisy = [r for r in runs if not r.unseen and r.oddity not in ("plain", SOLOS_WRONG)]
    wrong = sum(sum(r.wrong) for r in seen)
    phases = sum(len(r.wrong) for r in seen)
    plain_wrong = sum(sum(r.wrong) + r.run_wrong for r in plain)
    undecided = sum(not r.outcome.decided for r in plain)
    return [
        ("odd servers: wrong on plain ones", "none", share(plain_wrong, len(plain)), plain_wrong == 0),
        (
            "odd servers: plain ones inconclusive",
            "2 %",
            share(undecided, len(plain)),
            undecided <= 0.02 * len(plain),
        ),
        (
            "odd servers: a phase wrong, of what can be seen",
            "0.5 %",
            share(wrong, phases),
            wrong <= 0.005 * phases,
        ),
        *(_open(noisy, rounds) for rounds in (ROUNDS, MORE_ROUNDS)),
    ]


def _open(noisy: Sequence[JudgedRun], rounds: int) -> Criterion:
    runs = [r for r in noisy if r.rounds == rounds]
    undecided = sum(not r.outcome.decided for r in runs)
    claim = f"odd servers: noisy ones inconclusive, {rounds} rounds"
    return claim, "10 %", share(undecided, len(runs)), undecided <= 0.1 * len(runs)


def odd_page(runs: Sequence[JudgedRun], each: int = RUNS_EACH, more: int = MORE_EACH) -> str:
    by_oddity: dict[str, list[JudgedRun]] = {}
    for r in runs:
        by_oddity.setdefault(r.oddity + (" (unseen)" if r.unseen else ""), []).append(r)
    rows = [_row(name, found) for name, found in by_oddity.items()]
    return "\n\n".join(["## Odd servers", INTRO.format(each, more), table(HEADER, rows)])


def _row(name: str, runs: Iterable[JudgedRun]) -> list[str]:
    everyone = list(runs)
    found = [r for r in everyone if r.rounds == ROUNDS]
    longer = [r for r in everyone if r.rounds == MORE_ROUNDS]
    counts = Counter(
        phases=sum(len(r.wrong) for r in found),
        wrong=sum(sum(r.wrong) for r in found),
        false=sum(sum(r.false_gain) for r in found),
    )
    undecided = sum(not r.outcome.decided for r in found)
    run_wrong = sum(r.run_wrong for r in found)
    numbers = (counts["phases"], counts["wrong"], counts["false"], run_wrong)
    still = share(sum(not r.outcome.decided for r in longer), len(longer))
    return [name, str(len(found)), share(undecided, len(found)), *map(str, numbers), still]
