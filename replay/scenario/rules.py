"""Keys against each other: what only the whole scenario can show to be wrong.

To add a rule: a function from the scenario to its problems, and its name in `contradictions`.
"""

from collections.abc import Hashable, Iterator, Sequence

from replay.scenario.limits import REQUESTS, SIMULATED_USERS
from replay.scenario.messages import Problem, nearest
from replay.scenario.phases import planned_phases, sizes_grown
from replay.scenario.schema import Phase, PromptsPhase, Scenario, StallPhase

SERVERS_END = "counted from 0; correct it or add one"


def contradictions(scenario: Scenario) -> list[Problem]:
    """Every problem of a scenario whose keys are right one by one; empty if it agrees with itself."""
    rules = (
        _repetitions,
        _servers_that_are_missing,
        _phases_against_targets,
        _prompts_once,
        _grown_names,
        _embeddings,
        _time_scale,
    )
    return [problem for rule in rules for problem in rule(scenario)] or list(_too_much(scenario))


def _repetitions(scenario: Scenario) -> Iterator[Problem]:
    targets, phases, ports = scenario.targets, scenario.phases, [s.port for s in scenario.servers]
    # one server and model may have several users: who asks is a target, where is a server
    alike = [(t.name, t.base_url, t.server, t.model, t.test_message, t.messages_file) for t in targets]
    same = dict(_repeated(alike))
    for i, first in same.items():
        yield (
            ("targets", i),
            f"same server and model as targets[{first}]; take one out, or give it another name",
        )
    for key, names in (("targets", [t.name for t in targets]), ("phases", [p.name for p in phases])):
        for i, first in _repeated(names):
            if key == "targets" and i in same:
                continue
            text = f"{names[i]!r} is used twice (also {key}[{first}]); give each its own name"
            yield (key, i, "name"), text
    for i, first in _repeated([port or f"free {k}" for k, port in enumerate(ports)]):
        yield ("servers", i, "port"), f"same port as servers[{first}]; write port: 0 for a free one"


def _servers_that_are_missing(scenario: Scenario) -> Iterator[Problem]:
    if any(s.farm for s in scenario.servers):
        return  # how many ports a farm has, its file knows
    there = len(scenario.servers)
    for i, target in enumerate(scenario.targets):
        if target.server is not None and target.server >= there:
            text = f"no server {target.server}: `servers` has {there}, {SERVERS_END}"
            yield ("targets", i, "server"), text


def _phases_against_targets(scenario: Scenario) -> Iterator[Problem]:
    names = [t.name for t in scenario.targets]
    for i, phase in enumerate(scenario.phases):
        if isinstance(phase, StallPhase) and phase.newcomer is not None and phase.newcomer not in names:
            text = f"no target is named {phase.newcomer!r}; {nearest(phase.newcomer, names)}"
            yield ("phases", i, "newcomer"), text
        if phase.kind == "matrix" and len(phase.targets or names) < 2:
            yield ("phases", i, "kind"), "a matrix needs two targets; name another, or take the phase out"
        for k, name in enumerate(phase.targets or ()):
            if name not in names:
                text = f"no target is named {name!r}; {nearest(name, names)}"
                yield ("phases", i, "targets", k), text
        for k, _ in _repeated(phase.targets or ()):
            text = "the same target again; name each once, users are dealt round robin"
            yield ("phases", i, "targets", k), text


def _prompts_once(scenario: Scenario) -> Iterator[Problem]:
    kinds = [phase.kind for phase in scenario.phases]
    for i, kind in enumerate(kinds):
        if isinstance(scenario.phases[i], PromptsPhase) and kind in kinds[:i]:
            text = f"a second phase of kind {kind}; a run has one of them: measure this in a run of its own"
            yield ("phases", i, "kind"), text


def _grown_names(scenario: Scenario) -> Iterator[Problem]:
    taken = {p.name for p in scenario.phases}
    for i, phase in enumerate(scenario.phases):
        for name in (f"{phase.name}-{n}" for n in (sizes_grown(phase) if isinstance(phase, Phase) else ())):
            if name in taken:
                text = f"it would grow to a phase {name}, which is there already; rename that one"
                yield ("phases", i, "grow_to"), text


def _embeddings(scenario: Scenario) -> Iterator[Problem]:
    """They are texts in and vectors out: nothing about chats can be asked in the same run."""
    for i, phase in enumerate(scenario.phases if scenario.request.embeddings is not None else ()):
        if isinstance(phase, PromptsPhase):
            text = f"kind {phase.kind} is about chats, and this run asks for embeddings; give it its own run"
            yield ("phases", i, "kind"), text
        elif phase.max_tokens is not None:
            yield ("phases", i, "max_tokens"), "embeddings have no tokens; write request.embeddings: 8 texts"


def _time_scale(scenario: Scenario) -> Iterator[Problem]:
    own = all(t.server is not None for t in scenario.targets)
    if scenario.time_scale != 1 and not (own and {s.kind for s in scenario.servers} == {"simulator"}):
        yield ("time_scale",), "is for simulated servers only; take it out: real ones take their time"


def _too_much(scenario: Scenario) -> Iterator[Problem]:
    phases = planned_phases(scenario)
    users = max((p.users for p in phases), default=0)
    if users > SIMULATED_USERS and any(s.kind == "simulator" for s in scenario.servers):
        yield ("phases",), f"{users:,} users of simulated servers, at most {SIMULATED_USERS:,}; take fewer"
    planned = sum(p.max_rounds * (p.users + 1) for p in phases)
    if planned > REQUESTS:
        text = f"up to {planned:,} requests in all, at most {REQUESTS:,}; take fewer users or rounds"
        yield ("phases",), text


def _repeated(values: Sequence[Hashable]) -> Iterator[tuple[int, int]]:
    """(index, index of its first appearance) of every value that was there before."""
    first_at: dict[Hashable, int] = {}
    for i, value in enumerate(values):
        if (first := first_at.setdefault(value, i)) < i:
            yield i, first
