"""The line at the foot of a terminal that says where the run is; other lines scroll above it.

Only on a terminal: a pipe and a log file get every line and no status.
"""

import os
import sys
from collections.abc import Callable

import gevent

from analysis.escapes import visible

EVERY_S = 1.0
USUAL_WIDTH = 80
ERASE = "\r\x1b[2K"


class _Foot:
    """State: whether this process keeps such a line, and what it says."""

    kept = False
    words = ""


def possible() -> bool:
    """Whether stderr is a terminal that can erase a line."""
    try:
        return sys.stderr.isatty() and os.environ.get("TERM", "") not in ("", "dumb")
    except ValueError:  # closed
        return False


def is_kept() -> bool:
    return _Foot.kept


def follow(words: Callable[[], str], goes_on: Callable[[], bool]) -> None:
    """Shows `words()` once a second as long as something goes on. Returns when it is over."""
    _Foot.kept = True
    try:
        while goes_on():
            _Foot.words = words()
            draw()
            gevent.sleep(EVERY_S)
    finally:
        end()


def end() -> None:
    """No line any more: what follows is the report."""
    erase()
    _Foot.kept, _Foot.words = False, ""


def erase() -> None:
    if _Foot.kept:
        _write(ERASE)


def draw() -> None:
    if _Foot.kept and _Foot.words:
        _write(f"{ERASE}{_cut(visible(_Foot.words))}")


def _cut(words: str) -> str:
    """To the width of the terminal: a line that wraps could not be erased."""
    try:
        width = os.get_terminal_size(sys.stderr.fileno()).columns or USUAL_WIDTH  # some say 0
    except (OSError, ValueError):
        width = USUAL_WIDTH
    encoding = sys.stderr.encoding or "ascii"
    return words[: max(width - 1, 1)].encode(encoding, "replace").decode(encoding)


def _write(text: str) -> None:
    try:
        sys.stderr.write(text)
        sys.stderr.flush()
    except (OSError, ValueError):
        return  # the terminal has gone, the measurement goes on
