"""What can be seen of one run while it goes on, and after it: for the page *Overlap* and the status line.

A look at the page only hands it out. Rounds and phases are made while no request is open; levels, which have
no such instant, once a second at most (`how_many/so_far.py`).
"""

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from analysis.files.plan import PlannedPhase
from analysis.files.request_record import BASELINE, WARMUP, RequestRecord
from analysis.phase.measure import PhaseMeasured
from analysis.phase.overlap import round_peak
from analysis.phase.rounds import Round
from analysis.prompts.finding import Finding
from analysis.verdict.said import Verdict
from replay.client.request import Request
from replay.live.lanes import LiveLanes, drawn
from replay.live.status import Where, status
from replay.live.targets import LiveTargets

TTFT, PER_TOKEN = "TTFT", "ms/token"
MOST_ROUNDS = 100  # that the page can page through


@dataclass
class LiveRun:
    """State of one run; it grows as the run goes on."""

    scenario: str = ""
    plan: str = ""
    lanes: LiveLanes = field(default_factory=LiveLanes)
    targets: LiveTargets = field(default_factory=LiveTargets)
    statistics: Any = None  # Locust's RequestStats, where a page shows them
    where: Where | None = None
    ends_s: float | None = None  # the run is over then, at the latest, on time.monotonic()
    rounds: list[dict[str, Any]] = field(default_factory=list)  # that have ended
    rounds_ended: int = 0
    speedup: dict[str, Any] | None = None  # of the phase that goes on, after its last round
    phases: list[dict[str, Any]] = field(default_factory=list)
    levels: dict[str, Any] | None = None  # `headline`, `line` and `how_many`, which is that of report.json
    interim: str | None = None  # what the phases so far say of the whole
    answered_so_far: int = 0
    ended: str | None = None  # how, in words; None while it goes on
    report: dict[str, Any] | None = None  # `verdict`, `answer` and `next_steps` of report.json

    def sent(self, requests: Sequence[Request], at_s: float) -> None:
        """They leave the gate at this instant of time.monotonic()."""
        self.lanes.sent(requests, at_s)

    def answered(self, record: RequestRecord) -> None:
        """A row has come."""
        self.answered_so_far += 1
        self.lanes.answered(record)
        self.targets.add(record)
        self._count(record)

    def _count(self, r: RequestRecord) -> None:
        """Beside Locust's own statistics, whose files are the witness of the log."""
        if self.statistics is None or r.error is not None or r.kind == WARMUP:
            return
        alone = r.kind == BASELINE
        name = r.target if alone else f"{r.phase}/{r.target}"
        for kind, value_s in ((TTFT, r.ttft_s), (PER_TOKEN, r.tpot_s)):
            if value_s:
                self.statistics.log_request(f"{kind} alone" if alone else kind, name, 1e3 * value_s, 0)

    def begin_phase(self, name: str, number: int, of: int, rounds: int | None = None) -> None:
        self.where = Where(name, number, of, rounds)
        self.speedup = None

    def expect_end(self, left_s: float) -> None:
        """The run takes so much longer at most."""
        self.ends_s = time.monotonic() + left_s

    def show_round(self, plan: PlannedPhase, index: int, answers: Sequence[RequestRecord]) -> None:
        """All its requests have ended."""
        ended = Round(plan.name, index, tuple(answers))
        self.rounds_ended += 1
        self.rounds.append(
            {
                "number": self.rounds_ended,
                "phase": plan.name,
                "index": index + 1,
                "rounds": plan.max_rounds,
                "users": plan.users,
                "together": round_peak(answers) or None,
                **drawn(ended, list(dict.fromkeys([*self.lanes.ports, *(r.base_url for r in answers)]))),
            }
        )
        del self.rounds[:-MOST_ROUNDS]

    def show_speedup(self, measured: PhaseMeasured) -> None:
        """After a round and its solos."""
        g = measured.speedup
        self.speedup = {
            "phase": measured.plan.name,
            "rounds": len(measured.scored),
            "of": measured.plan.max_rounds,
            "speedup": None if g is None else asdict(g.estimate()),
            "speedup_max": measured.speedup_max,
        }

    def show_prompts(self, found: Finding) -> None:
        """A phase of kind stall, talk or right has ended: it has a word, and no speedup."""
        empty = dict.fromkeys(("users", "rounds", "speedup", "speedup_max", "together"))
        said = {"verdict": found.word, "colour": found.word.colour, "sentence": found.sentences[0]}
        self.phases.append({"name": found.phase, **empty, **said})

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
                "colour": verdict.outcome.colour,
                "sentence": verdict.sentence,
            }
        )

    def status(self) -> str:
        """Where it is, in one sentence."""
        now_s = time.monotonic()
        return self.ended or status(self.where, self.lanes, self.answered_so_far, now_s, self.ends_s)

    def page(self) -> dict[str, Any]:
        """As JSON for the page, but for the rounds that have ended."""
        now_s = time.monotonic()
        return {
            "scenario": self.scenario,
            "plan": self.plan,
            "status": self.status(),
            "goes_on": self.ended is None,
            "now": self.lanes.shown(now_s) if self.ended is None else None,
            "rounds": self.rounds_ended,
            "speedup": self.speedup,
            "phases": self.phases,
            "targets": self.targets.shown(),
            "together_in": self.targets.phase,
            "failures": self.targets.shown_failures(),
            "levels": self.levels,
            "interim": self.interim,
            "report": self.report,
        }

    def verdict_rows(self, refused: str | None) -> list[dict[str, str]]:
        """Where the run is, what it found, what to do next: as a table for Locust's page."""
        rows = [("now", self.status() if self.plan else "no run has begun: press Start")]
        if refused is not None:
            rows.append(("refused", refused))
        if self.report is not None:
            rows.append(("verdict", (self.report["verdict"] or "none").upper()))
            rows.append(("answer", self.report["answer"]))
            rows += [("next", step) for step in self.report["next_steps"]]
            rows.append(("report", "under Download Data, and on the page /overlap"))
        elif self.levels is not None:
            rows.append(("so far", f"{self.levels['headline']}: {self.levels['line']}"))
        elif self.interim is not None:
            rows.append(("so far", self.interim))
        rows += [(p["name"], f"{_range(p['speedup'])}{p['verdict']}: {p['sentence']}") for p in self.phases]
        return [{"what": what, "words": words} for what, words in rows]


def _range(speedup: dict[str, Any] | None) -> str:
    if speedup is None:
        return ""
    ends = ("…" if end is None else f"{end:.2f}" for end in (speedup["low"], speedup["high"]))
    return f"speedup {speedup['value']:.2f} [{', '.join(ends)}], "
