"""The phases of a run in their order: what a phase of the scenario grows to, its pairs; the usual phases."""

from collections.abc import Collection, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

from pydantic import TypeAdapter

from analysis.files.plan import PlannedPhase, PlannedPrompts
from replay.scenario.schema import Phase, Scenario, Target

PROMPTS: Final[TypeAdapter[PlannedPrompts]] = TypeAdapter(PlannedPrompts)
PHASE_USERS: Final = {"phase1": 2, "phase2": 4, "phase3": 8}
USUAL_ROUNDS: Final = 5
CONTROL_USERS: Final = 8  # the control grows to so many while all of them overlap
MOST_PAIRS: Final = 12  # of a contention matrix: each takes ten solo times with three rounds


def planned_phases(scenario: Scenario, names: Collection[str] | None = None) -> tuple[PlannedPhase, ...]:
    """The phases in order; with `names` for these targets only, and none without a target.

    A matrix becomes its pairs. What a phase may grow to comes last: it has what the budget leaves over.
    """
    everyone = tuple(t.name for t in scenario.targets)
    planned: list[PlannedPhase] = []
    grown: list[PlannedPhase] = []
    for phase in scenario.bursts:
        dealt = phase.targets or everyone
        kept = tuple(name for name in dealt if names is None or name in names)
        if phase.kind == "matrix":
            planned += [
                _planned(phase, f"{phase.name} {a} + {b}", (a, b), pair_of=phase.name)
                for a, b in pairs([t for t in scenario.targets if t.name in kept])
            ]
        elif kept:
            planned.append(_planned(phase, phase.name, kept))
            before = phase.name
            for users in sizes_grown(phase):
                grown.append(_planned(phase, f"{phase.name}-{users}", kept, users=users, after=before))
                before = grown[-1].name
    return tuple(planned + grown)


def planned_prompts(scenario: Scenario, names: Collection[str] | None = None) -> tuple[PlannedPrompts, ...]:
    """The phases of the kinds stall, talk and right, for these targets only; none without a target."""
    everyone = tuple(t.name for t in scenario.targets)
    planned = []
    for phase in scenario.prompts:
        kept = tuple(t for t in phase.targets or everyone if names is None or t in names)
        given = {key: value for key, value in phase.model_dump().items() if value is not None}
        if kept:
            planned.append(PROMPTS.validate_python(given | {"targets": kept}))
    return tuple(planned)


def _planned(phase: Phase, name: str, targets: tuple[str, ...], **other: Any) -> PlannedPhase:
    own = {"users": phase.users, "min_rounds": phase.rounds.min, "max_rounds": phase.rounds.max}
    client = {"spacing_s": phase.spacing_s, "workers": phase.workers}
    client |= {"prompt_tokens": phase.prompt_tokens, "max_tokens": phase.max_tokens}
    return PlannedPhase(name=name, targets=targets, **own | client | other)


def usual_phases(names: Sequence[str], urls: Sequence[str] = ()) -> list[dict[str, Any]]:
    """Phases 1-3 and the control for targets of these names, as written in YAML; `urls`: where each is.

    Where some share a port and there are several ports, a phase with one target per port comes first.
    """
    per_port = list({url: name for url, name in zip(reversed(urls), reversed(names), strict=False)}.values())
    per_port.reverse()
    phases: list[dict[str, Any]] = [
        {"name": name, "users": users, "rounds": USUAL_ROUNDS} for name, users in PHASE_USERS.items()
    ]
    if len(names) > 1:  # with one target every phase is its own control
        grows = {"name": "control", "users": 2, "grow_to": CONTROL_USERS}
        phases.insert(1, grows | {"rounds": USUAL_ROUNDS, "targets": names[:1]})
    if 1 < len(per_port) < len(names):
        ports = {"name": "ports", "users": len(per_port), "rounds": USUAL_ROUNDS}
        phases.insert(0, ports | {"targets": per_port})
    elif len(names) > 2 and len(names) not in PHASE_USERS.values():  # one user per port shows most
        phases.insert(0, {"name": "ports", "users": len(names), "rounds": USUAL_ROUNDS})
    return phases


def sizes_grown(phase: Phase) -> list[int]:
    """The users of the phases that may follow this one: doubled again and again."""
    sizes, users = [], 2 * phase.users
    while users <= (phase.grow_to or 0):
        sizes.append(users)
        users *= 2
    return sizes


def pairs(targets: Sequence[Target]) -> list[tuple[str, str]]:
    """At most 12 pairs: machines first, then programs, then ports; neighbours of the list before others."""
    found = [
        ((*_alike(a, b), k - i, i), (a.name, b.name))
        for i, a in enumerate(targets)
        for k, b in enumerate(targets[i + 1 :], start=i + 1)
    ]
    return [names for _, names in sorted(found)][:MOST_PAIRS]


def _alike(a: Target, b: Target) -> tuple[bool, bool]:
    """Same machine, same port; as far as the scenario knows."""
    hosts = [urlsplit(t.base_url or "").hostname for t in (a, b)]
    return hosts[0] == hosts[1], (a.base_url, a.server) == (b.base_url, b.server)
