"""What one phase of the kinds stall, talk and right has found, for every writer of the report alike."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from analysis.conditions.condition import Condition
from analysis.verdict.outcomes import Outcome


class PromptsWord(StrEnum):
    """The words of one kind, which lists its own; `unknown` and `inconclusive` decide nothing."""

    @property
    def decided(self) -> bool:
        return self.value not in ("unknown", Outcome.INCONCLUSIVE.value)

    @property
    def colour(self) -> str:
        """green: good news; red: do not use it so; yellow: all else. Each kind says it of its words."""
        return "yellow"


@dataclass(frozen=True, slots=True)
class Finding:
    """`figures` is its object in report.json, below `key`."""

    kind: str  # stall, talk or right
    key: str
    phase: str
    word: PromptsWord
    sentences: tuple[str, ...]  # two lines that a newcomer understands
    figures: Mapping[str, Any]
    notes: tuple[str, ...] = ()
    header: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()  # of its table
    charts: tuple[str, ...] = ()
    conditions: tuple[Condition, ...] = ()
    next_steps: tuple[str, ...] = ()
    before_verdict: bool = False  # so bad that it stands before what was measured of speed


def not_asked(targets: Sequence[str], asked: Collection[str]) -> tuple[str, ...]:
    """A note that names the phase's targets that it did not ask; () if there is none."""
    others = [target for target in targets if target not in asked]
    if not others:
        return ()
    return (f"Only {', '.join(asked)} was asked, not {', '.join(others)}: a run of its own for each.",)
