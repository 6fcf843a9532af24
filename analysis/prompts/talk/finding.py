"""A phase of kind `talk` judged: its word, its two lines, its figures."""

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from analysis.advice.next_steps import prompt_steps
from analysis.files.plan import PlannedTalk
from analysis.files.request_record import RequestRecord
from analysis.files.run import Run
from analysis.prompts.finding import Finding, not_asked
from analysis.prompts.talk.groups import GroupFound, by_time, groups_of
from analysis.prompts.talk.line import line_through
from analysis.prompts.talk.parts import STRANGER, SYSTEM, by_part, conversations, line_of
from analysis.prompts.talk.sentences import HEADER, lines_of, notes_of, row_of
from analysis.prompts.talk.verdict import Warm, conditions_of, told_truly, warm_of, word_of
from analysis.prompts.talk.words import TalkWord

CHART = "talk"
FREELY = {"llamacpp": "timings", "ollama": "native"}  # where a kind tells its cached tokens, else in usage


def finding(run: Run, plan: PlannedTalk, records: Sequence[RequestRecord]) -> Finding:
    """`records`: of this phase only."""
    info = next((t for t in run.manifest.targets if t.name == plan.targets[0]), None)
    return found_in(plan, records, info.kind if info else "", info.slots if info else None)


def found_in(
    plan: PlannedTalk, records: Sequence[RequestRecord], kind: str = "", slots: int | None = None
) -> Finding:
    """The same from rows alone; `kind` of the server, and its slots if it tells them."""
    line = line_through(line_of(records))
    groups = groups_of(by_part(conversations(records)), line)
    failed = sum(r.error is not None for r in records)
    conditions = conditions_of(groups, line, failed)
    tells = any(t.told is not None for g in groups for t in g.turns)
    if told_truly(groups).passed is False:
        groups, tells = [by_time(g) for g in groups], False
    word, warm = word_of(groups, slots), warm_of(groups)
    if any(c.passed is False for c in conditions if c.name in ("turns whole", "history grew")):
        word = TalkWord.UNKNOWN
    return Finding(
        kind=plan.kind,
        key="cache",
        phase=plan.name,
        word=word,
        sentences=lines_of(word, groups, warm),
        notes=(*notes_of(groups), *not_asked(plan.targets, plan.targets[:1])),
        figures=_figures(word, groups, warm, plan, _told_by(groups, kind, tells)),
        header=HEADER,
        rows=tuple(row_of(g) for g in groups),
        charts=(CHART,) if groups else (),
        conditions=conditions,
        next_steps=prompt_steps(f"talk-{word}", [kind] if kind else []),
    )


def _told_by(groups: Sequence[GroupFound], kind: str, tells: bool) -> str | None:
    if tells:
        return FREELY.get(kind, "usage")
    return "time" if any(t.inferred is not None for g in groups for t in g.turns) else None


def _figures(
    word: TalkWord, groups: Sequence[GroupFound], warm: Warm, plan: PlannedTalk, told_by: str | None
) -> Mapping[str, Any]:
    return {
        "verdict": word,
        "told_by": told_by,
        "rows": [_row(g, plan) for g in groups],
        "warm": warm.kept_with,
        "lost_at": warm.lost_with,
    }


def _row(g: GroupFound, plan: PlannedTalk) -> dict[str, Any]:
    first = g.first_tokens_s
    return {
        "users": g.part.users,
        "order": g.part.order,
        "system_words": plan.system_words if g.part.order == SYSTEM else 0,
        "strangers": max(plan.strangers, 1) if g.part.order == STRANGER else 0,
        "turns": len(g.turns),
        "turns_kept": sum(t.kept is True for t in g.turns),
        "users_kept": g.users_kept,
        "read": g.read,
        "sent": g.sent,
        "first_token_s": {"p50": median(first), "max": max(first)} if first else None,
    }
