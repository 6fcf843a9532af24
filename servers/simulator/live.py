"""The queueing model on a real clock."""

import asyncio
import math
import selectors
from collections.abc import Callable
from dataclasses import replace

from servers.queue_model import Job, Machine, Policy, Request

Hear = Callable[[int], None]  # called with a token's index at its instant


class LiveMachine:
    """A Machine on the loop's clock: calls whom it concerns at each token's instant."""

    def __init__(self, policy: Policy) -> None:
        self._loop = asyncio.get_running_loop()
        self._machine = Machine(replace(policy, pace=policy.pace.later(self._loop.time())))
        self._hear: dict[Request, Hear] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._last_s = 0.0

    @property
    def idle(self) -> bool:
        """Nobody is in flight."""
        return not self._machine.in_flight

    def arrive(self, job: Job, at_s: float, hear: Hear) -> Request:
        """Takes in a request that came at `at_s`, or at the last look since: what was done is done."""
        at_s = max(at_s, self._last_s)
        self._hand_out(at_s)
        request = self._machine.arrive(job, at_s)
        self._hear[request] = hear
        self._set_timer()
        return request

    def leave(self, request: Request) -> None:
        """Ends a request's stay, whether it was served or its client has gone."""
        now_s = self._loop.time()
        self._hand_out(now_s)
        self._machine.leave(request, now_s)
        del self._hear[request]
        self._set_timer()

    def _wake(self) -> None:
        self._hand_out(self._loop.time())
        self._set_timer()

    def _hand_out(self, until_s: float) -> None:
        for token in self._machine.advance(until_s):
            self._hear[token.request](token.index)
        self._last_s = until_s

    def _set_timer(self) -> None:
        """Sleeps until an absolute instant, so that lateness never adds up."""
        if self._timer:
            self._timer.cancel()
        next_s = self._machine.next_s()
        self._timer = self._loop.call_at(next_s, self._wake) if math.isfinite(next_s) else None


def precise_loop() -> asyncio.AbstractEventLoop:
    """An event loop that wakes within some 0.1 ms of its timers, for up to about 1,000 connections.

    careful: asyncio's default on Linux, epoll, counts in whole milliseconds; so would every token.
    """
    exact = getattr(selectors, "KqueueSelector", selectors.SelectSelector)
    return asyncio.SelectorEventLoop(exact())
