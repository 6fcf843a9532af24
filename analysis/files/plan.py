"""What was planned: phases of every kind, or the levels of a sweep. Part of the manifest."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

MOST_USERS, MOST_ROUNDS = 10_000, 1_000_000  # of a file that was read: no memory is taken for more
Users = Annotated[int, Field(ge=1, le=MOST_USERS)]
Rounds = Annotated[int, Field(ge=0, le=MOST_ROUNDS)]


@dataclass(frozen=True, slots=True)
class PlannedPhase:
    """One phase as planned: who sends to whom, how often, how far apart."""

    name: str
    users: Users
    targets: Annotated[tuple[str, ...], Field(min_length=1)]  # in the order they are dealt
    min_rounds: Rounds = 5
    max_rounds: Rounds = 5
    spacing_s: Annotated[float, Field(ge=0, allow_inf_nan=False)] = (
        0.0  # between neighbouring requests of one round
    )
    workers: Users | None = None  # requests the client keeps in flight at most; the others wait in its queue
    after: str | None = None  # runs only if all requests of the phase of this name overlapped
    pair_of: str | None = None  # the contention matrix that this pair of targets belongs to
    prompt_tokens: Annotated[int, Field(ge=1)] | None = None  # about so many; None: the target's own message
    max_tokens: Annotated[int, Field(ge=1)] | None = None  # of an answer; None: the run's

    @property
    def deal(self) -> tuple[str, ...]:
        """The target of each user, dealt round robin: the same deal in every round."""
        return tuple(self.targets[i % len(self.targets)] for i in range(self.users))


Count = Annotated[int, Field(ge=0, le=MOST_ROUNDS)]
Names = Annotated[tuple[str, ...], Field(min_length=1)]
TalkOrder = Literal["in-turn", "together"]
IN_TURN: TalkOrder = "in-turn"
TOGETHER: TalkOrder = "together"


@dataclass(frozen=True, slots=True)
class PlannedStall:
    """What a long prompt does to answers that run."""

    name: str
    targets: Names  # of the answers that run
    prompt_tokens: tuple[Count, ...] = (256, 1000, 4000)
    runners: tuple[Users, ...] = ()  # answers that run; (): one, and one less than the slots
    rounds: Rounds = 3
    newcomer: str | None = None  # the target of the long prompt; None: the same
    kind: Literal["stall"] = "stall"


@dataclass(frozen=True, slots=True)
class PlannedTalk:
    """Whether conversations keep what the server has read, alone and beside others."""

    name: str
    targets: Names
    users: tuple[Users, ...] = ()  # who talk at a time; (): two, as many as slots, one more, and doubled
    turns: Count = 4
    first_words: Count = 300
    words: Count = 25
    system_words: Count = 0
    order: tuple[TalkOrder, ...] = (IN_TURN, TOGETHER)
    strangers: Count = 0
    rounds: Rounds = 2
    kind: Literal["talk"] = "talk"


@dataclass(frozen=True, slots=True)
class PlannedRight:
    """Whether answers are as right together as alone."""

    name: str
    targets: Names
    users: tuple[Users, ...] = (2, 3, 4, 8)
    pairs: Count = 48
    churn: bool = True
    max_tokens: Count = 24  # of an answer that tells a code back
    hang_up: Annotated[float, Field(ge=0, le=1)] = 0.0  # the share of the churn's requests that is hung up on
    kind: Literal["right"] = "right"


PlannedPrompts = Annotated[PlannedStall | PlannedTalk | PlannedRight, Field(discriminator="kind")]


@dataclass(frozen=True, slots=True)
class PlannedSweep:
    """The plan `how-many`: what a user wants of an answer, and how far the sweep may go."""

    ttft_s: Annotated[float, Field(gt=0)] = 2.0
    speed: Annotated[float, Field(gt=0)] = 10.0  # tokens per second, from the first to the last
    think_s: Annotated[float, Field(gt=0)] = 30.0
    most: Users = 64
    levels: tuple[Users, ...] = ()  # these and no search
    both: bool = False  # the phases before it, in the same run
    people: Users | None = None  # so many with think time are measured after it
    each: bool = False  # a sweep of every target by itself: settings to compare


@dataclass(frozen=True, slots=True)
class Visit:
    """One stay at a number of users. Part of the manifest; instants are seconds of the run."""

    users: Users
    full_s: float  # from here on all users were in flight; what was sent before does not count
    end_s: float  # here their number changed, or the run ended: what was still open does not count
    target: str | None = None  # that alone is asked; None: all of the run
