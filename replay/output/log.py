"""The log on the terminal: `[HH:MM:SS.mmm] [LEVEL] message`, in the seed's colours; and on Locust's page."""

import logging
import sys
from contextlib import suppress
from datetime import datetime

from rich.console import Console
from rich.text import Text

COLOURS = {"INFO": "cyan", "SUCCESS": "green", "ERROR": "red", "WARNING": "yellow", "RESULT": "magenta"}


def say(level: str, message: str, epoch_s: float | None = None) -> None:
    """One line on stderr, stamped now or with the instant it is of. NO_COLOR, pipes, ASCII are respected."""
    instant = datetime.now() if epoch_s is None else datetime.fromtimestamp(epoch_s)
    stamp = instant.strftime("%H:%M:%S.%f")[:-3]
    encoding = sys.stderr.encoding or "ascii"
    shown = "".join(c if c.isprintable() else " " for c in message)  # a server's words may hold escapes
    line = f"[{stamp}] [{level}] {shown}"
    _to_page(line)
    line = line.encode(encoding, "replace").decode(encoding)
    # careful: a Console of the moment, because pytest and Locust exchange sys.stderr
    console = Console(stderr=True, soft_wrap=True, highlight=False)
    with suppress(OSError, SystemExit):  # who listened has gone (`| head`), the measurement goes on
        console.print(Text(line, style=COLOURS[level]))


def _to_page(line: str) -> None:
    """Into the tab Logs of Locust's web UI, which shows what this handler of Locust's keeps."""
    for handler in logging.getLogger().handlers:
        if handler.name == "log_reader":
            handler.logs.append(line)  # type: ignore[attr-defined]


def info(message: str) -> None:
    say("INFO", message)


def success(message: str, epoch_s: float | None = None) -> None:
    say("SUCCESS", message, epoch_s)


def warning(message: str) -> None:
    say("WARNING", message)


def error(message: str, epoch_s: float | None = None) -> None:
    say("ERROR", message, epoch_s)


def result(message: str) -> None:
    say("RESULT", message)
