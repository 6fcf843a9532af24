"""The levels as figures: `how_many` of report.json, the table, the pictures, the page while they grow."""

from dataclasses import asdict, dataclass
from typing import Any

from analysis.capacity.levels import Level
from analysis.capacity.result import HowMany
from analysis.capacity.settings import Setting
from analysis.statistics.estimates import Estimate, percentile

LEAST = {"p50": 1, "p90": 10, "p95": 20, "p99": 100}  # values: below it the percentile is the maximum


@dataclass(frozen=True, slots=True)
class LevelFigures:
    """One number of users."""

    users: int
    visits: int
    answers: int
    met: int
    failed: int
    refused: int
    throughput_per_min: Estimate | None
    output_tokens_per_s: Estimate | None
    speed: dict[str, float | None]  # tokens/s of one answer: p10, p50
    ttft_s: dict[str, float | None]  # p50, p90, p95, p99 where there are enough answers
    longest_gap_s: dict[str, float | None]
    seconds: float


def level_figures(found: HowMany) -> tuple[LevelFigures, ...]:
    return tuple(_of_level(found, level) for level in found.levels)


def _of_level(found: HowMany, level: Level) -> LevelFigures:
    per_min, tokens = found.answers_per_min.get(level.users), found.tokens_per_s.get(level.users)
    speeds = sorted(1 / a.tpot_s for a in level.answers if a.tpot_s is not None)
    return LevelFigures(
        users=level.users,
        visits=level.visits,
        answers=len(level.answers),
        met=level.met,
        failed=sum(a.failed for a in level.answers),
        refused=sum(a.refused for a in level.answers),
        throughput_per_min=per_min.estimate() if per_min else None,
        output_tokens_per_s=tokens.estimate() if tokens else None,
        speed={
            "p10": percentile(speeds, 0.1) if len(speeds) >= LEAST["p90"] else None,
            "p50": percentile(speeds, 0.5) if speeds else None,
        },
        ttft_s=_percentiles([a.ttft_s for a in level.answers if a.ttft_s is not None]),
        longest_gap_s=_percentiles([a.gap_s for a in level.answers if a.gap_s is not None]),
        seconds=level.seconds,
    )


def _percentiles(values: list[float]) -> dict[str, float | None]:
    return {
        name: percentile(values, int(name[1:]) / 100) if len(values) >= least else None
        for name, least in LEAST.items()
    }


def as_dict(found: HowMany) -> dict[str, Any]:
    """The contract of docs/FORMAT.md."""
    target, people = found.target, found.people
    return {
        "target": asdict(target),
        "settled": found.settled,
        "carries": found.carries,
        "shown": asdict(found.shown) if found.shown else None,
        "next": asdict(found.above) if found.above else None,
        "together": found.together,
        "together_exact": found.together_exact,
        "worth_having": asdict(found.worth) if found.worth else None,
        "why": found.why.value,
        "levels": [asdict(level) for level in level_figures(found)],
        "people": asdict(people) if people else None,
        "people_measured": asdict(found.people_measured) if found.people_measured else None,
        "drift": found.drift,
        "solo_s": found.solo_s,
    }


def settings_dict(setting: Setting) -> dict[str, Any]:
    """One of several settings: its target, where it stands, and its own sweep."""
    found = setting.found
    return {
        "target": setting.target,
        "rank": setting.rank.value,
        "how_many": as_dict(found) if found is not None else None,
    }
