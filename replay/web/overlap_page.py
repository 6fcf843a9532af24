"""The live page *Overlap*: the last round as lanes, and each phase once it is measured.

What it shows is made between rounds, never while a request is open; a look at the page only hands it out.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, jsonify

from analysis.files.request_record import RequestRecord
from analysis.phase.measure import PhaseMeasured
from analysis.phase.overlap import round_peak
from analysis.phase.rounds import PlannedPhase, Round
from analysis.report.lanes import lanes
from analysis.verdict.of_phase import Verdict

PAGE = Path(__file__).with_suffix(".html")


@dataclass
class Shown:
    """What the page says of one run. It grows as the run goes on."""

    round: dict[str, Any] | None = None  # that ended last
    phases: list[dict[str, Any]] = field(default_factory=list)

    def show_round(self, plan: PlannedPhase, index: int, burst: Sequence[RequestRecord]) -> None:
        """All its requests have ended."""
        ended = Round(plan.name, index, tuple(burst))
        ports = list(dict.fromkeys(r.base_url for r in burst))
        self.round = {
            "phase": plan.name,
            "index": index + 1,
            "rounds": plan.max_rounds,
            "users": plan.users,
            "wall_s": ended.makespan_s,
            "together": round_peak(burst) or None,
            "lanes": [asdict(lane) for lane in lanes(ended, ports)],
        }

    def show_phase(self, measured: PhaseMeasured, verdict: Verdict) -> None:
        """It has been measured to its end."""
        speedup = None if measured.speedup is None else asdict(measured.speedup.estimate())
        self.phases.append(
            {
                "name": measured.plan.name,
                "users": measured.plan.users,
                "rounds": len(measured.scored),
                "speedup": speedup,
                "speedup_max": measured.speedup_max,
                "together": measured.total.streams,
                "verdict": verdict.outcome,
                "sentence": verdict.sentence,
            }
        )


def add_overlap_page(web_ui: Any, shown: Callable[[], Shown], base_path: str) -> None:
    """`/overlap` and what it asks for once a second; behind the login where there is one."""
    pages = Blueprint("portlap_overlap", __name__, url_prefix=base_path)

    @pages.route("/overlap")
    @web_ui.auth_required_if_enabled  # type: ignore[untyped-decorator]
    def page() -> Response:
        return Response(PAGE.read_text(encoding="utf-8"), mimetype="text/html")

    @pages.route("/overlap/data")
    @web_ui.auth_required_if_enabled  # type: ignore[untyped-decorator]
    def data() -> Response:
        return jsonify(asdict(shown()))

    web_ui.app.register_blueprint(pages)
