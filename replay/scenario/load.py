"""Reads a scenario, from a file or from `--target`: YAML, `${NAME}`, the keys one by one, then all together.

A mistake becomes one line (ScenarioError): the file, the key, what is wrong and what to do.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from analysis.errors import ScenarioError
from analysis.files.plan import PlannedSweep
from replay.plan.how_many.settings import usual_budget_s
from replay.scenario.base_url import name_of_url, normal_base_url
from replay.scenario.limits import PRICE
from replay.scenario.messages import nearest, problems_of, refusal, unset_refusal
from replay.scenario.phases import usual_phases
from replay.scenario.rules import contradictions
from replay.scenario.schema import KEYS, Costs, Phase, Scenario, Target
from replay.scenario.schema.messages_file import middle_chat
from replay.scenario.schema.phase import OF_KIND
from replay.scenario.yaml_file import fill, misplaced, read_yaml, unset

OPTION: Final = "--target"
PROMPTS_KINDS: Final = tuple(OF_KIND)


def load_scenario(path: Path, environ: Mapping[str, str]) -> Scenario:
    """The scenario in the file at `path`, `${NAME}` filled from `environ`. Raises ScenarioError."""
    written = read_yaml(path)
    problems = list(misplaced(written))
    if "raw" in written:  # our own field for the manifest, not a key of the file
        problems.append((("raw",), f"unknown key; {nearest('raw', KEYS[''])}"))
    written_targets = written.get("targets")
    for i, target in enumerate(written_targets if isinstance(written_targets, list) else ()):
        if isinstance(target, dict) and "before" in target:  # likewise
            problems.append((("targets", i, "before"), f"unknown key; {nearest('before', KEYS['targets'])}"))
    filled, unfilled = fill(written, environ)
    if problems or unfilled:
        raise refusal(str(path), problems + unfilled)
    if missing := list(unset(written, environ)):
        raise unset_refusal(str(path), missing)
    scenario = checked(str(path), {"name": path.stem} | filled, written)
    servers = tuple(
        s.model_copy(update={"farm": str((path.parent / s.farm).resolve())}) if isinstance(s.farm, str) else s
        for s in scenario.servers
    )
    targets = tuple(_with_prompts_of(t, path.parent) for t in scenario.targets)
    return scenario.model_copy(update={"servers": servers, "targets": targets})


def _with_prompts_of(target: Target, folder: Path) -> Target:
    """The target with what its file of prompts has it send."""
    if target.messages_file is None:
        return target
    chat = middle_chat(folder / target.messages_file)
    return target.model_copy(update={"test_message": chat.last, "before": tuple(map(dict, chat.before))})


def scenario_of_urls(urls: Sequence[str]) -> Scenario:
    """Phases 1-3 and the control for targets written `URL` or `URL=MODEL`. Raises ScenarioError."""
    given = [_url_and_model(i, text) for i, text in enumerate(urls)]
    labels = [name_of_url(url) for url, _ in given]
    crowded = {label for label, n in Counter(labels).items() if n > 1}  # several models on one port
    names = [
        f"{label} {model.replace('/', '-')}" if model and label in crowded else label
        for label, (_, model) in zip(labels, given, strict=True)
    ]
    targets = [
        {"name": name, "base_url": url} | ({"model": model} if model else {})
        for name, (url, model) in zip(names, given, strict=True)
    ]
    written = {
        "name": "targets",
        "targets": targets,
        "phases": usual_phases(names, [url for url, _ in given]),
    }
    return checked(OPTION, written, written)


def with_budget(scenario: Scenario, sweep: PlannedSweep) -> Scenario:
    """The scenario of a sweep: its own budget, or three minutes and what else was asked for.

    Raises ScenarioError where it asks for embeddings.
    """
    if scenario.request.embeddings is not None:
        text = "embeddings have no first token and no pace for a user to wait for; measure phases instead"
        raise ScenarioError(f"--how-many: {text}")
    if "budget_s" in scenario.model_fields_set:
        return scenario
    return scenario.model_copy(update={"budget_s": usual_budget_s(sweep, len(scenario.targets))})


def with_prompts(scenario: Scenario, kinds: str | None) -> Scenario:
    """With a phase of each of these kinds, written `stall,talk,right` or `all`. Raises ScenarioError."""
    if not kinds:
        return scenario
    if scenario.request.embeddings is not None:
        raise ScenarioError(f"--prompts {kinds}: is about chats, and this scenario asks for embeddings")
    wanted = PROMPTS_KINDS if kinds == "all" else tuple(dict.fromkeys(kinds.split(",")))
    if strange := [kind for kind in wanted if kind not in PROMPTS_KINDS]:
        known = ",".join(PROMPTS_KINDS)
        raise ScenarioError(f"--prompts {kinds}: no {strange[0]!r}; write all, or of {known}")
    there = {phase.kind for phase in scenario.prompts}
    added = [OF_KIND[kind](name=kind, kind=kind) for kind in wanted if kind not in there]
    return scenario.model_copy(update={"phases": (*scenario.phases, *added)})


def with_cost(scenario: Scenario, machine: float) -> Scenario:
    """The scenario with this price of a machine. Raises ScenarioError."""
    known = scenario.costs.model_dump() if scenario.costs else {}
    try:
        return scenario.model_copy(update={"costs": Costs.model_validate(known | {"machine": machine})})
    except ValidationError:
        raise ScenarioError(f"--cost {machine:g}: must be more than 0 and at most {PRICE:,.0f}") from None


def checked(where: str, data: Mapping[str, Any], written: dict[str, Any]) -> Scenario:
    """The scenario of these data; `written` is what the manifest keeps. Raises ScenarioError."""
    if (
        "how_many" in data and "phases" not in data
    ):  # then the file is for --how-many; it has the usual phases too
        data = {"phases": usual_phases(())} | dict(data)
    try:
        scenario = Scenario.model_validate(data)
    except ValidationError as error:
        raise refusal(where, problems_of(error, written, KEYS)) from None
    if problems := contradictions(scenario):
        raise refusal(where, problems)
    return _in_time_scale(scenario).model_copy(update={"raw": written})


def _in_time_scale(scenario: Scenario) -> Scenario:
    """All in seconds of this host: simulated servers and the spacing of messages run faster alike."""
    scale = scenario.time_scale
    servers = tuple(
        s.model_copy(update={k: t * scale for k in ("ttft_s", "tpot_s") if (t := getattr(s, k)) is not None})
        for s in scenario.servers
    )
    phases = tuple(
        p.model_copy(update={"spacing_s": p.spacing_s * scale}) if isinstance(p, Phase) else p
        for p in scenario.phases
    )
    return scenario.model_copy(update={"servers": servers, "phases": phases})


def _url_and_model(index: int, text: str) -> tuple[str, str | None]:
    url, equals, model = text.partition("=")
    try:
        url = normal_base_url(url)
    except ScenarioError as error:
        raise ScenarioError(f"{OPTION} ({index + 1}): {error}") from None
    if equals and not model.strip():
        raise ScenarioError(f"{OPTION} {url}=: no model after '='; name it or leave the '=' out")
    return url, model.strip() or None
