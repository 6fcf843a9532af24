"""What the page *Overlap* shows of a run: the last round as lanes, the phases that are measured, the levels.

A look at the page only hands it out. Rounds and phases are made while no request is open; levels, which have
no such instant, once a second at most (`how_many/so_far.py`).
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from analysis.files.plan import PlannedPhase
from analysis.files.request_record import RequestRecord
from analysis.lanes import lanes
from analysis.phase.measure import PhaseMeasured
from analysis.phase.overlap import round_peak
from analysis.phase.rounds import Round
from analysis.verdict.of_phase import Verdict


@dataclass
class LiveRun:
    """As JSON for the page; it grows as the run goes on."""

    round: dict[str, Any] | None = None  # the last that has ended
    phases: list[dict[str, Any]] = field(default_factory=list)
    levels: dict[str, Any] | None = None  # `headline`, `line` and `how_many`, which is that of report.json

    def show_round(self, plan: PlannedPhase, index: int, answers: Sequence[RequestRecord]) -> None:
        """All its requests have ended."""
        ended = Round(plan.name, index, tuple(answers))
        ports = list(dict.fromkeys(r.base_url for r in answers))
        self.round = {
            "phase": plan.name,
            "index": index + 1,
            "rounds": plan.max_rounds,
            "users": plan.users,
            "wall_s": ended.makespan_s,
            "together": round_peak(answers) or None,
            "lanes": [asdict(lane) for lane in lanes(ended, ports)],
        }

    def show_phase(self, measured: PhaseMeasured, verdict: Verdict) -> None:
        """All its rounds are measured."""
        self.phases.append(
            {
                "name": measured.plan.name,
                "users": measured.plan.users,
                "rounds": len(measured.scored),
                "speedup": None if measured.speedup is None else asdict(measured.speedup.estimate()),
                "speedup_max": measured.speedup_max,
                "together": measured.total.streams,
                "verdict": verdict.outcome,
                "sentence": verdict.sentence,
            }
        )
