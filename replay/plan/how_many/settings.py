"""What the user may set: the scenario's `how_many`, and the options that overrule it."""

from argparse import Namespace
from typing import Annotated, Any, Final

from pydantic import Field, ValidationError, field_validator

from analysis.errors import ScenarioError
from analysis.files.plan import PlannedSweep
from replay.scenario.limits import USERS, Frozen, Number, Whole

BUDGET_S: Final = 180.0  # where neither the scenario nor an option has another
PHASES_S: Final = 150.0  # the same, for the phases before it
CYCLES: Final = 10  # of thinking and an answer, for the people who are measured
LEVELS: Final = 32  # given by the user, at most

HOW_MANY_HELP = (
    "how many users does the server carry? Finds the number, what ends it, how many are worth having and how "
    "many people that is: the same as --plan how-many"
)
LEVELS_HELP = "with --how-many: these numbers of users and no search, as 1,2,4,8"
MOST_HELP = "with --how-many: no more users than this (default 64)"
TTFT_HELP = "with --how-many: seconds within which a user wants the first token (default 2)"
SPEED_HELP = "with --how-many: tokens per second that a user wants from then on (default 10)"
BOTH_HELP = "with --how-many: the phases first, then the sweep; each checks the other"
PEOPLE_HELP = (
    "with --how-many: so many people with think time are measured after it, for ten rounds of thinking (six "
    "minutes); that can refute the computed number of people, never show it"
)
THINK_HELP = "with --how-many: seconds that a person thinks between two requests (default 30)"


class HowManySettings(Frozen):
    """What a user wants of an answer, and how far the sweep may go."""

    ttft_s: Annotated[Number, Field(gt=0, le=3600)] = 2
    speed: Annotated[Number, Field(gt=0, le=1e6)] = 10
    think_s: Annotated[Number, Field(gt=0, le=86400)] = 30
    most: Annotated[Whole, Field(ge=1, le=USERS)] = 64
    levels: Annotated[tuple[Whole, ...], Field(max_length=LEVELS)] | None = None
    both: bool = False
    people: Annotated[Whole, Field(ge=1, le=USERS)] | None = None
    each: bool = False

    @field_validator("levels")
    @classmethod
    def _are_users(cls, levels: tuple[int, ...] | None) -> tuple[int, ...] | None:
        if levels is not None and not all(1 <= users <= USERS for users in levels):
            raise ValueError(f"must be numbers of users from 1 to {USERS:,}, as in [1, 2, 4, 8]")
        return levels


def add_options(parser: Any) -> None:
    """The options of the plan how-many."""
    add = parser.add_argument
    add("--how-many", action="store_true", help=HOW_MANY_HELP)
    add("--levels", metavar="N,N,…", help=LEVELS_HELP)
    add("--most", type=int, metavar="USERS", help=MOST_HELP)
    add("--ttft", type=float, metavar="SECONDS", help=TTFT_HELP)
    add("--speed", type=float, metavar="TOKENS", help=SPEED_HELP)
    add("--both", action="store_true", help=BOTH_HELP)
    add("--people", type=int, metavar="N", help=PEOPLE_HELP)
    add("--think", type=float, metavar="SECONDS", help=THINK_HELP)


def sweep_of(settings: HowManySettings, options: Namespace, time_scale: float) -> PlannedSweep:
    """The sweep as planned, in seconds of this host. Raises ScenarioError."""
    given = {
        "ttft_s": options.ttft,
        "speed": options.speed,
        "think_s": options.think,
        "most": options.most,
        "levels": _numbers(options.levels),
        "both": options.both or None,
        "people": options.people,
    }
    written = settings.model_dump() | {key: value for key, value in given.items() if value is not None}
    try:
        known = HowManySettings.model_validate(written)
    except ValidationError as error:
        first = error.errors()[0]
        key = str(first["loc"][0]).removesuffix("_s").replace("_", "-")
        raise ScenarioError(f"--{key}: {first['msg'].removeprefix('Value error, ')}") from None
    levels = tuple(sorted(set(known.levels or ())))
    return PlannedSweep(
        ttft_s=known.ttft_s * time_scale,
        speed=known.speed / time_scale,
        think_s=known.think_s * time_scale,
        most=max(levels, default=known.most),
        levels=levels,
        both=known.both,
        people=known.people,
        each=known.each,
    )


def usual_budget_s(sweep: PlannedSweep, settings: int) -> float:
    """For a sweep of each setting, the phases before it and the people after it."""
    people_s = people_cost_s(sweep, 2.0) if sweep.people else 0.0
    return BUDGET_S * (settings if sweep.each else 1) + (PHASES_S if sweep.both else 0.0) + people_s


def people_cost_s(sweep: PlannedSweep, answer_s: float) -> float:
    """How long the people are measured, with answers of so many seconds."""
    return CYCLES * (sweep.think_s + answer_s)


def _numbers(text: str | None) -> tuple[int, ...] | None:
    if text is None:
        return None
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise ScenarioError(f"--levels {text}: write numbers of users with commas, as 1,2,4,8") from None


def described(sweep: PlannedSweep, budget_s: float) -> list[str]:
    """The sweep in lines for people, before anything is sent."""
    levels = ", ".join(map(str, sweep.levels))
    users = (
        f"{levels} users"
        if levels
        else f"1 user, then more as long as they are carried, at most {sweep.most}"
    )
    limit = f"{budget_s:.0f} s" if budget_s else "no limit"
    return [
        f"how many: {users}; each asks again as soon as it is answered",
        f"wanted of nine answers in ten: the first token within {sweep.ttft_s:g} s, "
        f"then {sweep.speed:g} tokens/s",
        f"at most {sweep.most} requests at once, {limit} in all (--budget)",
    ]
