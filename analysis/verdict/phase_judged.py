"""A phase with all that was concluded from it: what the verdict of the run, the report and advice read."""

from dataclasses import dataclass

from analysis.conditions.condition import Condition
from analysis.files.plan import PlannedPhase
from analysis.phase.measure import PhaseMeasured
from analysis.phase.server_load import ServerLoad
from analysis.verdict.outcomes import Outcome
from analysis.verdict.said import Verdict


@dataclass(frozen=True, slots=True)
class PhaseJudged:
    measured: PhaseMeasured
    conditions: tuple[Condition, ...]  # the phase's own
    verdict: Verdict
    load: ServerLoad | None = None  # what servers and machine report of themselves during the rounds
    evidence: tuple[str, ...] = ()  # sentences from it that explain a verdict without gain

    @property
    def plan(self) -> PlannedPhase:
        return self.measured.plan

    @property
    def ports(self) -> tuple[str, ...]:
        return self.measured.ports

    @property
    def outcome(self) -> Outcome:
        return self.verdict.outcome
