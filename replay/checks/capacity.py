"""Whether a process and its machine give what a plan needs: open files and memory, before anything is taken.

A run in one process is checked here; forks share a machine; a worker says its room as it says hello.
"""

import math
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

import psutil

from analysis.errors import ScenarioError
from analysis.files.plan import PlannedPhase, PlannedPrompts, PlannedStall, PlannedSweep

OWN_FILES = 100  # of Locust, the log, the web UI and the monitor
USER_BYTES = 200_000  # a greenlet with its connection and the answer it holds
USUAL_MOST, BESIDE = 16, 2  # users of a phase about prompts that names no number; requests beside its users
REQUEST_BYTES = 4_000  # a row, in the run and once more in the analysis


@dataclass(frozen=True, slots=True)
class Room:
    """What a process may take; None where the system sets no limit that can be asked for."""

    files: int | None
    memory: int | None  # bytes


def own_room() -> Room:
    return Room(_most_open_files(), _free_bytes())


def whole_load(
    phases: Sequence[PlannedPhase], prompts: Sequence[PlannedPrompts], sweep: PlannedSweep | None
) -> list[PlannedPhase]:
    """The phases of a plan; in their form its phases about prompts and its sweep, as one round each."""
    others = [max(_numbers(plan), default=USUAL_MOST) + BESIDE for plan in prompts]
    others += [max(sweep.most, sweep.people or 0)] if sweep is not None else []
    return [*phases, *(PlannedPhase("others", users, ("all",), 1, 1) for users in others)]


def _numbers(plan: PlannedPrompts) -> tuple[int, ...]:
    return plan.runners if isinstance(plan, PlannedStall) else plan.users


def most_users(phases: Sequence[PlannedPhase]) -> int:
    return max((p.users for p in phases), default=0)


def refuse_beyond_machine(phases: Sequence[PlannedPhase], processes: int = 1) -> None:
    """Raises ScenarioError where open files or free memory do not suffice for the largest phase.

    `processes`: forks of this machine that share the users; 0: all users are on workers elsewhere.
    """
    room, users = own_room(), most_users(phases)
    requests = sum(p.max_rounds * (p.users + 1) for p in phases)
    of_files = beyond(math.ceil(users / processes) if processes else 0, 0, Room(room.files, None))
    of_memory = beyond(users if processes else 0, requests, Room(None, room.memory))
    if why := of_files or of_memory:
        raise ScenarioError(why)


def beyond(users: int, requests: int, room: Room) -> str | None:
    """Why these do not fit, with the remedy; None if they do."""
    files, memory = users + OWN_FILES, users * USER_BYTES + requests * REQUEST_BYTES
    if users and room.files is not None and files > room.files:
        return (
            f"{users} users need {files} open files, and a process may have {room.files}; "
            f"allow more with `ulimit -n {files}`, or take fewer users"
        )
    if room.memory is not None and memory > room.memory:
        return (
            f"{users} users and {requests:,} requests need about {memory / 1e9:.1f} GB of memory, and "
            f"{room.memory / 1e9:.1f} GB are free; take fewer users or rounds"
        )
    return None


def _most_open_files() -> int | None:
    with suppress(ImportError, OSError, ValueError):
        import resource  # not on Windows

        soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        return None if soft == resource.RLIM_INFINITY else soft
    return None


def _free_bytes() -> int | None:
    with suppress(Exception):  # careful: without /proc psutil raises what it likes; the run goes on
        return int(psutil.virtual_memory().available)
    return None
