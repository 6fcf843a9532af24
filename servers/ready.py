"""How a program that starts servers learns that they are ready, and how they learn that it is gone.

Ready: all answer; one JSON line per server on stdout, then `{"ready": true}`. Messages go to stderr.
Gone: stdin closes. The kernel closes the pipe of a killed parent too, so no server is left behind.
"""

import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterable
from types import FrameType
from typing import Any


def announce(servers: Iterable[dict[str, Any]]) -> None:
    """Says that all servers answer. A reader that has gone is not a failure."""
    try:
        for server in servers:
            print(json.dumps(server))
        print(json.dumps({"ready": True}), flush=True)
    except BrokenPipeError:
        # careful: Python flushes stdout once more at exit, and would complain then.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def tell(sentence: str) -> None:
    """A line for people, on stderr."""
    print(sentence, file=sys.stderr, flush=True)


def when_stdin_closes(act: Callable[[], object]) -> threading.Thread:
    """Calls `act` from a thread of its own at the end of stdin; all before is thrown away."""

    def wait() -> None:
        while os.read(0, 4096):
            pass
        act()

    watcher = threading.Thread(target=wait, name="stdin", daemon=True)
    watcher.start()
    return watcher


def stop_signals() -> list[signal.Signals]:
    """Ctrl-C, SIGTERM and the closed terminal, unless started with `nohup`."""
    signals = [signal.SIGINT, signal.SIGTERM]
    closed_terminal = getattr(signal, "SIGHUP", None)  # not on Windows
    if closed_terminal and signal.getsignal(closed_terminal) is not signal.SIG_IGN:
        signals.append(closed_terminal)
    return signals


def asked_to_stop(until_stdin_closes: bool) -> threading.Event:
    """An event that those signals set and, if asked for, the end of stdin."""
    stop = threading.Event()

    def handle(number: int, frame: FrameType | None) -> None:
        stop.set()

    for number in stop_signals():
        signal.signal(number, handle)
    if until_stdin_closes:
        when_stdin_closes(stop.set)
    return stop
