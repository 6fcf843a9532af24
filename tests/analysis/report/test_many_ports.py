"""Figures of many ports stay as wide as those of two, and none reads as wrong arithmetic."""

from dataclasses import replace

import pytest

from analysis.assess import assess
from analysis.console import few
from analysis.report.figures.run import run_figures
from analysis.report.sections.machines.servers import rows
from analysis.report.sections.phases import _sentences, _streams
from analysis.report.words import whole_labels
from servers.queue_model import Policy, Port
from tests.support.farm import NAMES, farm, phase, targets_on
from tests.support.runs import watched


def streams_of(policy: str | Policy, users: int, ports: int) -> str:
    run = farm(policy, [phase(users, ports, ports + 3, "p")], targets=targets_on(ports), slots=2)
    return _streams(run_figures(assess(run)).phases[0])


@pytest.mark.parametrize(
    ("policy", "users", "ports", "words"),
    [
        ("serial", 2, 2, "1 (≤ 1 per port)"),
        ("serial", 8, 8, "1 (≤ 1 per port)"),
        ("port-serial", 2, 2, "2 (1 + 1)"),
        ("port-serial", 8, 8, "8 (1 per port)"),
        ("parallel", 12, 8, "12 (1-2 per port)"),
        ("parallel", 3, 2, "3 (2 + 1)"),
        ("parallel", 4, 1, "4"),
        (Policy(slots=3, port=Port(slots=2)), 8, 2, "3 (≤ 2 per port)"),
    ],
)
def test_streams_per_port_are_said_in_few_words(
    policy: str | Policy, users: int, ports: int, words: str
) -> None:
    assert streams_of(policy, users, ports) == words


@pytest.mark.parametrize(
    ("ports", "processes", "words"),
    [(2, 2, "412 + 412"), (2, 1, "412"), (8, 1, "412"), (8, 8, "3296 in 8 processes")],
)
def test_the_memory_of_a_process_is_counted_once(ports: int, processes: int, words: str) -> None:
    run = farm("port-serial", [phase(ports, ports, ports + 3, "p")], targets=targets_on(ports))
    run = watched(run, slots=1)
    targets = tuple(replace(t, pid=4000 + NAMES.index(t.name) % processes) for t in run.manifest.targets)
    run = replace(run, manifest=replace(run.manifest, targets=targets))
    found = dict(rows(run_figures(assess(run)).phases))
    assert found["  memory, MB"] == [words]
    assert ports < 5 or found["servers: busy slots"] == ["1 of 1 each"]


def test_evidence_that_phases_share_is_said_once() -> None:
    run = watched(farm("serial", jitter=0.02), slots=None)
    sentences = _sentences(run_figures(assess(run)).phases)
    said = [line for p in sentences for line in p.notes if "one thread did all the work" in line]
    assert len(said) == 1 and said[0].endswith("(in control, phase2, phase3 too)")


def test_a_part_keeps_the_name_of_what_it_is_a_part_of() -> None:
    labels = [
        "speedup G, ×",
        "  of at most (Gmax)",
        "naive speedup",
        "  on a serial server",
        "servers: slots",
        "  cores",
    ]
    assert whole_labels(labels) == [
        "speedup G, ×", "speedup G: of at most (Gmax)", "naive speedup", "naive speedup: on a serial server",
        "servers: slots", "servers: cores",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("count", "words"),
    [(1, "t0"), (4, "t0, t1, t2, t3"), (5, "t0, t1, t2, t3 and 1 more"), (32, "t0, t1, t2, t3 and 28 more")],
)
def test_of_many_targets_the_first_are_named_and_the_others_counted(count: int, words: str) -> None:
    assert few([f"t{i}" for i in range(count)]) == words
