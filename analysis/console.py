"""Text for people: plural endings; a colour terminal, a pipe, a console without UTF-8."""

import io
import sys
from collections.abc import Callable, Sequence
from typing import TextIO

from rich.console import Console

from analysis.escapes import for_terminal

WIDTH = 100  # where no terminal says otherwise

# What our reports contain beyond ASCII. Anything else (a target's name, an answer) becomes `?`.
_ASCII: dict[str, str | int | None] = {
    "·": ".", "░": ".", "▒": "-", "█": "#", "▓": "=", "×": "x", "–": "-", "—": "-", "−": "-", "’": "'",
    "✓": "+", "✗": "x", "─": "-", "━": "-", "│": "|", "…": "...", "Σ": "sum of ", "≥": ">=",
    "≤": "<=", "→": "->",
}  # fmt: skip


def plural(count: int, noun: str, many: str = "") -> str:
    """`1 port`, `2 ports`; `many` where the plural is not the noun with an s."""
    return f"{count} {noun if count == 1 else many or noun + 's'}"


def few(names: Sequence[str], most: int = 4) -> str:
    """`A, B`; of more than `most` the first ones and how many more there are."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def to_ascii(text: str) -> str:
    return text.translate(str.maketrans(_ASCII)).encode("ascii", "replace").decode("ascii")


def for_stream(text: str, stream: TextIO) -> str:
    """The text as the stream's encoding can take it: unchanged if it can, else in ASCII."""
    encoding = getattr(stream, "encoding", None) or "utf-8"
    try:
        text.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return to_ascii(text)
    return text


def to_stdout(text: str) -> None:
    """A command's result, as stdout can take it. Raises OSError."""
    sys.stdout.write(for_stream(text, sys.stdout))


def printed(draw: Callable[[Console], None], stream: TextIO, width: int | None = None) -> str:
    """What `draw` prints on a console like `stream`. Rich itself minds NO_COLOR, TERM and COLUMNS."""
    terminal = stream.isatty()
    size = width or (Console(file=stream).width if terminal else WIDTH)
    buffer = io.StringIO()
    draw(
        Console(file=buffer, width=size, force_terminal=terminal, highlight=False, emoji=False, markup=False)
    )
    return for_stream(_bare(for_terminal(buffer.getvalue(), coloured=terminal)), stream)


def _bare(text: str) -> str:
    """Without the blanks that pad table rows to the full width."""
    return "\n".join(line.rstrip() for line in text.split("\n"))
