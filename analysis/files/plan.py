"""What was planned: phases, or the levels of a sweep. Part of the manifest."""

from dataclasses import dataclass
from typing import Annotated

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

    @property
    def deal(self) -> tuple[str, ...]:
        """The target of each user, dealt round robin: the same deal in every round."""
        return tuple(self.targets[i % len(self.targets)] for i in range(self.users))


@dataclass(frozen=True, slots=True)
class PlannedSweep:
    """The plan `how-many`: what a user wants of an answer, and how far the sweep may go."""

    ttft_s: Annotated[float, Field(gt=0)] = 2.0
    speed: Annotated[float, Field(gt=0)] = 10.0  # tokens per second, from the first to the last
    think_s: Annotated[float, Field(gt=0)] = 30.0
    most: Users = 64
    levels: tuple[Users, ...] = ()  # these and no search


@dataclass(frozen=True, slots=True)
class Visit:
    """One stay at a number of users. Part of the manifest; instants are seconds of the run."""

    users: Users
    full_s: float  # from here on all users were in flight; what was sent before does not count
    end_s: float  # here their number changed, or the run ended: what was still open does not count
