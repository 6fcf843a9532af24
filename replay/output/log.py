"""The lines on the terminal: `[HH:MM:SS.mmm] [LEVEL] message`, in the seed's colours; and on Locust's page.

Not Python's logging: a line may carry an earlier instant, and has the seed's levels SUCCESS and RESULT.
"""

import logging
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial

from rich.console import Console
from rich.text import Text

from analysis import exit_codes
from analysis.escapes import visible
from replay.output import status_line

COLOURS = {"INFO": "cyan", "SUCCESS": "green", "ERROR": "red", "WARNING": "yellow", "RESULT": "magenta"}

NAME_AFTER_S = 5.0  # no wait is longer without a line
NAME_EVERY_S = 10.0  # and none without another one


def say(level: str, message: str, epoch_s: float | None = None, *, passing: bool = False) -> None:
    """One line on stderr, stamped now or with `epoch_s`. Respects NO_COLOR, pipes and ASCII terminals.

    `passing`: not on a terminal with a status line, which says the same as long as it holds.
    """
    instant = datetime.now() if epoch_s is None else datetime.fromtimestamp(epoch_s)
    encoding = sys.stderr.encoding or "ascii"
    writable = message.encode(errors="backslashreplace").decode()  # a folder's name need not be UTF-8
    printable = visible(" ".join(writable.split("\n")))  # a server's text may hold escapes
    line = f"[{instant.strftime('%H:%M:%S.%f')[:-3]}] [{level}] {printable}"
    for handler in logging.getLogger().handlers:
        if handler.name == "log_reader":  # what the tab Logs of Locust's web UI shows
            handler.logs.append(line)  # type: ignore[attr-defined]
    if passing and status_line.is_kept():
        return
    line = line.encode(encoding, "replace").decode(encoding)
    status_line.erase()
    # careful: a Console of the moment, because pytest and Locust exchange sys.stderr
    console = Console(stderr=True, soft_wrap=True, highlight=False)
    try:
        console.print(Text(line, style=COLOURS[level]))
    except OSError:
        return  # the reader has gone (`| head`), the measurement goes on
    except SystemExit as leaving:
        if leaving.code == exit_codes.INTERRUPTED:  # a signal came while we printed; rich's own has 1
            raise
    status_line.draw()


info = partial(say, "INFO")
success = partial(say, "SUCCESS")
warning = partial(say, "WARNING")
error = partial(say, "ERROR")
result = partial(say, "RESULT")


def waiting(what: str, waited_s: float, left_s: float | None = None) -> None:
    """The line for a wait that is going on."""
    more = "" if left_s is None else f", at most {left_s:.0f} s more"
    info(f"waiting for {what}: {waited_s:.0f} s so far{more}", passing=True)


@contextmanager
def named_wait(what: str, at_most_s: float | None = None) -> Iterator[None]:
    """Names what the block waits for after NAME_AFTER_S, and every NAME_EVERY_S again."""
    began_s, over = time.monotonic(), threading.Event()

    def watch() -> None:
        pause_s = NAME_AFTER_S
        while not over.wait(pause_s):
            waited_s, pause_s = time.monotonic() - began_s, NAME_EVERY_S
            waiting(what, waited_s, None if at_most_s is None else max(at_most_s - waited_s, 0.0))

    threading.Thread(target=watch, name="named_wait", daemon=True).start()
    try:
        yield
    finally:
        over.set()
