"""Words for what is wrong with a scenario: one line that says where, what and what to do.

Values are quoted as the file has them, before `${…}` is filled: the environment may hold secrets.
"""

import difflib
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from analysis.console import plural
from analysis.errors import ScenarioError
from replay.scenario.schema.phase import TAGS

Loc = tuple[int | str, ...]
Problem = tuple[Loc, str]  # where, and a clause that says what is wrong and what to do

EXAMPLES: Final = {
    "targets": "[{base_url: http://127.0.0.1:1234}]",
    "phases": "[{name: phase1, users: 2, rounds: 5}]",
    "servers": "[{kind: llamacpp, port: 0}]",
    "request": "{max_tokens: auto}",
    "extra": "{top_k: 1}",
    "name": "phase1",
    "users": "2",
    "rounds": "5, or {min: 3, max: 12}",
    "min": "3",
    "max": "12",
    "budget_s": "150",
    "timeout_s": "600",
    "kind": "llamacpp",
}
NOT_A = {
    "int": "a whole number",
    "float": "a number",
    "finite": "a finite number",
    "bool": "true or false",
    "string": "text",
    "tuple": "a list",
    "dict": "a mapping of keys",
    "model": "a mapping of keys",
}
BOUNDS = {
    "greater_than": ("more than", "gt"),
    "greater_than_equal": ("at least", "ge"),
    "less_than": ("less than", "lt"),
    "less_than_equal": ("at most", "le"),
}
ABSENT = object()
UNKNOWN_KEY = "unknown key"


def refusal(where: str, problems: Sequence[Problem]) -> ScenarioError:
    """The first problem with its place, and how many more there are.

    A key that is unknown comes before one that is missing: the first is often the second, misspelt.
    """
    loc, text = min(problems, key=lambda p: not p[1].startswith(UNKNOWN_KEY))
    more = len(problems) - 1
    rest = f"; and {plural(more, 'more problem')}" if more else ""
    return ScenarioError(": ".join(part for part in (where, place(loc), text) if part) + rest)


def unset_refusal(where: str, unset: Sequence[Problem]) -> ScenarioError:
    """Every variable that is not set, in one line: (place, name), the name "" where it must not be shown."""
    names = list(dict.fromkeys(name for _, name in unset if name))
    exports = " ".join(f"{name}=..." for name in names)
    words = [f"{place(loc)}: the environment variable it names is not set" for loc, name in unset if not name]
    if len(names) == 1:
        at = place(next(loc for loc, name in unset if name))
        words.insert(0, f"{at}: the environment variable {names[0]} is not set")
    elif names:
        words.insert(0, f"the environment variables {', '.join(names)} are not set")
    remedy = f"export {exports}" if names else "export it before the run"
    return ScenarioError(f"{where}: {'; '.join(words)}; {remedy}")


def place(loc: Loc) -> str:
    """`("targets", 1, "name")` as people write it: `targets[1].name`."""
    parts = (f"[{p}]" if isinstance(p, int) else f".{p if _plain(p) else repr(p)}" for p in loc)
    return "".join(parts).removeprefix(".")


def nearest(word: str, known: Collection[str]) -> str:
    """`did you mean 'model'?`, or what there is to choose from."""
    close = difflib.get_close_matches(word, known, n=1)
    return f"did you mean {close[0]!r}?" if close else f"known here: {', '.join(known)}"


def problems_of(error: ValidationError, written: Any, known: Mapping[str, Collection[str]]) -> list[Problem]:
    """What pydantic found; `written` is the file's data, `known` names the keys below each key."""
    found: list[Problem] = []
    for details in error.errors(include_url=False, include_input=False):
        loc = _shortened(_untagged(details["loc"]), written)
        # careful: pydantic calls a list too short, too, when all its entries are wrong
        if details["type"] != "too_short" or not _at(loc, written):
            found.append((loc, _clause(details, loc, written, known)))
    return list(dict.fromkeys(found))  # one wrong `rounds: x` is wrong as its min and as its max


def _clause(details: ErrorDetails, loc: Loc, written: Any, known: Mapping[str, Collection[str]]) -> str:
    kind, key = details["type"], str(loc[-1]) if loc else ""
    example = f"; write e.g. `{key}: {EXAMPLES[key]}`" if key in EXAMPLES else ""
    if kind == "extra_forbidden":
        parent = next((p for p in reversed(loc[:-1]) if isinstance(p, str)), "")
        return f"{UNKNOWN_KEY}; {nearest(key, known.get(parent, ()))}"
    if kind == "missing":
        return f"is missing{example or '; add it'}"
    value = _at(loc, written)
    if value is None:
        return f"is empty{example or '; give it a value or take the key out'}"
    # careful: a URL in a wrong place may hold user:password@
    silent = value is ABSENT or isinstance(value, dict | list) or "@" in str(value)
    quoted = "" if silent else f", not {_short(value)}"
    if kind == "value_error":
        return str(details["ctx"]["error"])
    if kind in BOUNDS:
        words, bound = BOUNDS[kind]
        return f"must be {words} {_number(details['ctx'][bound])}{quoted}{example}"
    if kind in ("too_long", "string_too_long"):
        items = "entries" if kind == "too_long" else "characters"
        return f"must have at most {details['ctx']['max_length']:,} {items}"
    if kind == "literal_error":
        return f"must be {details['ctx']['expected']}{quoted}"
    if kind == "too_short":
        return f"is empty{example or '; name at least one, or take the key out'}"
    if kind == "string_type" and not isinstance(value, dict | list):
        return f"must be text{quoted}; put it in quotes"
    noun = NOT_A.get(kind.split("_")[0])
    return f"must be {noun}{quoted}{example}" if noun else details["msg"].lower()


def _untagged(loc: Loc) -> Loc:
    """Without the step that names which type of phase an entry was taken for."""
    return (*loc[:2], *loc[3:]) if loc[:1] == ("phases",) and loc[2:3] and loc[2] in TAGS else loc


def _shortened(loc: Loc, written: Any) -> Loc:
    """Without the steps that only our types have: `rounds: 5` has no `min` in the file."""
    for depth in range(1, len(loc)):
        if not isinstance(_at(loc[:depth], written), dict | list | None):
            return loc[:depth]
    return loc


def _at(loc: Iterable[int | str], written: Any) -> Any:
    value = written
    for step in loc:
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            return ABSENT
    return value


def _number(bound: float) -> str:
    return f"{bound:,.0f}" if bound == round(bound) else f"{bound:g}"


def _plain(key: str) -> bool:
    return re.fullmatch(r"[\w-]+", key) is not None


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}…"
