"""Two instruments for one machine: they agree, they differ, or it cannot be told."""

from dataclasses import replace

from analysis.assess import assess
from analysis.capacity.answers import ServiceTarget
from analysis.capacity.result import HowMany, People, PeopleMeasured, how_many
from analysis.machine.cross_checks import people_as_computed, sweep_agrees
from analysis.machine.model import MachineModel, machine_model
from analysis.machine.throughput import throughputs
from analysis.statistics.estimates import LogEstimate
from scripts.truth.how_many.fleet import SERVERS
from scripts.truth.how_many.play import play
from tests.support.farm import farm, standard_phases


def machine() -> MachineModel:
    return assess(farm("parallel", phases=standard_phases())).machine


def sweep(times: float, of: MachineModel) -> HowMany:
    """A sweep whose throughput is so many times what the phases foretell."""
    played = play(SERVERS[0], 3, 60.0)
    found = how_many(played.rows, played.visits, ServiceTarget())
    assert found is not None
    rates = {
        row.workers: LogEstimate(row.output_tokens_per_s.times(times).log, 0.01, 20, 22)
        for row in throughputs(of)
        if row.output_tokens_per_s is not None
    }
    return replace(found, tokens_per_s=rates, together_exact=False)


def test_a_sweep_that_finds_what_the_phases_foretell_agrees() -> None:
    known = machine()
    found = sweep_agrees(sweep(1.0, known), known, known.ports)
    assert found.passed is True
    assert found.sentence.startswith("they agree")


def test_a_sweep_that_is_half_as_fast_again_differs() -> None:
    known = machine()
    found = sweep_agrees(sweep(1.5, known), known, known.ports)
    assert found.passed is False
    assert found.sentence.startswith("they differ")


def test_without_phases_or_on_other_ports_it_cannot_be_told() -> None:
    known = machine()
    for model, ports in ((machine_model([]), known.ports), (known, ("http://elsewhere",))):
        found = sweep_agrees(sweep(1.0, known), model, ports)
        assert found.passed is None
        assert found.sentence.startswith("cannot be told")


def test_people_that_the_levels_promise_and_the_measurement_refutes_are_a_contradiction() -> None:
    found = sweep(1.0, machine())
    for users, refuted, passed in ((5, True, False), (5, False, True), (40, True, None)):
        measured = PeopleMeasured(users, 60, 100, refuted, 0.95)
        found = replace(found, people=People(30.0, 5, 9.0), people_measured=measured)
        assert people_as_computed(found).passed is passed
