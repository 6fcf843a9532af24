"""What the text of one answer shows by itself: is it garbled, which numbers it holds, is the code there."""

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from typing import Any

from analysis.prompts.right.answers import EMPTY, REPEATS, REPLACEMENT

LONGEST_PIECE, TIMES = 12, 8  # a piece of so many characters, so often in a row to the end, is garbage
SCRIPT_SHARE = 0.2  # of the letters: fewer are a quotation
MOST_TEXT = 100_000  # characters that are looked at
# A number as it may be written: its digits together, or with a single separator between some of them.
# careful: no part of a longer number; of nine digits no six are a code.
NUMBERS = (
    re.compile(r"(?<!\d)\d{6}(?!\d)|(?<!\d)\d{9}(?!\d)"),
    re.compile(r"(?<!\d)(?<!\d[ ,.\-])\d(?:[ ,.\-]?\d){5}(?![ ,.\-]?\d)"),
    re.compile(r"(?<!\d)(?<!\d[ ,.\-])\d(?:[ ,.\-]?\d){8}(?![ ,.\-]?\d)"),
)


def garbled(text: str) -> str | None:
    """How it is garbled, as far as the text alone shows it; None if it is not."""
    end = text.rstrip()
    if not end:
        return EMPTY
    if "\ufffd" in end:
        return REPLACEMENT
    pieces = range(1, LONGEST_PIECE + 1)
    return REPEATS if any(t.endswith(t[-n:] * TIMES) for t in (text, end) for n in pieces) else None


def scripts(text: str) -> str:
    """The scripts that hold more than a fifth of the letters, as Unicode names them; "" without letters."""
    counts = Counter(
        unicodedata.name(c, "UNNAMED").partition(" ")[0].lower() for c in text[:MOST_TEXT] if c.isalpha()
    )
    return " ".join(sorted(s for s, n in counts.items() if n > SCRIPT_SHARE * counts.total()))


def text_hash(text: str) -> str:
    """Equal for equal texts; short, and nothing of the text can be read from it."""
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:16]


def holds(text: str, code: str) -> bool:
    """Whether the code stands there: letters and digits only, in either case."""
    return _plain(code) in _plain(text)


def _plain(text: str) -> str:
    return "".join(c for c in text.lower() if c.isalnum())


def numbers_in(text: str) -> set[str]:
    """The numbers of six and of nine digits in it, without separators."""
    found = (m[0] for pattern in NUMBERS for m in pattern.finditer(text[:MOST_TEXT]))
    return {"".join(c for c in number if c.isdigit()) for number in found}


def strange_numbers(text: str, body: Any) -> set[str]:
    """Those that the request itself did not hold."""
    found = numbers_in(text)
    return found - set().union(*(numbers_in(t) for t in texts_of(body))) if found else found


def texts_of(value: Any) -> Iterator[str]:
    """All texts of a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from texts_of(item)
