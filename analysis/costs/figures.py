"""What a run's throughput costs. The formulas, with what they take for granted: docs/METHODOLOGY.md."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from analysis.assess import Assessment
from analysis.comparison.ratio import inverse, ratio
from analysis.files.run import Prices
from analysis.report.figures.phase import PhaseFigures
from analysis.report.figures.run import RunFigures
from analysis.statistics.estimates import Estimate

HOURS_A_YEAR = 8766.0
TOKENS, ANSWERS = "tokens", "answers"  # what is compared of two runs


@dataclass(frozen=True, slots=True)
class Work:
    """The most that was measured, in the servers' own time (of simulated ones too)."""

    where: str  # the phase, or the number of users of a sweep
    users: int
    answers_per_min: Estimate
    tokens_per_s: Estimate | None
    pace: float | None  # tokens/s of one answer there


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one run: what its machines cost, and what their work does."""

    prices: Prices
    machines: int
    work: Work
    per_answer_per_min: Estimate  # price of the machines for each answer a minute
    per_million_tokens: Estimate | None  # machines and energy, at work without a pause
    energy_per_million_tokens: float | None  # the part of it that is energy; None: no price of it is known
    second_machine_per_min: float | None  # computed; None: several machines were measured


@dataclass(frozen=True, slots=True)
class Fleet:
    """How many of run B's machines do the work of run A's; `by`: what was compared, TOKENS or ANSWERS."""

    by: str
    count: int
    low: int
    high: int | None  # None: unknown
    price: float
    instead_of: float


def cost_of(assessment: Assessment, figures: RunFigures, prices: Prices | None) -> Cost | None:
    """None without a price, or where nothing was measured."""
    manifest = assessment.run.manifest
    work = _work(figures, manifest.time_scale)
    if prices is None or work is None:
        return None
    machines = max(len({t.machine for t in manifest.targets}), 1)
    tokens, energy = work.tokens_per_s, energy_per_hour(prices, machines)
    hours = 1e6 / 3600  # that a million tokens take at one token/s
    return Cost(
        prices=prices,
        machines=machines,
        work=work,
        per_answer_per_min=_known(inverse(work.answers_per_min, prices.machine * machines)),
        per_million_tokens=inverse(tokens, hours * cost_per_hour(prices, machines)),
        energy_per_million_tokens=hours * energy / tokens.value if tokens and energy else None,
        second_machine_per_min=2 * work.answers_per_min.value if machines == 1 else None,
    )


def cost_per_hour(prices: Prices, machines: int) -> float:
    """The price spread over the years, and the energy."""
    spread = machines * prices.machine / (prices.years * HOURS_A_YEAR)
    return spread + (energy_per_hour(prices, machines) or 0.0)


def energy_per_hour(prices: Prices, machines: int) -> float | None:
    if prices.watts is None or prices.per_kwh is None:
        return None
    return machines * prices.watts / 1000 * prices.per_kwh


def fleet_of(a: Cost, b: Cost) -> Fleet:
    """Machines of B for the work of A's: by tokens/s where both are known, for answers differ in length."""
    by_tokens = ratio(a.work.tokens_per_s, b.work.tokens_per_s)
    found = by_tokens or _known(ratio(a.work.answers_per_min, b.work.answers_per_min))
    count = _whole(found.value)
    return Fleet(
        by=TOKENS if by_tokens else ANSWERS,
        count=count * b.machines,
        low=_whole(found.low or found.value) * b.machines,
        high=_whole(found.high) * b.machines if found.high else None,
        price=count * b.machines * b.prices.machine,
        instead_of=a.machines * a.prices.machine,
    )


def _whole(times: float) -> int:
    return max(math.ceil(times - 0.01), 1)  # a hundredth over a whole number is no machine more


def _work(figures: RunFigures, scale: float) -> Work | None:
    if figures.how_many is not None:
        return _of_sweep(figures, scale)
    found = figures.hardware.most
    per_min = inverse(found.wall_s, 60.0 * found.users * scale) if found else None
    if found is None or per_min is None:
        return None
    together = found.answer_tokens_per_s.together
    pace = together.value * scale if together else None
    return Work(found.name, found.users, per_min, _tokens(found, per_min, scale), pace)


def _tokens(p: PhaseFigures, per_min: Estimate, scale: float) -> Estimate | None:
    """With the interval of the answers: both are work over the same wall clock."""
    if not p.output_tokens_per_s:
        return None
    each = p.output_tokens_per_s * scale / per_min.value
    return _times(per_min, each)


def _of_sweep(figures: RunFigures, scale: float) -> Work | None:
    found = figures.how_many
    if found is None or not found.answers_per_min:
        return None
    users = found.worth.value if found.worth else max(found.answers_per_min)
    if users not in found.answers_per_min:
        users = max(found.answers_per_min)
    tokens = found.tokens_per_s.get(users)
    per_min = _times(found.answers_per_min[users].estimate(), scale)
    return Work(f"{users} users", users, per_min, _times(tokens.estimate(), scale) if tokens else None, None)


def _times(e: Estimate, factor: float) -> Estimate:
    low, high = (None if end is None else end * factor for end in (e.low, e.high))
    return Estimate(e.value * factor, low, high, e.n)


def _known(found: Estimate | None) -> Estimate:
    assert found is not None  # throughput is positive
    return found


def costs_json(cost: Cost | None) -> dict[str, object] | None:
    """The contract of docs/FORMAT.md."""
    return None if cost is None else asdict(cost)


def fleets(costs: Sequence[Cost]) -> list[Fleet]:
    """Each run after the first in the place of the first."""
    return [fleet_of(costs[0], b) for b in costs[1:]]
