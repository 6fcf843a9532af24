"""Set-ups for `--how-many`: llama.cpp with a known number of slots, each swept twice."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from scripts.engines.measure import run_of
from scripts.engines.setups import llamacpp

SLOTS: Final = (1, 2, 4)
TIMES: Final = 2  # the second sweep must agree with the first within a step
BUDGET_S: Final = 180
# One thread: four streams share it, so the speed is low. A fifth user waits for a slot.
REQUEST: Final = {"max_tokens": 60}
TARGET: Final = {"ttft_s": 0.6, "speed": 5, "most": 8}
SLOTS_END_IT: Final = "slots"
NOT_DECIDED: Final = ("open", "irregular", "–")  # nothing ended it, or the machine does not hold still


@dataclass(frozen=True)
class Swept:
    """One sweep of a server with so many slots: what it said, or why it said nothing."""

    slots: int
    number: int | None = None
    together: int | None = None
    why: str = "–"
    sentence: str = ""
    complaint: str | None = None

    @property
    def right(self) -> str:
        return self.complaint or ("not decided" if self.why in NOT_DECIDED else "yes")


def sweep(slots: int, folder: Path) -> Swept:
    """What `--how-many` says. `folder` is empty and its own."""
    found = run_of(scenario_of(slots, folder), folder, "--how-many")
    if isinstance(found, str):
        return Swept(slots, complaint=found)
    return judged(slots, found[0])


def scenario_of(slots: int, folder: Path) -> dict[str, Any]:
    return {
        "name": "engine",
        "servers": llamacpp(slots)(folder),
        "targets": [{"name": "A", "server": 0}],
        "request": REQUEST,
        "how_many": TARGET,
        "budget_s": BUDGET_S,
    }


def judged(slots: int, report: dict[str, Any]) -> Swept:
    """Right if the slots are seen to be decoded together, and to be what ends it."""
    figures = report["how_many"]
    if figures is None:
        return Swept(slots, complaint="no answer counts")
    together, why = figures["together"], figures["why"]
    complaint = None
    if together != slots:
        complaint = f"{together} together, must be {slots}"
    elif why not in (SLOTS_END_IT, *NOT_DECIDED):
        complaint = f"{why}, must be {SLOTS_END_IT}"
    return Swept(slots, figures["carries"], together, why, report["answer"], complaint)


def disagreements(swept: Sequence[Swept]) -> list[str]:
    """Of servers with the same slots: numbers more than a step apart (a tenth, at least one)."""
    found = []
    for slots in dict.fromkeys(s.slots for s in swept):
        numbers = [s.number for s in swept if s.slots == slots and s.number is not None]
        if numbers and max(numbers) - min(numbers) > max(round(0.1 * max(numbers)), 1):
            found.append(f"{slots} slots: {' and '.join(map(str, numbers))}, more than a step apart")
    return found


def how_many_table(swept: Sequence[Swept]) -> str:
    """Markdown, a line per sweep, and one for each pair that does not agree."""
    lines = [
        "| slots, one thread | carries | decoded together | what ends it | in a sentence | right |",
        "|---|---|---|---|---|---|",
    ]
    for s in swept:
        cells = (s.slots, _or_dash(s.number), _or_dash(s.together), s.why, s.sentence, s.right)
        lines.append(f"| {' | '.join(map(str, cells))} |")
    return "\n".join([*lines, *(f"\n{line}" for line in disagreements(swept))])


def _or_dash(number: int | None) -> str:
    return "–" if number is None else str(number)
