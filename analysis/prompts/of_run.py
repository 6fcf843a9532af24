"""All findings of a run, in the order of its plan."""

from collections.abc import Callable, Sequence
from typing import Any

from analysis.files.request_record import RequestRecord
from analysis.files.run import Run
from analysis.prompts.finding import Finding
from analysis.prompts.stall.finding import finding as stall

# By kind of phase
FINDINGS: dict[str, Callable[[Run, Any, Sequence[RequestRecord]], Finding]] = {"stall": stall}


def prompts_of(run: Run, records: Sequence[RequestRecord]) -> tuple[Finding, ...]:
    """A finding for each phase of these kinds that left a row."""
    sent = {r.phase for r in records}
    planned = [p for p in run.manifest.prompts_planned if p.name in sent and p.kind in FINDINGS]
    return tuple(FINDINGS[p.kind](run, p, [r for r in records if r.phase == p.name]) for p in planned)
