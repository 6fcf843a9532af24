"""The lines on the terminal: `[HH:MM:SS.mmm] [LEVEL] message`, in the seed's colours; and on Locust's page.

Not Python's logging: a line may carry an earlier instant, and has the seed's levels SUCCESS and RESULT.
"""

import logging
import sys
from contextlib import suppress
from datetime import datetime
from functools import partial

from rich.console import Console
from rich.text import Text

from analysis.escapes import visible

COLOURS = {"INFO": "cyan", "SUCCESS": "green", "ERROR": "red", "WARNING": "yellow", "RESULT": "magenta"}


def say(level: str, message: str, epoch_s: float | None = None) -> None:
    """One line on stderr, stamped now or with `epoch_s`. Respects NO_COLOR, pipes and ASCII terminals."""
    instant = datetime.now() if epoch_s is None else datetime.fromtimestamp(epoch_s)
    encoding = sys.stderr.encoding or "ascii"
    writable = message.encode(errors="backslashreplace").decode()  # a folder's name need not be UTF-8
    printable = visible(" ".join(writable.split("\n")))  # a server's text may hold escapes
    line = f"[{instant.strftime('%H:%M:%S.%f')[:-3]}] [{level}] {printable}"
    for handler in logging.getLogger().handlers:
        if handler.name == "log_reader":  # what the tab Logs of Locust's web UI shows
            handler.logs.append(line)  # type: ignore[attr-defined]
    line = line.encode(encoding, "replace").decode(encoding)
    # careful: a Console of the moment, because pytest and Locust exchange sys.stderr
    console = Console(stderr=True, soft_wrap=True, highlight=False)
    with suppress(OSError, SystemExit):  # the reader has gone (`| head`), the measurement goes on
        console.print(Text(line, style=COLOURS[level]))


info = partial(say, "INFO")
success = partial(say, "SUCCESS")
warning = partial(say, "WARNING")
error = partial(say, "ERROR")
result = partial(say, "RESULT")
