"""The client's own load: the loop's lag counts while a request is open, and only then."""

import time

import gevent

from replay.monitor.client_load import ClientLoad


def stalled(in_flight: bool) -> float | None:
    """The worst lag of a loop that stands still for a while."""
    load = ClientLoad()
    load.open(lambda: in_flight)
    gevent.sleep(0.05)
    time.sleep(0.15)
    gevent.sleep(0.05)
    load.close()
    return load.summary().loop_lag_p99_s


def test_a_stall_with_nothing_open_makes_nothing_late() -> None:
    assert stalled(in_flight=False) is None


def test_a_stall_while_an_answer_comes_is_seen() -> None:
    assert (stalled(in_flight=True) or 0.0) > 0.1
