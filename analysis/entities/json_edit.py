"""Sets values in a JSON text; every other byte stays as it was: blanks, order, unknown keys, line ends."""

import json
import re
from typing import Any, Final

Loc = tuple[str | int, ...]  # keys and indices from the root: ("aiEntities", 0, "name")

_DECODER: Final = json.JSONDecoder()
_BLANK: Final = re.compile(r"[ \t\r\n]*")
DEFAULT_INDENT: Final = "  "


def with_value(text: str, loc: Loc, value: Any) -> str:
    """The text with `value` at `loc`: replaced where it differs, else added as the last member of its object.

    Objects on the way that are missing are added too. `text` is valid JSON; lists on the way exist.
    """
    spans = _spans(text)
    if loc in spans:
        start, end = spans[loc]
        same = json.loads(text[start:end]) == value
        return text if same else text[:start] + _written(text, value, _line_indent(text, start)) + text[end:]
    parent, key = loc[:-1], loc[-1]
    if parent not in spans or text[spans[parent][0]] != "{":  # missing, or null
        return with_value(text, parent, {key: value})
    start, end = spans[parent]
    members = [span for at, span in spans.items() if len(at) == len(loc) and at[:-1] == parent]
    if not members:
        indent = _line_indent(text, start) + _unit(text)
        inner = f"{_newline(text)}{indent}{_member(text, key, value, indent)}{_newline(text)}"
        return f"{text[: start + 1]}{inner}{_line_indent(text, start)}{text[end - 1 :]}"
    last_end = max(member_end for _, member_end in members)
    blank = _blank_after(text, start + 1)
    of_line = blank.rpartition("\n")[2] if "\n" in blank else None
    return f"{text[:last_end]},{blank or ' '}{_member(text, key, value, of_line)}{text[last_end:]}"


def _spans(text: str) -> dict[Loc, tuple[int, int]]:
    """Where in the text each value stands: [start, end)."""
    found: dict[Loc, tuple[int, int]] = {}
    begin = _skip(text, text.startswith("\ufeff"))
    _walk(text, begin, (), found)
    return found


def _walk(text: str, start: int, loc: Loc, found: dict[Loc, tuple[int, int]]) -> int:
    at = start
    if text[at] in "{[":
        index, close = 0, "}" if text[at] == "{" else "]"
        at = _skip(text, at + 1)
        while text[at] != close:
            key: str | int = index
            if close == "}":
                key, at = _DECODER.raw_decode(text, at)
                at = _skip(text, _skip(text, at) + 1)  # the colon
                _forget(found, (*loc, key))  # of a key that stands there twice the last counts
            at = _skip(text, _walk(text, at, (*loc, key), found))
            if text[at] == ",":
                at = _skip(text, at + 1)
            index += 1
        at += 1
    else:
        _, at = _DECODER.raw_decode(text, at)
    found[loc] = (start, at)
    return at


def _forget(found: dict[Loc, tuple[int, int]], loc: Loc) -> None:
    if loc in found:
        for old in [at for at in found if at[: len(loc)] == loc]:
            del found[old]


def _skip(text: str, at: int) -> int:
    blank = _BLANK.match(text, at)
    return blank.end() if blank else at


def _blank_after(text: str, at: int) -> str:
    return text[at : _skip(text, at)]


def _member(text: str, key: str | int, value: Any, indent: str | None) -> str:
    return f"{json.dumps(key, ensure_ascii=False)}: {_written(text, value, indent)}"


def _written(text: str, value: Any, indent: str | None) -> str:
    """The value as JSON; over several lines, in the file's own manner, where `indent` is that of its line."""
    if indent is None or not isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    lines = json.dumps(value, ensure_ascii=False, indent=_unit(text)).split("\n")
    return f"{_newline(text)}{indent}".join(lines)


def _line_indent(text: str, at: int) -> str:
    line = text[text.rfind("\n", 0, at) + 1 :]
    return line[: len(line) - len(line.lstrip(" \t"))]


def _unit(text: str) -> str:
    """One step of indentation: that of the first indented line."""
    found = re.search(r"\n([ \t]+)\S", text)
    return found[1] if found else DEFAULT_INDENT


def _newline(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"
