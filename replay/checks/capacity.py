"""Whether a process and its machine give what a plan needs: open files and memory, before anything is taken.

A run in one process is checked here; forks share a machine; a worker says its room as it says hello. Models
that will hardly fit into memory are warned of and never refused: their servers know better.
"""

import math
import re
import shlex
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from analysis.errors import ScenarioError
from analysis.files.plan import PlannedPhase, PlannedPrompts, PlannedStall, PlannedSweep
from replay.checks.hazards import Checked, Hazard
from replay.checks.local_ports import on_this_machine
from replay.client.server_words import one_line
from replay.monitor.gpus import gpus_look
from replay.scenario.schema import OwnServer

OWN_FILES = 100  # of Locust, the log, the web UI and the monitor
USER_BYTES = 200_000  # a greenlet with its connection and the answer it holds
USUAL_MOST, BESIDE = 16, 2  # users of a phase about prompts that names no number; requests beside its users
REQUEST_BYTES = 4_000  # a row, in the run and once more in the analysis
OWN_CARD_MB = 4_000  # of memory; a smaller one takes what it needs from the machine's
NO_MODEL = 10**15  # bytes: a server that says so errs
PART = re.compile(r"-\d{5}-of-\d{5}\.gguf$")  # of a model in several files


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


@dataclass(frozen=True, slots=True)
class Memory:
    """Free for models, bytes; None where the system does not show it, or no card has memory of its own."""

    machine: int | None
    cards: int | None = None


@dataclass(frozen=True, slots=True)
class ToLoad:
    """A model that the run will bring into memory."""

    target: str  # for whom
    name: str
    size: int  # bytes, without what its requests need beside it


def free_memory() -> Memory:
    look = gpus_look()
    cards = [g for g in (look() if look else []) if g.used_mb is not None and (g.total_mb or 0) > OWN_CARD_MB]
    free = sum(int(((g.total_mb or 0) - (g.used_mb or 0)) * 1e6) for g in cards)
    return Memory(_free_bytes(), free if cards else None)


def memory_hazards(checked: Sequence[Checked], memory: Memory) -> list[Hazard]:
    """A warning if the models that answers will load hardly fit beside what is in memory already.

    A model of unknown size, one elsewhere and one that is loaded need nothing more. What a server holds that
    nobody asks for may make room.
    """
    here = [c for c in checked if on_this_machine(c.info.base_url)]
    asked = {(c.info.base_url, c.info.model): c for c in reversed(here)}  # the first of those alike
    needed = [
        ToLoad(c.info.name, c.model.id, c.model.size or 0)
        for c in sorted(asked.values(), key=here.index)
        if c.model is not None and c.model.loaded is False and 0 < (c.model.size or 0) < NO_MODEL
    ]
    servers = {c.info.base_url: c.server for c in here}
    idle = sum(
        m.size or 0 for url, s in servers.items() for m in s.models if m.loaded and (url, m.id) not in asked
    )
    sentence = beyond_memory(needed, memory, idle)
    return [] if sentence is None else [Hazard(needed[-1].target, sentence, FEWER_MODELS)]


FEWER_MODELS = "take smaller models, or fewer of them at once; else they push each other out, or swap to disk"


def beyond_memory(needed: Sequence[ToLoad], memory: Memory, idle: int = 0) -> str | None:
    """Why these models hardly fit together; None if they do, or nothing is known. `idle`: may make room."""
    size, cards, machine = sum(n.size for n in needed), memory.cards, memory.machine
    if not needed or machine is None:
        return None
    each = ", ".join(f"{one_line(n.name)} {n.size / 1e9:.1f}" for n in needed)
    needs = f"the models to be loaded need {size / 1e9:.1f} GB ({each}) and more for their caches"
    if size > machine + (cards or 0) + idle:
        on_cards = f" and {cards / 1e9:.1f} GB on graphics processors" if cards is not None else ""
        return f"{needs}, and {machine / 1e9:.1f} GB of memory{on_cards} are free"
    if cards is not None and size > cards + idle:
        return (
            f"{needs}, and {cards / 1e9:.1f} GB are free on graphics processors: a part may run on the "
            "processor, or fail to load"
        )
    return None


def own_hazard(servers: Sequence[OwnServer], memory: Memory) -> str | None:
    """The same of the GGUF files that servers of a scenario will load, as far as their sizes show.

    Without cards a file that several load is in memory once: llama.cpp maps it.
    """
    files = [(f"servers[{i}]", path) for i, server in enumerate(servers) for path in _files(server)]
    if memory.cards is None:
        files = list({path: (target, path) for target, path in reversed(files)}.values())[::-1]
    needed = [ToLoad(target, path.name, size) for target, path in files if (size := _size_of(path))]
    why = beyond_memory(needed, memory)
    return None if why is None else f"{why}; {FEWER_MODELS}"


def _files(server: OwnServer) -> Iterator[Path]:
    words: Iterable[str] = [server.model] if server.model else []
    if server.kind == "command" and server.command:
        with suppress(ValueError):  # an open quotation mark: the start will say so
            words = [*words, *shlex.split(server.command)]
    for word in words:
        if word.endswith(".gguf"):
            yield Path(word).expanduser().absolute()


def _size_of(path: Path) -> int | None:
    """Of a model in several files all of them; None if there is none."""
    with suppress(OSError, RuntimeError):
        stem = PART.sub("", path.name)
        parts = [path] if stem == path.name else [p for p in path.parent.iterdir() if _is_part(p, stem)]
        return sum(p.stat().st_size for p in parts) or None
    return None


def _is_part(path: Path, stem: str) -> bool:
    return PART.sub("", path.name) == stem != path.name
