"""What to do after each finding, for each kind of server: the decision table `next_steps.yaml`, read."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

# findings that are no verdicts: serial although several ports were asked; a gain that several machines
# bring; pairs of ports of which some gain and some do not
SERIAL_PORTS, MACHINES_PARALLEL, PAIRS_DIFFER = "serial-ports", "machines-parallel", "pairs-differ"
LOCKS: Final = {
    limit: f"lock-{limit}" for limit in ("model", "program", "machine")
}  # whose lock, if that is known

OTHER: Final = "other"


@dataclass(frozen=True, slots=True)
class Hardware:
    """Was the machine worth its price for parallel work? None: open."""

    validated: bool | None
    because: str


def next_steps(
    finding: str, kinds: Iterable[str], contains: Collection[str] = (), *, embeds: bool = False
) -> tuple[str, ...]:
    """The finding's steps, most useful first, in the words for these kinds of servers; each text once.

    A step whose experiment the run already `contains` is left out, and one whose cause it does not. Where
    several kinds were asked, words that are one kind's own say whose. `embeds`: the run asked for embeddings,
    which other settings help.
    """
    own = _table()["embeddings"].get(finding) if embeds else None
    steps = own or _table()["findings"][finding]["steps"]
    return _in_words(steps, tuple(kinds) or (OTHER,), contains)


def _in_words(names: Iterable[str], asked: Collection[str], contains: Collection[str]) -> tuple[str, ...]:
    steps = _table()["steps"]
    steps_in_words = [
        f"{_whose(kind, steps[name]['do'], asked)}{text} Expect: {steps[name]['expect']}"
        for name in names
        if steps[name].get("unless") not in contains
        and ("when" not in steps[name] or steps[name]["when"] in contains)
        for kind in asked
        if (text := _words(steps[name]["do"], kind)) is not None
    ]
    return tuple(dict.fromkeys(steps_in_words))


def how_many_steps(why: str, kinds: Iterable[str]) -> tuple[str, ...]:
    """What to set after a sweep that ended for this reason, in the words for these kinds of servers."""
    return _in_words(_table()["how_many"][why], tuple(kinds) or (OTHER,), ())


def prompt_steps(finding: str, kinds: Iterable[str]) -> tuple[str, ...]:
    """What to do after what a phase of kind stall, talk or right has found, written `stall-frozen`."""
    return _in_words(_table()["prompts"].get(finding, ()), tuple(kinds) or (OTHER,), ())


def hardware(finding: str) -> Hardware:
    """What the finding says of the machine."""
    return Hardware(**_table()["findings"][finding]["hardware"])


def findings() -> tuple[str, ...]:
    """Every finding that the table knows."""
    return tuple(_table()["findings"])


def kinds_with_words() -> tuple[str, ...]:
    """The kinds of servers that have words of their own in at least one step."""
    steps = _table()["steps"].values()
    return tuple(dict.fromkeys(kind for step in steps for kind in step["do"] if kind != OTHER))


def _whose(kind: str, do: Mapping[str, str], asked: Collection[str]) -> str:
    return f"{kind}: " if len(asked) > 1 and kind in do else ""


def _words(do: Mapping[str, str], kind: str) -> str | None:
    return do.get(kind, do.get(OTHER))


LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times as fast, where libyaml is there


@cache
def _table() -> dict[str, Any]:
    path = Path(__file__).with_suffix(".yaml")
    table: dict[str, Any] = yaml.load(path.read_text(encoding="utf-8"), Loader=LOADER)
    return table
