"""A phase of kind `stall` judged: its word, its two lines, its figures."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from statistics import median
from typing import Any

from analysis.advice.next_steps import prompt_steps
from analysis.files.plan import PlannedStall
from analysis.files.request_record import NEWCOMER, RequestRecord
from analysis.files.run import Run
from analysis.prompts.finding import Finding, not_asked
from analysis.prompts.stall.chunks import Arrivals, read_chunks
from analysis.prompts.stall.events import Steps, steps_of
from analysis.prompts.stall.sentences import HEADER, lines_of, newcomer_of, notes_of, row_of
from analysis.prompts.stall.sizes import SizeFound, per_1000_tokens_s, sizes_of
from analysis.prompts.stall.verdict import conditions_of, word_of
from analysis.prompts.stall.words import StallWord
from analysis.statistics.estimates import Estimate

CHART = "stall"


def finding(run: Run, plan: PlannedStall, records: Sequence[RequestRecord]) -> Finding:
    """`records`: of this phase only."""
    kinds = {t.name: t.kind for t in run.manifest.targets}
    asked = tuple(dict.fromkeys(kinds[t] for t in plan.targets if t in kinds))
    return found_in(plan, records, read_chunks(run.prefix), asked)


def found_in(
    plan: PlannedStall, records: Sequence[RequestRecord], arrivals: Arrivals, kinds: Sequence[str] = ()
) -> Finding:
    """The same from rows and tokens that need no file; `kinds`: of the servers."""
    steps = steps_of(records, arrivals)
    sizes, asked = sizes_of(steps), (plan.targets[0], *([plan.newcomer] if plan.newcomer else []))
    cached = sum(_was_cached(r) for r in records if r.kind == NEWCOMER)
    conditions = conditions_of(steps, sizes, cached)
    failed = any(c.passed is False for c in conditions if c.name != "runners ran")
    word = StallWord.UNKNOWN if failed else word_of(steps, sizes)
    return Finding(
        kind=plan.kind,
        key="stall",
        phase=plan.name,
        word=word,
        sentences=lines_of(word, steps, sizes),
        notes=(*notes_of(steps, sizes), *not_asked(plan.targets, asked)),
        figures=_figures(word, steps, sizes, plan),
        header=HEADER,
        rows=tuple(row_of(s) for s in sizes),
        charts=(CHART,) if sizes else (),
        conditions=conditions,
        next_steps=prompt_steps(f"stall-{word}", kinds),
    )


def _was_cached(r: RequestRecord) -> bool:
    """Whether more was in the cache than a chat template has: the words were never sent before."""
    return (
        r.cached_tokens is not None
        and r.prompt_words is not None
        and (r.cached_tokens > (r.prompt_tokens or 0) - r.prompt_words)
    )


def _figures(
    word: StallWord, steps: Steps, sizes: Sequence[SizeFound], plan: PlannedStall
) -> Mapping[str, Any]:
    place = newcomer_of(sizes)
    return {
        "verdict": word,
        "sizes": [_size(s, steps) for s in sizes],
        "per_1000_tokens_s": per_1000_tokens_s(sizes),
        "newcomer": None if place is None else {"target": plan.newcomer, "verdict": place},
    }


def _size(s: SizeFound, steps: Steps) -> dict[str, Any]:
    middle, most = s.stall_s
    behind = [wait_s for words, wait_s in steps.questions_behind if words == s.words]
    return {
        "prompt_tokens": s.tokens,
        "runners": s.runners,
        "other_port": s.apart,
        "events": len(s.events),
        "reading_alone_s": _dict(s.alone_s),
        "reading_beside_s": _dict(s.beside_s),
        "price": _dict(s.price),
        "stall_s": {"median": middle, "max": most},
        "stall_share": _dict(s.share),
        "frozen": _dict(s.frozen),
        "standstills": s.standstills,
        "read_at_a_time": s.read_at_a_time,
        "pace_kept": _dict(s.pace_kept),
        "usual_gap_s": s.usual_gap_s,
        "latecomer_s": {
            "alone": median(steps.questions_alone_s) if steps.questions_alone_s else None,
            "behind": median(behind),
        }
        if behind
        else None,
    }


def _dict(estimate: Estimate | None) -> dict[str, Any] | None:
    return asdict(estimate) if estimate is not None else None
