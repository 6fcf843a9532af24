"""Where the limit is, and who shares what with whom: runs put together from phases of known truth."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from analysis.assess import Assessment, assess
from analysis.files.plan import PlannedPhase
from analysis.files.request_record import RequestLog
from analysis.files.run import Run
from analysis.report.figures.run import run_figures
from analysis.report.writers import as_json
from analysis.verdict.limit import groups
from analysis.verdict.outcomes import COMPUTE, LOCK, NOTHING
from tests.support.farm import farm, targets_on

# name: (address, kind). Two models behind one port, a second port, another program, another machine.
PLACES = {
    "Ulysses": ("http://10.0.0.1:1234", "lmstudio"),
    "Eternal": ("http://10.0.0.1:1234", "lmstudio"),
    "Fear": ("http://10.0.0.1:1235", "lmstudio"),
    "Joyce": ("http://10.0.0.1:11434", "ollama"),
    "Night": ("http://10.0.0.2:1234", "lmstudio"),
}
CONTROL = PlannedPhase("control", 2, ("Ulysses",))
MODELS = PlannedPhase("models", 2, ("Ulysses", "Eternal"))
PORTS = PlannedPhase("ports", 2, ("Ulysses", "Fear"))
PROGRAMS = PlannedPhase("programs", 2, ("Ulysses", "Joyce"))
MACHINES = PlannedPhase("machines", 2, ("Ulysses", "Night"))
LEVELS = (CONTROL, MODELS, PORTS, PROGRAMS, MACHINES)


def run_of(phases: Sequence[tuple[PlannedPhase, str]]) -> Run:
    """One run, each phase as a machine of that policy serves it, the targets where PLACES puts them."""
    everywhere = targets_on(len(PLACES))
    runs = [
        farm(policy, [plan], targets=everywhere, jitter=0.03, seed=i, chain=False)
        for i, (plan, policy) in enumerate(phases)
    ]
    records = [
        replace(r, request_id=1000 * i + r.request_id, base_url=PLACES[r.target][0])
        for i, run in enumerate(runs)
        for r in run.log.records
        if r.phase == phases[i][0].name
    ]
    known = {t.name: t for run in runs for t in run.manifest.targets}
    targets = tuple(
        replace(t, base_url=PLACES[t.name][0], kind=PLACES[t.name][1], pid=None) for t in known.values()
    )
    manifest = replace(
        runs[0].manifest,
        targets=targets,
        phases_planned=tuple(plan for plan, _ in phases),
        phases_finished=tuple(plan.name for plan, _ in phases),
    )
    return replace(runs[0], manifest=manifest, log=RequestLog(tuple(records)))


def levels(*policies: str) -> Assessment:
    """Control, two models, two ports, two programs, two machines, each of this policy; `-`: left out."""
    return assess(run_of([(p, name) for p, name in zip(LEVELS, policies, strict=True) if name != "-"]))


@pytest.mark.parametrize(
    ("policies", "limits"),
    [
        (("parallel",) * 5, ("request",)),
        (("serial", "parallel", "parallel", "parallel", "parallel"), ("model",)),
        (("serial", "serial", "parallel", "parallel", "parallel"), ("port",)),
        (("serial", "serial", "serial", "parallel", "parallel"), ("program",)),
        (("serial", "serial", "serial", "serial", "parallel"), ("machine",)),
        (("time-sliced", "time-sliced", "time-sliced", "time-sliced", "parallel"), ("machine",)),
        (("serial", "serial", "serial", "serial", "serial"), ()),
        # what was not compared cannot be told apart
        (("serial", "-", "parallel", "-", "-"), ("model", "port")),
        (("serial", "-", "serial", "-", "-"), ("program", "machine")),
        (("serial", "-", "-", "-", "-"), ("model", "port", "program", "machine")),
        # two servers at work at once are held by no lock of their program
        (("serial", "-", "time-sliced", "-", "-"), ("machine",)),
        (("parallel", "-", "time-sliced", "-", "-"), ("machine",)),
        (("parallel", "-", "contention", "-", "-"), ("machine",)),
    ],
)
def test_the_first_thing_apart_that_gains_names_what_was_shared_before(
    policies: tuple[str, ...], limits: tuple[str, ...]
) -> None:
    assert levels(*policies).limit.limits == limits


def test_a_positive_control_that_fails_points_outside_the_servers() -> None:
    assert "client, the network or a proxy" in levels(*("serial",) * 5).limit.sentence


def test_what_would_narrow_it_down_is_named() -> None:
    limit = levels("serial", "-", "serial", "-", "-").limit
    assert limit.missing == ("programs", "machines")
    assert levels("serial", "-", "parallel", "-", "-").limit.missing == ("models",)
    assert levels("serial", "serial", "parallel", "-", "-").limit.missing == ()


def test_a_lock_and_a_shared_compute_are_distinguished() -> None:
    assert "a lock or queue of the machine" in levels(*("serial",) * 4, "parallel").limit.sentence
    assert "the compute of the machine" in levels(*("time-sliced",) * 4, "parallel").limit.sentence


def pairs(policies: dict[tuple[str, str], str]) -> Assessment:
    planned = [
        (PlannedPhase(f"pairs {a} + {b}", 2, (a, b), 3, 3, pair_of="pairs"), policy)
        for (a, b), policy in policies.items()
    ]
    return assess(run_of([(CONTROL, "serial"), *planned]))


def test_the_matrix_says_who_takes_turns_who_shares_a_chip_and_who_is_free() -> None:
    found = pairs(
        {
            ("Ulysses", "Eternal"): "serial",  # one port
            ("Ulysses", "Fear"): "time-sliced",  # one chip
            ("Eternal", "Fear"): "time-sliced",
            ("Ulysses", "Night"): "parallel",  # another machine
            ("Eternal", "Night"): "parallel",
            ("Fear", "Night"): "parallel",
        }
    )
    shares = {(p.a, p.b): p.shares for p in found.matrix}
    assert shares["Ulysses", "Eternal"] == LOCK
    assert shares["Ulysses", "Fear"] == shares["Eternal", "Fear"] == COMPUTE
    assert {shares[pair] for pair in shares if "Night" in pair} == {NOTHING}
    said = groups(found.matrix)
    assert "Ulysses, Eternal take turns" in said
    assert "Ulysses, Fear, Eternal share one compute" in said
    assert "Night: shares nothing with any other" in said
    sentences = {(p.a, p.b): p.sentence for p in found.matrix}
    assert sentences["Ulysses", "Eternal"] == "they share a lock of their port"
    assert sentences["Ulysses", "Fear"] == "they share the chip of 10.0.0.1"


def test_pairs_that_do_not_touch_read_gmax() -> None:
    found = pairs({("Ulysses", "Night"): "parallel"})
    measured = found.matrix[0].phase
    assert measured.speedup is not None and measured.speedup_max is not None
    assert measured.speedup.value == pytest.approx(measured.speedup_max, rel=0.05)


def test_a_matrix_changes_neither_the_verdict_of_the_run_nor_the_machine() -> None:
    without = levels("serial", "-", "parallel", "-", "-")
    phases = [(CONTROL, "serial"), (PORTS, "parallel")]
    pair = PlannedPhase("pairs Ulysses + Joyce", 2, ("Ulysses", "Joyce"), 3, 3, pair_of="pairs")
    among = assess(run_of([(pair, "contention"), *phases]))
    assert among.answer.outcome == without.answer.outcome == "ports-parallel"
    assert [p.phase for p in among.machine.predictions] == ["control", "ports"]


def test_the_report_holds_limit_and_pairs() -> None:
    found = pairs({("Ulysses", "Fear"): "time-sliced", ("Ulysses", "Night"): "parallel"})
    report = as_json.report(found, run_figures(found))
    assert [(p["a"], p["b"], p["shares"]) for p in report["matrix"]] == [
        ("Ulysses", "Fear", "compute"),
        ("Ulysses", "Night", "nothing"),
    ]
    assert report["limit"]["limits"] == ["machine"]
