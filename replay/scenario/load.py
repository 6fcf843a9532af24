"""The scenario: to whom requests go, what they ask and how often. YAML in, frozen types out.

A mistake becomes one line (ScenarioError): the file, the key, what is wrong and what to do.
"""

from collections import Counter
from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from analysis.errors import ScenarioError
from analysis.files.plan import PlannedPhase
from replay.scenario.base_url import name_of_url, normal_base_url
from replay.scenario.messages import Problem, nearest, problems_of, refusal
from replay.scenario.phases import pairs, sizes_grown
from replay.scenario.schema import (
    DEFAULT_TEST_MESSAGE,
    Frozen,
    Number,
    Phase,
    RequestSettings,
    Rounds,
    Server,
    Target,
    Text,
    in_time_scale,
)
from replay.scenario.yaml_file import fill, misplaced, read_yaml

__all__ = [
    "DEFAULT_TEST_MESSAGE",
    "Phase",
    "RequestSettings",
    "Rounds",
    "Scenario",
    "Server",
    "Target",
    "checked",
    "load_scenario",
    "normal_base_url",
    "planned_phases",
    "scenario_of_urls",
    "usual_phases",
]

OPTION: Final = "--target"
PHASE_USERS: Final = {"phase1": 2, "phase2": 4, "phase3": 8}
ROUNDS: Final = 5
CONTROL_USERS: Final = 8  # the control grows to so many while all of them overlap


class Scenario(Frozen):
    """Everything a run sends. `raw` is the file before `${…}` is filled, for the manifest."""

    name: Text
    targets: Annotated[tuple[Target, ...], Field(min_length=1)]
    request: RequestSettings = RequestSettings()
    phases: Annotated[tuple[Phase, ...], Field(min_length=1)]
    budget_s: Annotated[Number, Field(ge=0)] = 150  # 0: no limit
    servers: tuple[Server, ...] = ()
    time_scale: Annotated[Number, Field(gt=0, le=1)] = 1  # seconds here per second of simulated servers
    raw: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> "Scenario":
        if problems := list(_contradictions(self)):
            raise PydanticCustomError("contradictions", "contradictions", {"problems": problems})
        return self


KEYS: Final = {  # what may be written below each key
    "": tuple(key for key in Scenario.model_fields if key != "raw"),
    "targets": tuple(Target.model_fields),
    "request": tuple(RequestSettings.model_fields),
    "phases": tuple(Phase.model_fields),
    "rounds": tuple(Rounds.model_fields),
    "servers": tuple(Server.model_fields),
}


def load_scenario(path: Path, environ: Mapping[str, str]) -> Scenario:
    """The scenario in the file at `path`, `${NAME}` filled from `environ`. Raises ScenarioError."""
    written = read_yaml(path)
    problems = list(misplaced(written))
    if "raw" in written:  # our own field for the manifest, not a key of the file
        problems.append((("raw",), f"unknown key; {nearest('raw', KEYS[''])}"))
    filled, unfilled = fill(written, environ)
    if problems or unfilled:
        raise refusal(str(path), problems + unfilled)
    scenario = checked(str(path), {"name": path.stem} | filled, written)
    if keyless := _keys_not_set(scenario, environ):
        raise refusal(str(path), keyless)
    servers = tuple(
        s.model_copy(update={"farm": str((path.parent / s.farm).resolve())}) if isinstance(s.farm, str) else s
        for s in scenario.servers
    )
    return scenario.model_copy(update={"servers": servers})


def scenario_of_urls(urls: Sequence[str]) -> Scenario:
    """Phases 1-3 and the control for targets written `URL` or `URL=MODEL`. Raises ScenarioError."""
    pairs = [_url_and_model(i, text) for i, text in enumerate(urls)]
    labels = [name_of_url(url) for url, _ in pairs]
    crowded = {label for label, n in Counter(labels).items() if n > 1}  # several models on one port
    names = [
        f"{label} {model.replace('/', '-')}" if model and label in crowded else label
        for label, (_, model) in zip(labels, pairs, strict=True)
    ]
    targets = [
        {"name": name, "base_url": url} | ({"model": model} if model else {})
        for name, (url, model) in zip(names, pairs, strict=True)
    ]
    written = {"name": "targets", "targets": targets, "phases": usual_phases(names)}
    return checked(OPTION, written, written)


def planned_phases(scenario: Scenario, names: Collection[str] | None = None) -> tuple[PlannedPhase, ...]:
    """The phases in order; with `names` for these targets only, and none without a target.

    A matrix becomes its pairs. What a phase may grow to comes last: it has what the budget leaves over.
    """
    everyone = tuple(t.name for t in scenario.targets)
    planned: list[PlannedPhase] = []
    grown: list[PlannedPhase] = []
    for phase in scenario.phases:
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


