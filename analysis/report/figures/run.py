"""The figures of a whole run, computed once: JSON, text, Markdown, HTML and notebook only write them."""

from collections.abc import Sequence
from dataclasses import dataclass

from analysis import exit_codes
from analysis.assess import HOW_MANY_PLAN, Assessment
from analysis.capacity.result import HowMany
from analysis.capacity.said import best, words
from analysis.phase.measure import PhaseMeasured
from analysis.prompts.finding import Finding, PromptsWord
from analysis.prompts.prefill import Prefill, prefill_of
from analysis.report.figures.arrivals import ArrivalFigures, arrival_figures
from analysis.report.figures.hardware import HardwareFigures, hardware_figures
from analysis.report.figures.machine import MachineFigures, machine_figures
from analysis.report.figures.pace import AnswerPace, answer_pace
from analysis.report.figures.phase import Percentiles, PhaseFigures, percentiles, phase_figures
from analysis.statistics.estimates import Estimate, percentile
from analysis.verdict.outcomes import Outcome
from analysis.verdict.phase_judged import PhaseJudged

PHASES_PLAN = "phases"


@dataclass(frozen=True, slots=True)
class BaselineFigures:
    """One target alone, in the first phase that measured it."""

    target: str
    base_url: str
    phase: str
    solo_s: Estimate
    tokens: int | None  # of an answer; None of embeddings
    ttft_s: float | None
    tpot_s: float | None
    drift: float | None


@dataclass(frozen=True, slots=True)
class TargetFigures:
    """One target in the rounds of one phase; times of the scored ones. None: the data do not allow it."""

    phase: str
    target: str
    base_url: str
    users: int
    requests: int  # failed ones included
    failed: int
    ttft_alone_s: float | None  # median of the solos
    ttft_s: Percentiles
    answer_tokens_per_s: AnswerPace


@dataclass(frozen=True, slots=True)
class TimingError:
    """How much earlier first and last tokens may have come than their stamps say; None: not recorded."""

    p50: float | None
    p99: float | None


@dataclass(frozen=True, slots=True)
class RunFigures:
    verdict: Outcome | None  # None: the free plan states none
    phases: tuple[PhaseFigures, ...]
    arrivals: tuple[ArrivalFigures, ...]
    machine: MachineFigures
    hardware: HardwareFigures
    baseline: tuple[BaselineFigures, ...]
    targets: tuple[TargetFigures, ...]
    timing_error_ms: TimingError
    timed: int  # requests with a timing error
    how_many: HowMany | None = None  # of the plans `how-many` and `free`
    asked_how_many: bool = False  # by the plan `how-many`
    prompts: tuple[Finding, ...] = ()  # of the phases of the kinds stall, talk and right
    prefill: Prefill | None = None  # None: no phase was about reading prompts, or it has no G

    @property
    def exit_code(self) -> int:
        """Of a run its verdict's; of a sweep, whether a number is shown. A free run asked for nothing."""
        found = self.how_many
        if found is None or not self.asked_how_many:
            code = exit_codes.of_verdict(self.verdict)
            undecided = any(not finding.word.decided for finding in self.prompts)
            return code or (exit_codes.INCONCLUSIVE if undecided else exit_codes.OK)
        return exit_codes.OK if found.carries is not None and found.settled else exit_codes.INCONCLUSIVE

    @property
    def listed(self) -> tuple[PhaseFigures, ...]:
        """The phases without the pairs of a matrix, which have a table of their own."""
        return tuple(p for p in self.phases if p.pair_of is None)


def answer_of(assessment: Assessment, figures: RunFigures) -> str:
    """The first sentence of every report."""
    if first := prompts_first(assessment):
        return first.sentences[0]
    if assessment.settings:
        return best.best_answer(assessment.settings)
    if assessment.says_how_many:
        return words.answer(assessment.how_many)
    if figures.verdict is not None:
        return assessment.answer.sentence
    prompts = assessment.run.manifest.prompts_planned
    return "No phase was measured." if prompts else "A free run: no verdict is stated."


def first_word(assessment: Assessment, figures: RunFigures) -> Outcome | PromptsWord | None:
    """The word that stands before everything: something found wrong, the verdict, or what alone was asked."""
    first = prompts_first(assessment)
    return first.word if first else figures.verdict


def run_figures(assessment: Assessment) -> RunFigures:
    phases = tuple(phase_figures(j) for j in assessment.phases)
    late = [r.clock_error_s * 1e3 for r in assessment.run.log.records if r.clock_error_s is not None]
    return RunFigures(
        verdict=assessment.answer.outcome if _has_verdict(assessment) else None,
        phases=phases,
        arrivals=arrival_figures(assessment),
        machine=machine_figures(assessment, phases),
        hardware=hardware_figures(assessment, phases),
        targets=_targets(assessment.phases),
        baseline=_baseline(assessment.phases, phases),
        timing_error_ms=TimingError(percentile(late, 0.5), percentile(late, 0.99))
        if late
        else TimingError(None, None),
        timed=len(late),
        how_many=assessment.how_many,
        asked_how_many=assessment.run.manifest.plan == HOW_MANY_PLAN,
        prompts=assessment.prompts,
        prefill=prefill_of([j.measured for j in assessment.phases]),
    )


def _has_verdict(assessment: Assessment) -> bool:
    manifest = assessment.run.manifest
    return bool(manifest.phases_planned) or (manifest.plan == PHASES_PLAN and not manifest.prompts_planned)


def prompts_first(assessment: Assessment) -> Finding | None:
    """The finding that stands before everything: one so bad, or the first where nothing else was asked."""
    bad = [found for found in assessment.prompts if found.before_verdict]
    return next(iter(bad or (() if _has_verdict(assessment) else assessment.prompts)), None)


def _baseline(judged: Sequence[PhaseJudged], figures: Sequence[PhaseFigures]) -> tuple[BaselineFigures, ...]:
    found: dict[str, BaselineFigures] = {}
    for j, shown in zip(judged, figures, strict=True):
        phase = j.measured
        for target, solo_s in (phase.fit.solo_s if phase.fit else {}).items():
            alone = phase.alone[target]
            url = phase.targets[target].base_url
            row = BaselineFigures(
                target, url, phase.plan.name, solo_s.estimate(), alone.tokens or None, alone.ttft_s,
                alone.tpot_s, shown.drift,
            )  # fmt: skip
            found.setdefault(target, row)
    return tuple(found.values())


def _targets(judged: Sequence[PhaseJudged]) -> tuple[TargetFigures, ...]:
    """A row per phase and target; pairs of a matrix have a table of their own."""
    phases = [j.measured for j in judged if j.plan.pair_of is None]
    return tuple(_target(phase, target) for phase in phases for target in dict.fromkeys(phase.plan.deal))


def _target(phase: PhaseMeasured, target: str) -> TargetFigures:
    sent = [r for a in phase.rounds for r in a.requests if r.target == target]
    scored = [r for a in phase.scored for r in a.requests if r.target == target]
    solos = [s.ttft_s for s in phase.solos if s.target == target and s.ttft_s is not None]
    together = [r.ttft_s for r in scored if r.ttft_s is not None]
    return TargetFigures(
        phase=phase.plan.name,
        target=target,
        base_url=phase.targets[target].base_url,
        users=phase.plan.deal.count(target),
        requests=len(sent),
        failed=sum(r.error is not None for r in sent),
        ttft_alone_s=percentiles(solos).p50 if phase.streams else None,
        ttft_s=percentiles(together if phase.streams else []),
        answer_tokens_per_s=answer_pace(phase, target),
    )
