"""Where one answer's tokens leave: straight to the socket, with nothing left to do at their instants."""

import asyncio

from aiohttp import HttpVersion11, web

from servers.behaviour import Plan
from servers.truth import Story


class Outlet:
    """Hears of one request's tokens. If `live` they are written at once, behind aiohttp's back.

    careful: aiohttp's own `write` wakes a task per token; at 256 streams that alone takes 20 ms a step. Its
    headers and first chunk must have gone out before.
    """

    def __init__(self, http: web.Request, plan: Plan, story: Story, live: bool) -> None:
        self.ended = asyncio.Event()
        self._http = http
        self._story = story
        self._last = plan.job.tokens - 1
        self._clock = asyncio.get_running_loop().time
        self._chunks: list[bytes] = []
        if live:
            chunked = http.version >= HttpVersion11
            self._chunks = [_framed(chunk) if chunked else chunk for chunk in plan.answer.tokens()]

    def hear(self, index: int) -> None:
        """Token number `index` is due."""
        transport = self._http.transport
        if self._chunks and transport is not None and not transport.is_closing():
            transport.write(self._chunks[index])
            self._story.written_s.append(self._clock())
        if index == self._last:
            self.ended.set()


def _framed(chunk: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(chunk), chunk)
