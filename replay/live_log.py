"""The log on the terminal: `[HH:MM:SS.mmm] [LEVEL] message`, in the seed's colours."""

import sys
from contextlib import suppress
from datetime import datetime

from rich.console import Console
from rich.text import Text

COLOURS = {"INFO": "cyan", "SUCCESS": "green", "ERROR": "red", "WARNING": "yellow", "RESULT": "magenta"}


def say(level: str, message: str) -> None:
    """One line on stderr. NO_COLOR, pipes and consoles without UTF-8 are respected."""
    stamp = datetime.now().strftime("%H:%M:%S.%f")[:-3]
    encoding = sys.stderr.encoding or "ascii"
    line = f"[{stamp}] [{level}] {message}".encode(encoding, "replace").decode(encoding)
    # careful: a Console of the moment, because pytest and Locust exchange sys.stderr
    console = Console(stderr=True, soft_wrap=True, highlight=False)
    with suppress(OSError, SystemExit):  # who listened has gone (`| head`), the measurement goes on
        console.print(Text(line, style=COLOURS[level]))


def info(message: str) -> None:
    say("INFO", message)


def success(message: str) -> None:
    say("SUCCESS", message)


def warning(message: str) -> None:
    say("WARNING", message)


def error(message: str) -> None:
    say("ERROR", message)


def result(message: str) -> None:
    say("RESULT", message)
