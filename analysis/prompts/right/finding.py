"""What the report shows of a phase of kind `right`: its word, two lines, the table, the figures."""

import json
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from analysis.advice.next_steps import prompt_steps
from analysis.escapes import visible_in
from analysis.files.plan import PlannedRight
from analysis.files.request_record import RequestRecord
from analysis.files.run import Run, file_of
from analysis.prompts.finding import Finding
from analysis.prompts.right.answers import foreign
from analysis.prompts.right.levels import RightLevel
from analysis.prompts.right.result import Right, right
from analysis.prompts.right.sentences import LOOK_THERE, carried, sentences
from analysis.prompts.right.words import RightWord

HEADER = ("at once", "right", "alone", "lost", "gained", "chance", "garbled", "foreign, open / ended")
MOST_EVIDENCE = 20  # answers
CHART = "right"


def finding(run: Run, plan: PlannedRight, records: Sequence[RequestRecord]) -> Finding:
    """Of the rows of this phase."""
    found = right(records, max(plan.users))
    kinds = _kinds(run, plan.targets)
    return Finding(
        kind="right",
        key="right",
        phase=plan.name,
        word=found.verdict,
        sentences=sentences(found),
        figures=figures(found, _evidence(run.prefix)),
        header=HEADER,
        rows=tuple(_row(found, level) for level in found.levels),
        charts=(CHART,),
        conditions=found.conditions,
        next_steps=_steps(found, kinds),
        before_verdict=found.verdict.is_wrong,
    )


def _steps(found: Right, kinds: tuple[str, ...]) -> tuple[str, ...]:
    """Those of its word; where a condition has failed, what that condition asks for."""
    failed = [c for c in found.conditions if c.passed is False]
    if failed and not found.verdict.decided:
        return tuple(f"{c.hint[0].upper()}{c.hint[1:]}." for c in failed)
    return prompt_steps(f"right-{found.verdict}", kinds)


def foreign_elsewhere(run: Run, records: Sequence[RequestRecord]) -> Finding | None:
    """Another request's prefix in an answer of any other phase; None if there is none."""
    if not any(r.said for r in records):
        return None
    found = foreign(records)
    rows = (*found.open, *found.ended)
    if not rows:
        return None
    word = RightWord.MIXED_UP if found.open else RightWord.LEFT_OVER
    what = "another request asked at that moment" if found.open else "a request asked that had ended"
    first = rows[0]
    return Finding(
        kind="right",
        key="foreign",
        phase=first.phase,
        word=word,
        sentences=(
            f"{carried(len(found.open or found.ended), found.watched)} what {what} (request {first.said_of}, "
            f"in the answer to request {first.request_id}).",
            f"The answers may be fast, but they are wrong. {LOOK_THERE}",
        ),
        figures={
            "watched": found.watched,
            "open": len(found.open),
            "ended": len(found.ended),
            "answers": [{"request_id": r.request_id, "phase": r.phase, "of": r.said_of} for r in rows[:20]],
        },
        next_steps=prompt_steps(f"right-{word}", _kinds(run, {r.target for r in rows})),
        before_verdict=True,
    )


def figures(found: Right, evidence: Sequence[Any]) -> dict[str, Any]:
    """The object `right` of report.json."""
    differ = found.texts_differ
    return {
        "verdict": found.verdict.value,
        "form": found.form,
        "pairs": found.pairs,
        "alone": {"right": found.alone.right, "n": found.alone.n},
        "levels": [_level(level) for level in found.levels],
        "excluded_above": found.excluded_above,
        "decoy_hits": found.foreign.chance,
        "astray": [a._asdict() for a in found.astray],
        "texts_differ": differ and {"alone": differ.alone, "together": differ.together, "n": differ.n},
        "evidence": list(evidence),
    }


def _level(level: RightLevel) -> dict[str, Any]:
    names = (
        "users",
        "churn",
        "right",
        "n",
        "lost",
        "gained",
        "p",
        "garbled",
        "foreign_open",
        "foreign_ended",
    )
    return {name: getattr(level, name) for name in names}


def _row(found: Right, level: RightLevel) -> tuple[str, ...]:
    alone = f"{level.alone} of {found.asked_alone}" if level.churn else f"{level.alone} of {level.n}"
    return (
        f"{level.users}, come and go" if level.churn else str(level.users),
        f"{level.right} of {level.n}",
        alone,
        str(level.lost),
        "" if level.churn else str(level.gained),
        f"{level.p:.2g}",
        str(level.garbled),
        f"{level.foreign_open} / {level.foreign_ended}",
    )


def _kinds(run: Run, targets: Sequence[str] | set[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(t.kind for t in run.manifest.targets if t.name in targets))


def _evidence(prefix: Path) -> list[Any]:
    """The answers that were kept; none if the file cannot be read."""
    try:
        with file_of(prefix, "evidence.jsonl").open(encoding="utf-8", errors="replace") as file:
            lines = list(islice(file, MOST_EVIDENCE))
    except OSError:
        return []
    found = []
    for line in lines:
        try:
            found.append(visible_in(json.loads(line)))
        except (ValueError, RecursionError):  # the last line of a run that was killed
            break
    return found
