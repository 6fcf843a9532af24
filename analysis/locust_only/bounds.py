"""What Locust's CSV files allow, as plain data: everything that is not exact lies between two bounds."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from analysis.files.locust_stats import Name, Snapshot, Sums
from analysis.verdict.outcomes import Outcome

ROW_S = 1.0  # Locust stamps a row of its history with the whole second: an instant is known to ±1 s


@dataclass(frozen=True, slots=True)
class Bound:
    """What surely holds: at least `low`, at most `high`."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Single:
    """A request that ended alone between two rows of the history: its latency is exact."""

    name: str
    latency_s: float
    ended_epoch_s: Bound


@dataclass(frozen=True, slots=True)
class Level:
    """The longest stretch with so many users, from its first answer on.

    `speedup`: seconds of solo time answered per second in which a request was open. Its `low` is 0 where no
    request was surely sent alone. `words` says what it means, and why it is None.
    """

    users: int
    answers: int
    failed: int
    window_s: Bound
    answers_per_s: Bound
    in_flight: Bound
    asking: Bound  # share of the users' time in which a request was open; below 1 they pause
    over_one: Bound | None  # answers per second over those of one user
    speedup: Bound | None
    first_token_s: float | None  # mean time to it, where rows tell: no request waited longer on average
    outcome: Outcome
    words: str


@dataclass(frozen=True, slots=True)
class LocustRun:
    """All that Locust's CSVs say of a run. None where they do not allow it; `missing` says why."""

    prefix: Path
    rows: Mapping[Name, Sums]  # of requests
    parts: Mapping[Name, Sums]  # rows that measure a part of a request, such as its first token
    total: Sums  # of the requests
    latency_s: Bound  # Σ
    users: int | None  # the most at any time
    makespan_s: Bound  # first send to last end
    mean_in_flight: Bound  # Σ latency / makespan
    solo_s: Mapping[str, Bound]
    levels: tuple[Level, ...]
    singles: tuple[Single, ...]
    history: tuple[Snapshot, ...]  # since the statistics began (anew)
    lag_s: float  # how old the history's counts may be: workers report every 3 s
    doubts: tuple[str, ...]  # why no level has a speedup
    missing: tuple[str, ...]
    outcome: Outcome
    answer: str
    next_steps: tuple[str, ...]
