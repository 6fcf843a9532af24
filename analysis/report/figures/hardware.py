"""Was the machine worth its price for parallel work? Validated or not, in responses per minute."""

from collections.abc import Sequence
from dataclasses import dataclass

from analysis.advice.next_steps import Hardware, hardware
from analysis.assess import Assessment
from analysis.report.figures.phase import PhaseFigures
from analysis.statistics.estimates import Estimate
from analysis.verdict.limit import MACHINES
from analysis.verdict.outcomes import Outcome


@dataclass(frozen=True, slots=True)
class HardwareFigures:
    """Responses per minute, as measured over the scored rounds; None where nothing was measured."""

    finding: Hardware
    one_after_another: float | None
    one_port: PhaseFigures | None  # the most that one port answered
    ports: PhaseFigures | None  # one user per port on as many ports as were measured so, of one machine
    most: PhaseFigures | None
    second_machine: float | None  # computed: twice the most, since machines share nothing

    @property
    def ports_bring(self) -> Estimate | None:
        """Several ports over one after another."""
        return self.ports.speedup if self.ports else None


def hardware_figures(assessment: Assessment, phases: Sequence[PhaseFigures]) -> HardwareFigures:
    finding = hardware(assessment.answer.finding)
    timed = [p for p in phases if p.pair_of is None and p.responses_per_min and p.speedup is not None]
    if assessment.answer.outcome == Outcome.INVALID or not timed:
        return HardwareFigures(finding, None, None, None, None, None)
    together = [p for p in timed if p.ports > 1 and p.users == p.ports]
    here = [p for p in together if p.topology != MACHINES]
    ports = max(here or together, key=lambda p: p.ports, default=None)
    most = max(timed, key=_rate)
    basis = ports or timed[0]
    return HardwareFigures(
        finding=finding,
        one_after_another=_rate(basis) / basis.speedup.value if basis.speedup else None,
        one_port=max((p for p in timed if p.topology == "one-port"), key=_rate, default=None),
        ports=ports,
        most=most,
        second_machine=None if any(p.topology == MACHINES for p in timed) else 2 * _rate(most),
    )


def _rate(p: PhaseFigures) -> float:
    return p.responses_per_min or 0.0
