"""Scenarios that nobody wrote: from a bot's `config-aientities.json`, or from what is found on this host."""

from collections.abc import Sequence
from pathlib import Path

from analysis.entities.entities import read_entities
from analysis.errors import ScenarioError
from replay.checks.discover import as_yaml, find, scenario_of
from replay.output import log
from replay.scenario.load import Scenario, checked, usual_phases


def scenario_of_this_host(where: str, ports: Sequence[int]) -> Scenario:
    """What is found on these ports, or on all of this host, and shown before anything is sent."""
    written = scenario_of(find(ports))
    log.info("found on this host, as a scenario (python -m servers find --yaml writes it):")
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
    phases = usual_phases([e.name for e in file.entities])
    if file.workers is not None:
        phases.append({"name": "queue", "users": 8, "rounds": 3, "spacing_s": 1, "workers": file.workers})
    written = {"name": path.stem, "targets": targets, "phases": phases}
    return checked(str(path), written, written)
