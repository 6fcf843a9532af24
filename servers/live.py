"""The queueing model on a real clock."""

import asyncio
import math
import selectors

from servers.queue_model import Job, Machine, Policy, Request, Token

Inbox = asyncio.Queue[Token]


class LiveMachine:
    """A Machine on the loop's clock: hands out each token at its instant."""

    def __init__(self, policy: Policy) -> None:
        self._loop = asyncio.get_running_loop()
        self._machine = Machine(policy)
        self._inboxes: dict[Request, Inbox] = {}
        self._timer: asyncio.TimerHandle | None = None

    def arrive(self, job: Job, now_s: float) -> tuple[Request, Inbox]:
        """The request in the machine, and where its tokens will appear."""
        self._hand_out(now_s)
        request = self._machine.arrive(job, now_s)
        self._inboxes[request] = Inbox()
        self._set_timer()
        return request, self._inboxes[request]

    def leave(self, request: Request) -> None:
        """Ends a request's stay, whether it was served or its client has gone."""
        now_s = self._loop.time()
        self._hand_out(now_s)
        self._machine.leave(request, now_s)
        del self._inboxes[request]
        self._set_timer()

    def _wake(self) -> None:
        self._hand_out(self._loop.time())
        self._set_timer()

    def _hand_out(self, until_s: float) -> None:
        for token in self._machine.advance(until_s):
            self._inboxes[token.request].put_nowait(token)

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
