"""Several users or models on one port: planned, judged and proposed for. Capacity counts per server."""

import json
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from analysis.assess import assess
from analysis.entities.entities import read_entities
from analysis.entities.propose import propose
from analysis.report.figures.run import run_figures
from analysis.verdict.of_run import ports_phase
from replay.scenario.load import scenario_of_urls
from replay.scenario.phases import planned_phases
from replay.sources import scenario_of_entities
from servers.queue_model import Job, Policy, Port
from tests.support.farm import farm
from tests.support.farm_log import FarmTarget


@dataclass(frozen=True)
class OwnModel(FarmTarget):
    """A target whose model is its own: a lock per model holds up no other."""

    def job(self, slowness: float = 1.0, loads_s: float = 0.0) -> Job:
        return replace(super().job(slowness, loads_s), model=self.name)


def entities(tmp_path: Path, *each: tuple[str, str, int]) -> Path:
    """(name, model, port) of each, on one host; six workers."""
    path = tmp_path / "config-aientities.json"
    listed = [
        {"id": n.lower(), "name": n, "modelName": m, "lmStudioServer": {"host": "127.0.0.1", "port": p}}
        for n, m, p in each
    ]
    path.write_text(json.dumps({"aiEntities": listed, "queueSettings": {"maxConcurrentWorkers": 6}}))
    return path


def test_two_personas_of_one_model_on_one_port_are_two_targets(tmp_path: Path) -> None:
    found = scenario_of_entities(entities(tmp_path, ("Anna", "m", 1234), ("Ben", "m", 1234)))
    assert [(t.name, t.base_url, t.model) for t in found.targets] == [
        ("Anna", "http://127.0.0.1:1234", "m"),
        ("Ben", "http://127.0.0.1:1234", "m"),
    ]
    assert {p.name: p.targets for p in planned_phases(found)}["phase1"] == ("Anna", "Ben")


@pytest.mark.parametrize(
    ("ports", "asked"),
    [
        ((1, 1, 2), ("A", "C")),
        ((1, 2, 1, 2), ("A", "B")),
        ((2, 1, 1, 3), ("A", "B", "D")),
    ],
)
def test_ports_are_compared_one_user_each_however_many_share_them(
    tmp_path: Path, ports: tuple[int, ...], asked: tuple[str, ...]
) -> None:
    found = scenario_of_entities(
        entities(tmp_path, *((n, f"m{n}", p) for n, p in zip("ABCD", ports, strict=False)))
    )
    first = planned_phases(found)[0]
    assert (first.users, first.targets) == (len(asked), asked)


def test_two_models_of_one_url_and_another_port_are_compared_likewise() -> None:
    found = scenario_of_urls(["http://127.0.0.1:1=a", "http://127.0.0.1:1=b", "http://127.0.0.1:2=a"])
    first = planned_phases(found)[0]
    assert first.targets == (found.targets[0].name, found.targets[2].name)


@pytest.mark.parametrize(
    ("policy", "workers"),
    [
        (Policy(slots=1), 1),
        (Policy(port=Port(model_slots=1)), 2),  # a lock per model
        (Policy(port=Port(slots=4)), 4),
        (Policy(), 8),
    ],
    ids=["one lock", "a lock per model", "four slots", "parallel"],
)
def test_workers_are_proposed_by_what_the_server_does_for_both(
    tmp_path: Path, policy: Policy, workers: int
) -> None:
    """Two entities on one port, each with its own model: not the first alone counts."""
    targets = (OwnModel("Ulysses", 0), OwnModel("Eternal", 0))
    found = assess(farm(policy, targets=targets, jitter=0.02))
    assert ports_phase(found.phases) is None
    figures = run_figures(found)
    assert figures.machine.recommended_workers == workers
    port = int(targets[0].base_url.rsplit(":", 1)[1])
    file = read_entities(entities(tmp_path, ("Ulysses", "ulysses", port), ("Eternal", "eternal", port)))
    after = json.loads(propose(file, found.run.manifest.targets, figures.machine.recommended_workers).after)
    assert after["queueSettings"]["maxConcurrentWorkers"] == workers
    assert [e["lmStudioServer"]["port"] for e in after["aiEntities"]] == [port, port]