def _planned(phase: Phase, name: str, targets: tuple[str, ...], **other: Any) -> PlannedPhase:
    own = {"users": phase.users, "min_rounds": phase.rounds.min, "max_rounds": phase.rounds.max}
    client = {"spacing_s": phase.spacing_s, "workers": phase.workers}
    return PlannedPhase(name=name, targets=targets, **own | client | other)


def checked(where: str, data: Mapping[str, Any], written: dict[str, Any]) -> Scenario:
    """The scenario of these data; `written` is what the manifest keeps. Raises ScenarioError."""
    try:
        scenario = Scenario.model_validate(data)
    except ValidationError as error:
        raise refusal(where, problems_of(error, written, KEYS)) from None
    times = in_time_scale(scenario.servers, scenario.phases, scenario.time_scale)
    return scenario.model_copy(update={"raw": written} | times)


def _keys_not_set(scenario: Scenario, environ: Mapping[str, str]) -> list[Problem]:
    # careful: the value is not quoted, somebody may have written the key itself there
    text = "the environment variable it names is not set; export it before the run"
    return [
        (("targets", i, "api_key_env"), text)
        for i, target in enumerate(scenario.targets)
        if target.api_key_env is not None and not environ.get(target.api_key_env)
    ]


def _url_and_model(index: int, text: str) -> tuple[str, str | None]:
    url, equals, model = text.partition("=")
    try:
        url = normal_base_url(url)
    except ScenarioError as error:
        raise ScenarioError(f"{OPTION} ({index + 1}): {error}") from None
    if equals and not model.strip():
        raise ScenarioError(f"{OPTION} {url}=: no model after '='; name it or leave the '=' out")
    return url, model.strip() or None


def usual_phases(names: Sequence[str]) -> list[dict[str, Any]]:
    """Phases 1-3 and the control for targets of these names, as written in YAML."""
    phases: list[dict[str, Any]] = [
        {"name": name, "users": users, "rounds": ROUNDS} for name, users in PHASE_USERS.items()
    ]
    if len(names) > 1:  # with one target every phase is its own control
        control = {
            "name": "control", "users": 2, "grow_to": CONTROL_USERS, "rounds": ROUNDS, "targets": names[:1]
        }  # fmt: skip
        phases.insert(1, control)
    if len(names) > 2 and len(names) not in PHASE_USERS.values():  # one user per port tells most
        phases.insert(0, {"name": "ports", "users": len(names), "rounds": ROUNDS})
    return phases


def _contradictions(scenario: Scenario) -> Iterator[Problem]:
    """What only the whole can know: names used twice, targets that are not there."""
    targets, phases, servers = scenario.targets, scenario.phases, scenario.servers
    for i, first in _repeated([(t.base_url, t.server, t.model) for t in targets]):
        text = f"same server and model as targets[{first}]; take one out, or give it another model"
        yield ("targets", i), text
    for i, first in _repeated([t.name for t in targets]):
        yield ("targets", i, "name"), _named_twice(targets[i].name, f"targets[{first}]")
    for i, target in enumerate(targets):
        counted = not any(s.farm for s in servers)  # how many ports a farm has, its file knows
        if target.server is not None and target.server >= len(servers) and counted:
            text = f"no server {target.server}: `servers` has {len(servers)}, counted from 0"
            yield ("targets", i, "server"), f"{text}; correct it or add one"
    for i, first in _repeated([p.name for p in phases]):
        yield ("phases", i, "name"), _named_twice(phases[i].name, f"phases[{first}]")
    simulated = all(t.server is not None for t in targets) and {s.kind for s in servers} == {"simulator"}
    if scenario.time_scale != 1 and not simulated:
        yield ("time_scale",), "is for simulated servers only; take it out: real ones take their time"
    names = [t.name for t in targets]
    taken = {p.name for p in phases}
    for i, phase in enumerate(phases):
        for users in sizes_grown(phase):
            if f"{phase.name}-{users}" in taken:
                text = (
                    f"it would grow to a phase {phase.name}-{users}, which is there already; rename that one"
                )
                yield ("phases", i, "grow_to"), text
        if phase.kind == "matrix" and len(phase.targets or names) < 2:
            yield ("phases", i, "kind"), "a matrix needs two targets; name another, or take the phase out"
        for k, name in enumerate(phase.targets or ()):
            if name not in names:
                text = f"no target is named {name!r}; {nearest(name, names)}"
                yield ("phases", i, "targets", k), text
        for k, _ in _repeated(phase.targets or ()):
            text = "the same target again; name each once, users are dealt round robin"
            yield ("phases", i, "targets", k), text
    for i, first in _repeated([s.port or f"free {k}" for k, s in enumerate(servers)]):
        yield ("servers", i, "port"), f"same port as servers[{first}]; write port: 0 for a free one"


def _named_twice(name: str, first: str) -> str:
    return f"{name!r} is used twice (also {first}); give each its own name"


def _repeated(values: Sequence[Hashable]) -> Iterator[tuple[int, int]]:
    """(index, index of its first appearance) of every value that was there before."""
    for i, value in enumerate(values):
        if (first := values.index(value)) < i:
            yield i, first
