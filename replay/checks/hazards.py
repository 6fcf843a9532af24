"""What may spoil the measurement although every target answers. Pure: from the answers to the checks."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from analysis.files.plan import PlannedPhase
from analysis.files.run import TargetInfo
from replay.checks.http_get import first_meaning
from replay.plan.budget import MOST_TOKENS
from replay.scenario.schema import RequestSettings, Target
from replay.server_kinds import SERVER_KINDS, Endpoint, Model, Server

TOKENS_PER_WORD = 2  # at most, of a prompt in a language with spaces
TEMPLATE_TOKENS = 50  # and of a chat template


@dataclass(frozen=True, slots=True)
class Hazard:
    """One thing a person should know before the run, with what to do."""

    target: str
    sentence: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Checked:
    """One target that can be measured."""

    info: TargetInfo
    endpoints: tuple[Endpoint, ...]  # the best first
    server: Server
    model: Model | None  # the one that will be asked; None if the server does not list it


def hazards_of(
    checked: Sequence[Checked],
    targets: Sequence[Target],
    phases: Sequence[PlannedPhase],
    request: RequestSettings,
) -> list[Hazard]:
    """What may spoil the measurement although every target answers, the same thing once."""
    by_name = {t.name: t for t in targets}
    found: list[Hazard] = []
    for c in checked:
        found += _of_model(c)
        found += _of_room(c, _most_users(phases, c.info.name), by_name[c.info.name], request)
        found += _of_address(c.info)
        found += [
            Hazard(c.info.name, note, "keep it in mind when reading the verdict") for note in c.server.notes
        ]
    return found + list(_of_pairs(checked))


def _of_model(c: Checked) -> Iterator[Hazard]:
    if c.model is not None and c.model.loaded is False:
        yield Hazard(
            c.info.name,
            f"model {c.model.id} is not in memory: the first warm-up answer loads it, which may take minutes",
            "load it beforehand, or wait; portlap itself loads nothing",
        )
    if c.model is not None and c.model.copies:
        yield Hazard(
            c.info.name,
            f"further copies of the model are loaded: {', '.join(c.model.copies)}",
            "unload them: they take memory, and nothing shows which copy answers",
        )


def _of_room(c: Checked, users: int, target: Target, request: RequestSettings) -> Iterator[Hazard]:
    """Slots and context against what the phases will ask at once."""
    slots, context = c.info.slots, c.model.context if c.model else None
    if slots is not None and 1 < slots < users and request.embeddings is None:
        yield Hazard(
            c.info.name,
            f"only {slots} slots for up to {users} simultaneous requests: the rest will queue "
            "(a slot limit, not a lock)",
            f"raise the slot count, or expect 'partly-parallel, {slots} slots'",
        )
    if context is None:
        return
    answer = request.max_tokens if isinstance(request.max_tokens, int) else MOST_TOKENS
    answer = 0 if request.embeddings is not None else answer
    needs = (len(target.test_message.split()) + 3) * TOKENS_PER_WORD + TEMPLATE_TOKENS + answer
    at_once = min(users, slots or users) if c.model and c.model.shared_context else 1
    if at_once * needs > context:
        each = f"{at_once} × {needs}" if at_once > 1 else str(needs)
        yield Hazard(
            c.info.name,
            f"the context holds {context} tokens, the requests may need {each}: when it is full, "
            "all of them break at once",
            "load the model with a larger context, or set request.max_tokens lower",
        )


def _most_users(phases: Sequence[PlannedPhase], target: str) -> int:
    return max((p.deal.count(target) for p in phases), default=0)


def _of_address(info: TargetInfo) -> Iterator[Hazard]:
    parts = urlsplit(info.base_url)
    if parts.hostname != "localhost":
        return
    first = first_meaning("localhost", parts.port or 80)
    if first is not None and not first[1]:
        yield Hazard(
            info.name,
            f"localhost means {first[0]} first, where nothing listens: each connect fails once first",
            f"write 127.0.0.1: {info.base_url.replace('localhost', '127.0.0.1')}",
        )


def _of_pairs(checked: Sequence[Checked]) -> Iterator[Hazard]:
    """What two targets have to do with each other; many ports of one program are one sentence."""
    programs: dict[str, tuple[str, list[str]]] = {}  # by first port: why, and the names of the others
    for i, b in enumerate(checked):
        for a in checked[:i]:
            if a.info.base_url == b.info.base_url:
                yield from _two_models(a, b)
            elif (why := same_program(a, b)) is not None:
                programs.setdefault(a.info.name, (why, []))[1].append(b.info.name)
                break
    for first, (why, others) in programs.items():
        many = len(others) > 1
        yield Hazard(
            first if many else others[0],
            f"{len(others)} more targets ({others[0]} … {others[-1]}) seem to be the same program: {why}"
            if many
            else f"it seems to be the same program as {first}: {why}",
            "two ports of one program are one server: start a second program, or measure one port",
        )


def _two_models(a: Checked, b: Checked) -> Iterator[Hazard]:
    missing = [c.model.id for c in (a, b) if c.model is not None and c.model.loaded is False]
    keeps_by = SERVER_KINDS[a.info.kind].keeps_models_by
    if missing and keeps_by:
        yield Hazard(
            b.info.name,
            f"{' and '.join(missing)} not in memory beside the other model of this server: loading on demand "
            "may push one out for the other at every turn (a model swap, not a lock)",
            f"load both before the run, and keep both in memory ({keeps_by})",
        )


def same_program(a: Checked, b: Checked) -> str | None:
    """Why two ports are surely or probably one server; None if nothing says so."""
    if a.info.pid is not None and a.info.pid == b.info.pid:
        return f"process {a.info.pid} listens on both ports"
    if a.server.identity is not None and a.server.identity == b.server.identity:
        return "both show the same inner state"
    here = {urlsplit(c.info.base_url).hostname for c in (a, b)}
    only = a.server.one_per_host
    if only and only == b.server.one_per_host and len(here) == 1 and a.server.models == b.server.models:
        return f"one {only} has one server, and both list the same models in the same state"
    return None
