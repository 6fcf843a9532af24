"""A run judged: every phase measured, its conditions and verdict, and the answer of the whole."""

from collections.abc import Sequence
from dataclasses import dataclass

from analysis.advice.answer import Answer, answer
from analysis.advice.evidence import evidence
from analysis.capacity.answers import ServiceTarget
from analysis.capacity.result import HowMany, how_many
from analysis.capacity.settings import Rank, Setting, settings_of
from analysis.conditions.condition import Condition
from analysis.conditions.locust_agrees import locust_agrees
from analysis.conditions.of_phase import phase_conditions
from analysis.conditions.of_run import (
    accounted_for,
    chain_fair,
    distinct_servers,
    machine_consistent,
    right_model,
    warm,
)
from analysis.conditions.quiet import quiet_servers
from analysis.conditions.server_slots import servers_slots
from analysis.files.request_record import RequestRecord, under_asked_name
from analysis.files.run import Run
from analysis.machine.cross_checks import people_as_computed, sweep_agrees
from analysis.machine.model import MachineModel, machine_model
from analysis.phase.measure import PhaseMeasured, measure_phase
from analysis.phase.rounds import chain
from analysis.phase.server_load import server_load
from analysis.prompts.finding import Finding
from analysis.prompts.of_run import prompts_of
from analysis.thresholds import MIN_ROUNDS
from analysis.verdict.limit import Localisation, Pair, contention_matrix, groups, localise
from analysis.verdict.of_phase import phase_verdict
from analysis.verdict.outcomes import Outcome
from analysis.verdict.phase_judged import PhaseJudged
from analysis.verdict.said import Verdict

HOW_MANY_PLAN, FREE_PLAN = "how-many", "free"


@dataclass(frozen=True, slots=True)
class Assessment:
    """All that the report, the notebook and the exit code show of a run."""

    run: Run
    phases: tuple[PhaseJudged, ...]
    conditions: tuple[Condition, ...]  # of the whole run
    answer: Answer
    machine: MachineModel
    limit: Localisation
    matrix: tuple[Pair, ...]
    how_many: HowMany | None = None  # of the plans `how-many` and `free`; of several settings the best
    settings: tuple[Setting, ...] = ()  # targets that were swept by themselves
    prompts: tuple[Finding, ...] = ()  # of the phases of the kinds stall, talk and right

    @property
    def says_how_many(self) -> bool:
        """Whether the number of users is the answer: it was asked for, or users by hand have shown one."""
        return self.run.manifest.plan == HOW_MANY_PLAN or self.how_many is not None


def assess(run: Run) -> Assessment:
    """The run judged by the rules of docs/METHODOLOGY.md; phases without a row are left out."""
    manifest = run.manifest
    targets = {t.name: t for t in manifest.targets}
    aliases = {t.name: t.answers_as for t in manifest.targets}
    records = [under_asked_name(r, aliases.get(r.target)) for r in run.log.records]
    sent = {r.phase for r in records}
    measured = [measure_phase(p, records, targets) for p in manifest.phases_planned if p.name in sent]
    smallest = min(measured, key=lambda m: m.plan.users, default=None)
    invalid = (accounted_for(run), locust_agrees(run))
    others = (
        chain_fair(chain(records), smallest),
        warm(records),
        right_model(records),
        distinct_servers(manifest.targets),
        quiet_servers(run, records),
    )
    judged = []
    for phase in measured:
        load = server_load(phase, run.server_samples)
        agree = servers_slots(phase, run.server_samples, records, load)
        own = (*phase_conditions(phase, manifest.client), agree)
        verdict = _if_stopped(run, phase, phase_verdict(phase, invalid, (*own, *others)))
        sentences = evidence(phase, verdict, load, manifest.host)
        judged.append(PhaseJudged(phase, own, verdict, load, sentences))
    swapped = any(c.name == "warm" and c.passed is False for c in others)
    fair = all(c.passed is not False for c in (*invalid, *others))
    limit, matrix = localise(judged), contention_matrix(judged)
    machine = machine_model([j.measured for j in judged if fair and _fair(j)])
    settings, found = _how_many(run, records)
    return Assessment(
        run=run,
        phases=tuple(judged),
        conditions=(*invalid, *others, machine_consistent(machine), *_cross_checks(run, found, machine)),
        answer=answer(judged, swapped, limit.limits, groups(matrix), manifest.interrupted),
        machine=machine,
        limit=limit,
        matrix=matrix,
        how_many=found,
        settings=settings,
        prompts=prompts_of(run, records),
    )


def _how_many(run: Run, records: Sequence[RequestRecord]) -> tuple[tuple[Setting, ...], HowMany | None]:
    """The settings where each target had a sweep of its own, and the number: of several settings the best."""
    manifest, sweep = run.manifest, run.manifest.sweep
    if sweep is None:
        return (), None
    wanted = ServiceTarget(sweep.ttft_s, sweep.speed)
    if sweep.each:
        targets = [t.name for t in manifest.targets]
        settings = settings_of(records, manifest.visits, wanted, sweep.think_s, targets)
        return settings, next((s.found for s in settings if s.rank is Rank.BEST), None)
    ports, people = len(_ports(records)), manifest.people_visit
    return (), how_many(records, manifest.visits, wanted, sweep.think_s, ports, people)


def _ports(records: Sequence[RequestRecord]) -> set[str]:
    return {r.base_url for r in records}


def _cross_checks(run: Run, found: HowMany | None, machine: MachineModel) -> list[Condition]:
    """Of a run that measured a number of users in two ways."""
    if found is None:
        return []
    checks = []
    if run.manifest.phases_planned:
        checks.append(sweep_agrees(found, machine, _ports(run.log.records)))
    if found.people_measured is not None:
        checks.append(people_as_computed(found))
    return checks


def _if_stopped(run: Run, phase: PhaseMeasured, verdict: Verdict) -> Verdict:
    """Of a phase that has too few rounds because the run ended in it: that, and not what they lack."""
    cut = not run.manifest.finished and phase.plan.name not in run.manifest.phases_finished
    enough = len(phase.scored) >= MIN_ROUNDS or len(phase.scored) < len(phase.rounds)
    if not cut or enough or verdict.outcome != Outcome.INCONCLUSIVE:
        return verdict
    return Verdict(
        Outcome.INCONCLUSIVE,
        f"{phase.plan.name} was stopped after {len(phase.rounds)} of {phase.plan.max_rounds} rounds",
        "let the run go to its end",
    )


def _fair(judged: PhaseJudged) -> bool:
    return all(c.passed is not False for c in judged.conditions)
