"""All findings of a run, in the order of its plan."""

from collections.abc import Callable, Sequence
from typing import Any

from analysis.files.request_record import RECALL, RequestRecord
from analysis.files.run import Run
from analysis.prompts.finding import Finding
from analysis.prompts.right import finding as right
from analysis.prompts.stall.finding import finding as stall
from analysis.prompts.talk.finding import finding as talk

# By kind of phase
FINDINGS: dict[str, Callable[[Run, Any, Sequence[RequestRecord]], Finding]] = {
    "stall": stall,
    "talk": talk,
    "right": right.finding,
}


def prompts_of(run: Run, records: Sequence[RequestRecord]) -> tuple[Finding, ...]:
    """A finding for each phase of these kinds that left a row; first, foreign texts in any other phase."""
    sent = {r.phase for r in records}
    planned = [p for p in run.manifest.prompts_planned if p.name in sent and p.kind in FINDINGS]
    found = [FINDINGS[p.kind](run, p, [r for r in records if r.phase == p.name]) for p in planned]
    elsewhere = right.foreign_elsewhere(run, [r for r in records if r.kind != RECALL])
    return (*((elsewhere,) if elsewhere else ()), *found)
