"""Child processes: the scenario's own servers, the monitor and the report are started and ended here.

A child leads a session of its own: Ctrl-C in the terminal reaches portlap alone, which still needs the child.
It holds our pipe as its stdin and ends when the pipe closes: whatever ends this process leaves no orphan.
Workers that Locust forks for `--processes` are no children of this kind; they are ended here too.
"""

import atexit
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import gevent
import psutil
from gevent import subprocess

from replay.output import log

CHECKOUT = Path(__file__).resolve().parent.parent
FORKED_BY = os.getpid()  # of the process that imported the scenario; Locust's forks inherit the number
PARENT_CHECK_S = 0.5  # how often a forked worker looks whether its parent is still there

# `python -m`, watched from its first instant: what it imports takes longer than a parent needs to die
_ENDS_WITH_STDIN = """
import os, runpy, sys, threading
threading.Thread(target=lambda: (os.read(0, 1), os._exit(1)), daemon=True).start()
del sys.argv[0]
runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
"""


class Child:
    """`python -m MODULE …`, running until it is ended."""

    def __init__(self, *arguments: str, stdout: int = subprocess.DEVNULL, deaf: bool = False) -> None:
        """`deaf`: it ignores SIGINT from its first instant. Raises OSError if it cannot be started."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", *arguments],
            stdin=subprocess.PIPE,
            stdout=stdout,
            text=True,
            cwd=CHECKOUT,
            **_apart(),
            **(_deaf() if deaf else {}),
        )
        self._is_asked = False

    def lines(self) -> Iterator[str]:
        """What it prints, as it comes; ends when the child does."""
        yield from self._process.stdout or ()

    def warn_if_it_dies(self, name: str, consequence: str) -> None:
        """One line on the terminal if it fails before it is asked to end."""

        def watch() -> None:
            code = self._process.wait()
            if code != 0 and not self._is_asked:
                log.warning(f"{name} ended with code {code}: {consequence}")

        gevent.spawn(watch)

    def ask_to_end(self, *, terminate: bool = False) -> None:
        """Closes its stdin, and sends SIGTERM if it may be too busy to notice. Does not wait."""
        self._is_asked = True
        if self._process.stdin is not None:
            self._process.stdin.close()
        if terminate:
            self._process.terminate()

    def end(self, within_s: float) -> None:
        """Asks it to end and waits; kills it after `within_s`."""
        self.ask_to_end()
        try:
            self._process.wait(within_s)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def wait(self) -> int:
        """Its exit code, once it has ended by itself."""
        return int(self._process.wait())


def run_to_its_end(*arguments: str, within_s: float) -> int:
    """The exit code of `python -m MODULE …`, which prints to our terminal.

    It is killed after `within_s`, and if this process ends: then the code is the signal's, below 0.
    Its stdin is no input: it ends when that closes, which it does if this process is killed.
    """
    sys.stderr.flush()
    process = subprocess.Popen(
        [sys.executable, "-c", _ENDS_WITH_STDIN, *arguments],
        stdin=subprocess.PIPE,
        cwd=CHECKOUT,
        **_apart(),
        **_deaf(),
    )
    atexit.register(process.kill)  # a second Ctrl-C ends this process while it waits here
    try:
        code = int(process.wait(within_s))
    except subprocess.TimeoutExpired:
        process.kill()
        code = int(process.wait())
    atexit.unregister(process.kill)
    if process.stdin is not None:
        process.stdin.close()
    return code


def _apart() -> dict[str, Any]:
    """What keeps the terminal's Ctrl-C away from a child."""
    if os.name == "nt":
        return {"creationflags": getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)}
    return {"start_new_session": True}


def _deaf() -> dict[str, Any]:
    """The same for one that is sent to the child itself."""
    if os.name == "nt":
        return {}
    return {"preexec_fn": lambda: signal.signal(signal.SIGINT, signal.SIG_IGN)}


def end_with_parent() -> None:
    """Ends a forked worker once its parent is gone; Locust alone would wait a minute for a silent master."""

    def watch() -> None:
        while os.getppid() == FORKED_BY:
            gevent.sleep(PARENT_CHECK_S)
        os._exit(1)  # there is nothing left to report to

    if os.getpid() != FORKED_BY:
        gevent.spawn(watch)


def terminate_workers(*, kill: bool = False) -> None:
    """Ends the workers that Locust forked: they would wait a minute for a run that does not begin."""
    with suppress(psutil.Error, OSError):  # without /proc they wait in vain, and end by themselves
        for child in psutil.Process().children():
            child.kill() if kill else child.terminate()


def has_lost_a_fork() -> bool:
    """Whether a worker that Locust forked has ended: Locust waits for them only when it ends itself."""
    with suppress(psutil.Error, OSError):
        return any(c.status() == psutil.STATUS_ZOMBIE for c in psutil.Process().children())
    return False
