"""Was the machine worth its price for parallel work? Validated or not, in responses per minute."""

from dataclasses import dataclass

from analysis.advice.next_steps import Hardware, hardware
from analysis.assess import Assessment
from analysis.report import words
from analysis.report.figures.phase import PhaseFigures
from analysis.report.figures.run import RunFigures
from analysis.statistics.estimates import Estimate
from analysis.verdict.outcomes import Outcome

MACHINES = "machines"


@dataclass(frozen=True, slots=True)
class HardwareFigures:
    """Responses per minute, as measured over the scored rounds; None where nothing was measured."""

    told: Hardware
    one_after_another: float | None
    one_port: PhaseFigures | None  # the most that one port answered
    ports: PhaseFigures | None  # one user per port on as many ports as were measured so, of one machine
    most: PhaseFigures | None
    second_machine: float | None  # computed: twice the most, since machines share nothing

    @property
    def ports_bring(self) -> Estimate | None:
        """Several ports over one after another."""
        return self.ports.speedup if self.ports else None


def hardware_figures(assessment: Assessment, figures: RunFigures) -> HardwareFigures:
    told = hardware(assessment.answer.finding)
    timed = [p for p in figures.listed if p.responses_per_min is not None and p.speedup is not None]
    if assessment.answer.outcome == Outcome.INVALID or not timed:
        return HardwareFigures(told, None, None, None, None, None)
    together = [p for p in timed if p.ports > 1 and p.users == p.ports]
    here = [p for p in together if p.topology != MACHINES]
    ports = max(here or together, key=lambda p: p.ports, default=None)
    most = max(timed, key=_rate)
    basis = ports or timed[0]
    return HardwareFigures(
        told=told,
        one_after_another=_rate(basis) / basis.speedup.value if basis.speedup else None,
        one_port=max((p for p in timed if p.topology == "one-port"), key=_rate, default=None),
        ports=ports,
        most=most,
        second_machine=None if any(p.topology == MACHINES for p in timed) else 2 * _rate(most),
    )


def sentences(found: HardwareFigures) -> list[str]:
    """The seed's question in its terms; the first sentence is the answer."""
    state = {True: "validated", False: "not validated", None: "open"}[found.told.validated]
    said = [f"The machine, for parallel work: {state}; {found.told.because}."]
    if found.most is None:
        return said
    rates = [f"{words.number(found.one_after_another)} one after another"]
    shown = [p for p in (found.one_port, found.ports) if p is not None]
    rates += [_rated(p) for p in shown]
    rates += [f"{_rated(found.most)} at most"] if found.most not in shown else []
    said.append(f"Responses per minute: {', '.join(rates)}.")
    if found.ports is not None:
        said.append(
            f"The {words.topology(found.ports)} bring {words.interval(found.ports_bring)} times "
            "one after another; more of them than were measured are not foretold."
        )
    if found.second_machine is not None:
        said.append(
            f"A second machine like this one would bring as much again, about "
            f"{words.number(found.second_machine)} in all (computed: machines share nothing)."
        )
    return said


def _rate(p: PhaseFigures) -> float:
    return p.responses_per_min or 0.0


def _rated(p: PhaseFigures) -> str:
    return f"{words.number(p.responses_per_min)} from {words.topology(p)} ({p.users} users)"
