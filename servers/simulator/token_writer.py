"""Where one answer's tokens leave: straight to the socket, with nothing left to do at their instants."""

import asyncio
from collections.abc import Sequence

from aiohttp import HttpVersion11, web

from servers.simulator.request_trace import RequestTrace


class TokenWriter:
    """Hears of one request's tokens and, once it is open, writes each at once, behind aiohttp's back.

    careful: aiohttp's own `write` wakes a task per token; at 256 streams that alone takes 20 ms a step.
    """

    def __init__(self, trace: RequestTrace, tokens: int) -> None:
        self.begun, self.ended = asyncio.Event(), asyncio.Event()
        self._story = trace
        self._tokens = tokens
        self._heard = 0
        self._clock = asyncio.get_running_loop().time
        self._transport: asyncio.Transport | None = None
        self._chunks: Sequence[bytes] = ()

    def open(self, http: web.Request, chunks: Sequence[bytes]) -> None:
        """From now on its tokens are these, the overdue ones first. Headers and first chunk have gone out."""
        chunked = http.version >= HttpVersion11
        self._chunks = [_framed(chunk) if chunked else chunk for chunk in chunks]
        self._transport = http.transport
        for index in range(self._heard):
            self._write(index)

    def hear(self, index: int) -> None:
        """Token number `index` is due."""
        self._heard = index + 1
        self.begun.set()
        self._write(index)
        if self._heard == self._tokens:
            self.ended.set()

    def _write(self, index: int) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(self._chunks[index])
            self._story.written_s.append(self._clock())


def _framed(chunk: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(chunk), chunk)
