"""Web applications on listening sockets in one loop, until they are asked to stop."""

import asyncio
import signal
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from aiohttp import web

from servers.ready import stop_signals, when_stdin_closes

ROOM_FOR_LEAVERS_S = 0.05  # at the end; careful: 0 would wait for ever
IDLE_S = 75.0  # aiohttp's own


def stop_event(until_stdin_closes: bool) -> asyncio.Event:
    """An event that the stop signals set and, if asked for, the end of stdin."""
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for number in stop_signals():
        try:
            loop.add_signal_handler(number, stop.set)
        except NotImplementedError:  # Windows
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop.set))
    if until_stdin_closes:
        when_stdin_closes(lambda: loop.call_soon_threadsafe(stop.set))
    return stop


@asynccontextmanager
async def answering(
    apps: Sequence[tuple[socket.socket, web.Application]], idle_s: float = IDLE_S
) -> AsyncIterator[None]:
    """They answer within the block. `idle_s`: idle connections are closed after it."""
    runners: list[web.AppRunner] = []
    try:
        for listener, app in apps:
            # TCP_NODELAY is not set here: asyncio sets it on every connection. A request whose client
            # has gone is cancelled, so that it leaves the queue.
            runner = web.AppRunner(
                app,
                handler_cancellation=True,
                access_log=None,
                shutdown_timeout=ROOM_FOR_LEAVERS_S,
                keepalive_timeout=idle_s,
            )
            runners.append(runner)
            await runner.setup()
            await web.SockSite(runner, listener).start()
        yield
    finally:
        for runner in runners:
            await runner.cleanup()
