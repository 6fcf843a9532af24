"""Ctrl-C, SIGTERM and the closed terminal: what ends a run from outside. Imported first, for its side effect.

Until Locust's `init` nothing is open: an interrupt just ends the process. From then on the first one ends the
run in order (`shutdown.py`), with a report of what was measured; a second one ends the process at once.
"""

import signal
import threading
from collections.abc import Callable
from itertools import count
from types import FrameType
from typing import Any

import gevent

from analysis import exit_codes


def _leave(number: int, frame: FrameType | None) -> None:
    leaving = SystemExit(exit_codes.INTERRUPTED)
    main = gevent.get_hub().parent
    if gevent.getcurrent() is main:
        raise leaving
    gevent.kill(main, leaving)  # careful: in any other greenlet it would be lost


CLOSED_TERMINAL = getattr(signal, "SIGHUP", None)  # not on Windows

if threading.current_thread() is threading.main_thread():
    # importing takes a second or two, and would show a traceback, or end by the signal
    for _number in (signal.SIGINT, signal.SIGTERM, CLOSED_TERMINAL):
        if _number and (_number == signal.SIGINT or signal.getsignal(_number) is not signal.SIG_IGN):
            signal.signal(_number, _leave)


def take(main: Any) -> Callable[[], None]:
    """Interrupts reach Locust's main greenlet, not the one that runs: a user's or the conductor's.

    Returns what leaves SIGTERM to Locust, whose own handler comes only once it has started everything.
    """
    earlier = count()

    def interrupt() -> None:
        # careful: a second KeyboardInterrupt would end in a traceback out of Locust's shutdown
        gevent.kill(main, SystemExit(exit_codes.INTERRUPTED) if next(earlier) else KeyboardInterrupt())

    gevent.signal_handler(signal.SIGINT, interrupt)
    if CLOSED_TERMINAL and signal.getsignal(CLOSED_TERMINAL) is not signal.SIG_IGN:  # as `nohup` has it
        gevent.signal_handler(CLOSED_TERMINAL, interrupt)
    leave: Callable[[], None] = gevent.signal_handler(signal.SIGTERM, interrupt).cancel
    return leave
