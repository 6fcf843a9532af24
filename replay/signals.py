"""What stops a run from outside: Ctrl-C, SIGTERM and the closed terminal. Imported first, for what it does.

Until Locust's `init` nothing is open: an interrupt just ends the process. From then on the first one lets the
run keep what it has and report it; whoever asks again is obeyed at once.
"""

import signal
import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

import gevent

from analysis import exit_codes


def _leave(number: int, frame: FrameType | None) -> None:
    sys.exit(exit_codes.INTERRUPTED)


if threading.current_thread() is threading.main_thread():
    signal.signal(signal.SIGINT, _leave)  # importing takes a second or two, and would show a traceback


def take(main: Any) -> Callable[[], None]:
    """Interrupts reach Locust's main greenlet, not whichever runs: a user's or the conductor's.

    Returns what leaves SIGTERM to Locust, whose own handler comes only once it has started all.
    """
    interrupt = _interrupts(main)
    gevent.signal_handler(signal.SIGINT, interrupt)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # as `nohup` has it
        gevent.signal_handler(signal.SIGHUP, interrupt)
    leave: Callable[[], None] = gevent.signal_handler(signal.SIGTERM, interrupt).cancel
    return leave


def _interrupts(main: Any) -> Callable[[], None]:
    asked: list[bool] = []

    def interrupt() -> None:
        again = bool(asked)
        asked.append(True)
        # careful: a second KeyboardInterrupt would end in a traceback out of Locust's shutdown
        gevent.kill(main, SystemExit(exit_codes.INTERRUPTED) if again else KeyboardInterrupt())

    return interrupt
