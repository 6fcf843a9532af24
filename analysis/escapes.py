r"""Text from outside, made safe for the place where it is shown: one function per medium.

Names of models, errors, headers and files are written by others: an escape sequence moves a terminal, a tag
runs in a page, a formula runs in a spreadsheet. HTML is escaped by jinja2 itself (`as_html.py`).
"""

import json
import re
from typing import Any, Final
from unicodedata import category

STARTS_A_FORMULA: Final = re.compile(r"'*\s*[=+\-@\uff1d\uff0b\uff0d\uff20]")  # full width too
OWN_COLOURS: Final = re.compile(r"(\x1b\[[\d;]*m)")  # all that rich writes besides text
OF_MARKDOWN: Final = re.compile(  # only where it would mean something: the source stays readable
    r"""\\(?=[!-/:-@\[-`{-~]) | [`*|$] | ~(?=~) | <(?=[A-Za-z/!?]) | &(?=[#\w]) | \](?=[(\[:])
    | (?<![^\W_])_ | _(?![^\W_])
    | ^\s*(?: \#{1,6}(?=\s|$) | > | [+-](?=\s|$) | [-=]{2,} | \d+[.)](?=\s|$) )""",
    re.VERBOSE,
)
DEPTH: Final = 100  # of a document; beyond it nothing of ours is nested


def visible(text: str, keep: str = "") -> str:
    r"""The text without anything that is no character to see: ESC becomes `\x1b`. Blanks stay."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or category(c) == "Zs" or c in keep else _code(c) for c in text)


def _code(character: str) -> str:
    return character.encode("unicode_escape").decode()


def for_terminal(drawn: str, coloured: bool) -> str:
    """What rich has drawn, with no control sequence but its own colours."""
    parts = OWN_COLOURS.split(drawn) if coloured else [drawn]
    return "".join(p if coloured and OWN_COLOURS.fullmatch(p) else visible(p, "\n") for p in parts)


def for_markdown(text: str) -> str:
    """The text as words: no tag, link, heading, list, emphasis or end of a cell."""
    return OF_MARKDOWN.sub(lambda m: f"{m[0][:-1]}\\{m[0][-1]}", visible(text))


def for_json(document: str) -> str:
    """The same JSON with no control character in its texts, for whoever prints the file."""
    if document.isprintable():
        return document
    return "".join(c if c.isprintable() or c == "\n" else json.dumps(c)[1:-1] for c in document)


def json_text(value: Any) -> str:
    """The value as a JSON file of ours, with an end of line. Raises ValueError: inf or nan."""
    return for_json(json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False)) + "\n"


def for_cell(text: str) -> str:
    """The text of a CSV cell: one that a spreadsheet would run gets `'` before it."""
    return f"'{text}" if STARTS_A_FORMULA.match(text) else text


def from_cell(cell: str) -> str:
    """The text that `for_cell` has written."""
    return cell[1:] if cell.startswith("'") and STARTS_A_FORMULA.match(cell) else cell


def visible_in(value: Any, depth: int = 0) -> Any:
    """A JSON document whose texts are all visible. Raises ValueError where it is nested too deep."""
    if depth > DEPTH:
        raise ValueError(f"nested more than {DEPTH} deep")
    if isinstance(value, str):
        return visible(value)
    if isinstance(value, list):
        return [visible_in(item, depth + 1) for item in value]
    if isinstance(value, dict):
        return {visible(key): visible_in(item, depth + 1) for key, item in value.items()}
    return value
