"""Ports against one port by the interval of their ratio; phases that contradict; names of one machine."""

import random
from dataclasses import replace

import pytest

from analysis.assess import Assessment, assess
from analysis.files.run import TargetInfo
from analysis.verdict.of_run import TURNS_HINT
from analysis.verdict.outcomes import Outcome
from scripts.truth.odd import Odd, play
from servers.queue_model import Policy, Port
from tests.support.farm import farm, phase, standard_phases, targets_on

PAIR = [phase(2, 2, name="ports"), phase(2, 1, name="control")]


def answers(
    policy: Policy | str, jitter: float, seeds: int = 12, speeds: tuple[float, ...] = ()
) -> list[tuple[Outcome, str]]:
    targets = targets_on(2, speeds)
    found = (assess(farm(policy, PAIR, targets=targets, jitter=jitter, seed=s)).answer for s in range(seeds))
    return [(a.outcome, a.sentence) for a in found]


@pytest.mark.parametrize("jitter", [0.02, 0.1])
@pytest.mark.parametrize("policy", [Policy(), Policy(throughput=(1.0, 1.6))], ids=["parallel", "batching"])
def test_ports_that_are_as_good_as_one_are_not_called_better_by_chance(policy: Policy, jitter: float) -> None:
    """One port does exactly as well: by points half of these runs would say that the ports are better."""
    found = [outcome for outcome, _ in answers(policy, jitter)]
    assert found.count(Outcome.PORTS_PARALLEL) <= 1, "by points one in four where they batch and scatter"
    assert Outcome.ONE_PORT in found


def test_where_as_good_lies_within_the_interval_the_sentence_shows_it() -> None:
    said = [sentence for outcome, sentence in answers(Policy(), 0.1) if "may do as well" in sentence]
    assert said and all("times as fast)" in sentence for sentence in said)


def test_ports_that_are_surely_better_than_one_that_gains_are_called_so() -> None:
    found = answers(Policy(port=Port(throughput=(1.0, 1.35))), 0.02)
    assert {outcome for outcome, _ in found} == {Outcome.PORTS_PARALLEL}
    assert all("One port alone gains too, but less" in sentence for _, sentence in found)


@pytest.mark.parametrize(
    ("policy", "outcome"),
    [
        (Policy(), Outcome.ONE_PORT),
        (Policy(throughput=(1.0, 1.6)), Outcome.ONE_PORT),
        (Policy(port=Port(throughput=(1.0, 1.35))), Outcome.PORTS_PARALLEL),
    ],
    ids=["parallel", "batching together", "batching apart"],
)
def test_unequal_targets_hold_the_ports_back_and_not_the_servers(policy: Policy, outcome: Outcome) -> None:
    """Two models of 2 s and 1.25 s: the ports can reach 1.63 at most, two requests to one model 2."""
    assert {found for found, _ in answers(policy, 0.02, speeds=(1.0, 1.6))} == {outcome}


def judged(odd: Odd) -> Assessment:
    return assess(play(odd, standard_phases(), random.Random(3)))


def test_phases_that_contradict_each_other_advise_no_more_rounds() -> None:
    """Batches that fill with two requests of different ports only: serial with 2, a gain with 4 and 8."""
    run = farm("serial", [phase(2)])
    more = farm("parallel", [phase(4), phase(8)])
    later_s = max(r.end_s or 0.0 for r in run.log.records)
    moved = tuple(
        replace(
            r,
            request_id=r.request_id + 1000,
            **{
                k: getattr(r, k) + later_s
                for k in ("scheduled_s", "send_s", "first_token_s", "last_token_s", "end_s")
            },
        )
        for r in more.log.records
        if r.phase in ("phase2", "phase3")
    )
    plans = (*run.manifest.phases_planned, *more.manifest.phases_planned)
    manifest = replace(run.manifest, phases_planned=plans, phases_finished=tuple(plan.name for plan in plans))
    both = replace(run, manifest=manifest, log=replace(run.log, records=(*run.log.records, *moved)))
    answer = assess(both).answer
    assert answer.outcome == Outcome.INCONCLUSIVE and "contradict" in answer.sentence
    assert answer.next_steps == (f"{TURNS_HINT[0].upper()}{TURNS_HINT[1:]}.",)
    assert "more rounds do not help" in TURNS_HINT


def test_ports_that_take_turns_are_named_and_advised_no_more_rounds() -> None:
    answer = judged(Odd(policy=Policy(), targets=targets_on(2), turns=True)).answer
    assert answer.outcome == Outcome.ONE_PORT and "take turns" in answer.sentence
    assert not [step for step in answer.next_steps if "more rounds" in step]


def machine_of(url: str, **server: str) -> str:
    return TargetInfo("A", url, "m", "openai", server=dict(server)).machine


def test_all_names_of_this_host_are_one_machine() -> None:
    names = ("localhost", "127.0.0.1", "127.0.1.1", "[::1]", "0.0.0.0")
    assert {machine_of(f"http://{name}:1234") for name in names} == {"localhost"}
    assert machine_of("http://here.example:1", address="127.0.0.1") == "localhost"


def test_names_that_resolve_to_one_address_are_one_machine_and_others_are_not() -> None:
    two = {machine_of(f"http://{name}:1", address="192.0.2.7") for name in ("a.example", "b.example")}
    assert two == {machine_of("http://192.0.2.7:2")}
    assert machine_of("http://192.0.2.8:1") != machine_of("http://192.0.2.7:1")


@pytest.mark.parametrize("names", [("localhost", "127.0.0.1"), ("127.0.0.1", "[::1]")])
def test_a_lock_of_one_host_under_two_names_is_no_matter_of_machines(names: tuple[str, str]) -> None:
    run = farm("serial", jitter=0.02)
    old = {t.base_url: t.base_url.replace("127.0.0.1", name) for t, name in zip(
        run.manifest.targets, names, strict=True)}  # fmt: skip
    targets = tuple(replace(t, base_url=old[t.base_url]) for t in run.manifest.targets)
    records = tuple(replace(r, base_url=old[r.base_url]) for r in run.log.records)
    found = assess(
        replace(run, manifest=replace(run.manifest, targets=targets), log=replace(run.log, records=records))
    )
    assert {j.measured.topology for j in found.phases} == {"ports", "one-port"}
    assert found.answer.outcome == Outcome.SERIAL
    assert not any("outside the servers" in limit for limit in found.limit.limits)
