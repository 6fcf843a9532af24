"""Set-ups for phases about prompts: what is asked, and the word that the report must have for it."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from scripts.engines.measure import run_of
from scripts.engines.setups import llamacpp

BUDGET_S: Final = 300
NOT_DECIDED: Final = ("inconclusive", "unknown")


@dataclass(frozen=True)
class PromptsSetup:
    """One server, one phase of kind `stall`, `talk` or `right`, and its word below `key` of report.json."""

    name: str
    servers: Callable[[Path], list[dict[str, Any]]]
    phase: dict[str, Any]
    key: str
    word: str


@dataclass(frozen=True)
class PromptsMeasured:
    """What one set-up gave: its word and the sentence, or why there is none."""

    setup: PromptsSetup
    word: str = "–"
    sentence: str = ""
    complaint: str | None = None

    @property
    def right(self) -> str:
        if self.complaint is None and self.word in NOT_DECIDED:
            return "not decided"
        return self.complaint or "yes"


def _own(options: str) -> Callable[[Path], list[dict[str, Any]]]:
    """The wheel's engine with settings that a scenario has no key for."""
    command = f"{sys.executable} -m servers llamacpp --port {{port}} --threads 1 {options}"
    return lambda folder: [{"kind": "command", "command": command, "ready_within_s": 120}]


STALL: Final = {"name": "stall", "kind": "stall", "prompt_tokens": [256, 800], "runners": [1], "rounds": 3}
TALK: Final = {"name": "talk", "kind": "talk", "users": [2], "order": ["in-turn"]}
SETUPS: Final = (
    PromptsSetup("llama.cpp as it is: a prompt of 800 tokens", llamacpp(3), STALL, "stall", "frozen"),
    PromptsSetup(
        "llama.cpp, 256 tokens at a time: the same",
        _own("--slots 3 --batch 256"),
        STALL,
        "stall",
        "in-pieces",
    ),
    PromptsSetup("llama.cpp, one slot, two people", llamacpp(1), TALK, "cache", "lost"),
    PromptsSetup(
        "llama.cpp, one slot and past prompts in memory, two people",
        _own("--slots 1 --cache-ram 2048"),
        TALK,
        "cache",
        "kept",
    ),
    PromptsSetup("llama.cpp, two slots, two people", llamacpp(2), TALK, "cache", "kept"),
    PromptsSetup(
        "llama.cpp, two slots, two people with a common system message",
        llamacpp(2),
        TALK | {"system_words": 150},
        "cache",
        "taken-over",
    ),
    PromptsSetup(
        "llama.cpp, four slots on one thread: codes with 2 and 4 at once",
        llamacpp(4),
        {"name": "right", "kind": "right", "users": [2, 4], "pairs": 24},
        "right",
        "right",
    ),
)


def measure_prompts(setup: PromptsSetup, folder: Path) -> PromptsMeasured:
    """Its word. `folder` is empty and its own."""
    found = run_of(scenario_of(setup, folder), folder)
    if isinstance(found, str):
        return PromptsMeasured(setup, complaint=found)
    report, _ = found
    return judged(setup, report)


def scenario_of(setup: PromptsSetup, folder: Path) -> dict[str, Any]:
    return {
        "name": "engine",
        "servers": setup.servers(folder),
        "targets": [{"name": "A", "server": 0}],
        "phases": [setup.phase],
        "budget_s": BUDGET_S,
    }


def judged(setup: PromptsSetup, report: dict[str, Any]) -> PromptsMeasured:
    figures = report[setup.key]
    if figures is None:
        return PromptsMeasured(setup, complaint=f"no word, must be {setup.word}")
    word = figures["verdict"]
    wrong = word != setup.word and word not in NOT_DECIDED
    return PromptsMeasured(setup, word, report["answer"], f"{word}, must be {setup.word}" if wrong else None)


def prompts_table(measured: Sequence[PromptsMeasured]) -> str:
    """Markdown, a line per set-up."""
    lines = ["| set-up | word | in a sentence | right |", "|---|---|---|---|"]
    lines += [f"| {m.setup.name} | `{m.word}` | {m.sentence} | {m.right} |" for m in measured]
    return "\n".join(lines)
