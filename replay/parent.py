"""Workers that `--processes` forks end with the process that forked them, whatever ended it."""

import os

import gevent

FORKED_BY = os.getpid()  # of the process that imported the scenario; its forks inherit the number
LOOK_S = 0.5


def end_with_parent() -> None:
    """Ends this process once its parent is gone. Locust's own patience with a silent master is a minute."""
    if os.getpid() != FORKED_BY:
        gevent.spawn(_watch)


def _watch() -> None:
    while os.getppid() == FORKED_BY:
        gevent.sleep(LOOK_S)
    os._exit(1)  # nobody is left to hear of anything
