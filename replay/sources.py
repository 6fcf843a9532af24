"""Where the scenario comes from: a file, `--target`, this host, or a bot's `config-aientities.json`."""

import os
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path

from analysis.entities.entities import read_entities
from analysis.errors import ScenarioError
from replay.checks.find.discover import as_yaml, find, ports_of, scenario_of
from replay.children import CHECKOUT
from replay.output import log
from replay.scenario.load import checked, load_scenario, scenario_of_urls
from replay.scenario.phases import usual_phases
from replay.scenario.schema import Scenario

DEFAULT_SCENARIO = "scenarios/default.yaml"


def scenario_from(options: Namespace) -> Scenario:
    """The scenario that the command line names. Raises ScenarioError."""
    if options.target:
        if options.scenario != DEFAULT_SCENARIO:
            log.warning(f"--target is given: {options.scenario} is not read")
        return scenario_of_urls(options.target)
    ports = ports_of(options.scenario)
    if ports is not None:
        if options.worker:  # it would look on its own host; the targets are the master's
            raise ScenarioError(
                "--scenario auto: not for --worker; write it: python -m servers find --yaml > FILE"
            )
        return scenario_of_this_host(options.scenario, ports)
    path = Path(options.scenario)
    if path.suffix == ".json":
        return scenario_of_entities(path)
    if options.scenario == DEFAULT_SCENARIO and not path.exists():  # started in another folder
        path = CHECKOUT / DEFAULT_SCENARIO
    return load_scenario(path, os.environ)


def scenario_of_this_host(where: str, ports: Sequence[int]) -> Scenario:
    """The servers on these ports, or on all of this host, shown before anything is sent."""
    written = scenario_of(find(ports))
    log.info("LLM servers on this host, as a scenario (python -m servers find --yaml writes it):")
    for line in as_yaml(written).splitlines():
        log.info(f"  {line}")
    return checked(where, written, written)


def scenario_of_entities(path: Path) -> Scenario:
    """Phases 1-3, the control, and eight messages 1 s apart through the file's own number of workers."""
    file = read_entities(path)
    for entity in file.entities:
        if entity.base_url is None:
            raise ScenarioError(
                f"{path}: {entity.name}: has no lmStudioServer, and no lmStudioServers is enabled"
            )
    targets = [
        {"name": e.name, "base_url": e.base_url} | ({"model": e.model} if e.model else {})
        for e in file.entities
    ]
    phases = usual_phases([e.name for e in file.entities], [e.base_url or "" for e in file.entities])
    if file.workers is not None:
        phases.append({"name": "queue", "users": 8, "rounds": 3, "spacing_s": 1, "workers": file.workers})
    written = {"name": path.stem, "targets": targets, "phases": phases}
    return checked(str(path), written, written)
