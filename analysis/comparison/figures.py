"""The phases that runs have in common: what each run measured, and each run over the first one."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from analysis.assess import Assessment
from analysis.comparison.ratio import inverse, ratio
from analysis.errors import RunError
from analysis.prompts.finding import Finding
from analysis.report.figures.phase import PhaseFigures
from analysis.report.figures.run import RunFigures
from analysis.statistics.estimates import Estimate
from analysis.verdict.outcomes import Outcome


@dataclass(frozen=True, slots=True)
class Quantity:
    """One thing compared; `more` is better where `more_is_better`."""

    key: str  # in `--fail-if` and in JSON
    label: str  # with its unit
    more_is_better: bool
    of: Callable[[PhaseFigures], Estimate | None]


def _p50(p: PhaseFigures) -> Estimate | None:
    return None if p.ttft_s.p50 is None else Estimate(p.ttft_s.p50, None, None, p.requests - p.failed)


QUANTITIES = (
    Quantity("responses_per_min", "answers per minute", True, lambda p: inverse(p.wall_s, 60.0 * p.users)),
    Quantity("speedup", "speedup G, ×", True, lambda p: p.speedup),
    Quantity("tokens_per_s_alone", "tokens/s of one, alone", True, lambda p: p.answer_tokens_per_s.alone),
    Quantity("tokens_per_s", "  together", True, lambda p: p.answer_tokens_per_s.together),
    Quantity("ttft_s", "TTFT p50, s", False, _p50),
    Quantity("wall_s", "wall clock of a round, s", False, lambda p: p.wall_s),
)
HEADLINE = QUANTITIES[0].key


@dataclass(frozen=True, slots=True)
class ComparedRun:
    """One run, under the short name that the comparison uses."""

    name: str
    assessment: Assessment
    figures: RunFigures


@dataclass(frozen=True, slots=True)
class ComparedPhase:
    """One phase of all runs; a run that lacks it is None. `ratios`: over the first run, which has None."""

    name: str
    shown: tuple[PhaseFigures | None, ...]
    values: dict[str, tuple[Estimate | None, ...]]  # by quantity
    ratios: dict[str, tuple[Estimate | None, ...]]

    @property
    def verdicts(self) -> tuple[Outcome | None, ...]:
        return tuple(p.verdict if p else None for p in self.shown)


def compared_phases(runs: Sequence[ComparedRun], anyway: bool) -> tuple[ComparedPhase, ...]:
    """Every phase that at least two runs have, in the order of the first. Raises RunError.

    Refused unless `anyway`: phases of one name that ask different questions, or times of other scales.
    """
    phases = [{p.name: p for p in run.figures.listed} for run in runs]
    if compared_prompts(runs) and not all(phases):
        return ()  # what was asked of prompts is compared all the same
    for run, own in zip(runs, phases, strict=True):
        if not own:
            raise RunError(f"{run.name}: has no phases to compare; give runs of the plan `phases`")
    names = dict.fromkeys(name for own in phases for name in own)
    common = (
        [name for name in names if sum(name in own for own in phases) > 1] if len(runs) > 1 else list(names)
    )
    if not common:
        has = "; ".join(f"{r.name}: {', '.join(own)}" for r, own in zip(runs, phases, strict=True))
        raise RunError(f"the runs have no phase in common ({has}); measure them with one scenario")
    if not anyway:
        _refuse_other_questions(runs, phases, common)
    return tuple(_compared(name, tuple(own.get(name) for own in phases)) for name in common)


def compared_prompts(runs: Sequence[ComparedRun]) -> dict[str, tuple[Finding | None, ...]]:
    """By kind, what each run has found in its phases of kind stall, talk and right; of what one found."""
    found = [{f.key: f for f in run.assessment.prompts} for run in runs]
    keys = dict.fromkeys(key for own in found for key in own)
    return {key: tuple(own.get(key) for own in found) for key in keys}


def _compared(name: str, shown: tuple[PhaseFigures | None, ...]) -> ComparedPhase:
    values = {q.key: tuple(q.of(p) if p else None for p in shown) for q in QUANTITIES}
    ratios = {key: (None, *(ratio(e, found[0]) for e in found[1:])) for key, found in values.items()}
    return ComparedPhase(name, shown, values, ratios)


def _refuse_other_questions(
    runs: Sequence[ComparedRun], phases: Sequence[dict[str, PhaseFigures]], common: Sequence[str]
) -> None:
    scales = {r.assessment.run.manifest.time_scale for r in runs}
    if len(scales) > 1:
        raise RunError("the servers of these runs are simulated at other time scales; --anyway compares them")
    for name in common:
        asked = {
            r.name: f"{own[name].users} users over {_where(own[name])}"
            for r, own in zip(runs, phases, strict=True)
            if name in own
        }
        if len(set(asked.values())) > 1:
            each = ", ".join(f"{question} in {run}" for run, question in asked.items())
            raise RunError(f"{name} asks another question in each run: {each}; --anyway compares them")


def _where(p: PhaseFigures) -> str:
    return "one port" if p.ports == 1 else f"{p.ports} ports"
