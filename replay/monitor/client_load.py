"""Is portlap itself the bottleneck? Its processor share, and its event loop's lag while requests are open."""

import time
from collections.abc import Callable
from statistics import median

import gevent

from analysis.files.run import ClientHealth
from analysis.statistics.estimates import percentile

TICK_S = 0.02


class ClientLoad:
    """Samples between `open` and `close`; one process only, the one that calls it."""

    def __init__(self) -> None:
        self._lags_s: list[float] = []
        self._busy_s = self._open_s = 0.0
        self._ticker: gevent.Greenlet | None = None
        self._began = (0.0, 0.0)
        self._in_flight: Callable[[], bool] = bool

    def open(self, in_flight: Callable[[], bool]) -> None:
        """From here on; lag counts while a request is `in_flight`: between rounds it makes nothing late."""
        self._in_flight = in_flight
        self._began = (time.monotonic(), time.process_time())
        self._ticker = gevent.spawn(self._tick)

    def close(self) -> None:
        if self._ticker is not None:
            self._ticker.kill()
            began_s, cpu_s = self._began
            self._open_s += time.monotonic() - began_s
            self._busy_s += time.process_time() - cpu_s
            self._ticker = None

    def summary(self) -> ClientHealth:
        if self._open_s <= 0:
            return ClientHealth()
        cpu_percent = round(100 * self._busy_s / self._open_s, 1)
        if not self._lags_s:
            return ClientHealth(cpu_percent)
        return ClientHealth(
            cpu_percent=cpu_percent,
            loop_lag_p50_s=round(median(self._lags_s), 6),
            loop_lag_p99_s=round(percentile(self._lags_s, 0.99), 6),
        )

    def _tick(self) -> None:
        while True:
            due_s, before = time.perf_counter() + TICK_S, self._in_flight()
            gevent.sleep(TICK_S)
            if before and self._in_flight():
                self._lags_s.append(max(time.perf_counter() - due_s, 0.0))
