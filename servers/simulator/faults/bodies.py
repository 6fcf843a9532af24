"""Faults of the body of an answer: it stops, breaks, never ends, is huge, or comes in unusual pieces."""

import asyncio
import socket
import struct
from typing import Any, Final

from servers.simulator.faults.parts import (
    ANSWER,
    CHUNKED,
    DRIP_S,
    FINISH,
    LAST_CHUNK,
    TO_THE_END,
    chunk,
    token,
)

HUGE_ANSWER: Final = 64_000_000  # bytes
MOST_WAITING: Final = 1_000_000  # bytes that the socket has not taken yet


async def stall(transport: Any) -> None:
    """A token, then silence."""
    transport.write(CHUNKED + chunk(token(" w0")))
    await asyncio.Event().wait()


async def reset(transport: Any) -> None:
    """A token, then the connection is reset."""
    transport.write(CHUNKED + chunk(token(" w0")))
    await asyncio.sleep(DRIP_S)
    linger = struct.pack("ii", 1, 0)  # close sends RST instead of FIN
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    transport.abort()


async def half_close(transport: Any) -> None:
    """A token, then the server's half of the connection is closed; it goes on listening."""
    transport.write(CHUNKED + chunk(token(" w0")))
    transport.write_eof()
    await asyncio.Event().wait()


async def never_ending(transport: Any) -> None:
    """Tokens without end, a hundred each second."""
    transport.write(CHUNKED)
    while True:
        transport.write(chunk(token(" w")))
        await asyncio.sleep(0.01)


async def byte_order_mark(transport: Any) -> None:
    """A good answer behind a byte order mark."""
    transport.write(TO_THE_END + b"\xef\xbb\xbf" + ANSWER)


async def bare_cr(transport: Any) -> None:
    """A good answer whose lines end with CR alone."""
    transport.write(TO_THE_END + ANSWER.replace(b"\n", b"\r"))


async def split_code_points(transport: Any) -> None:
    """A good answer whose characters of several bytes come in a chunk per byte."""
    transport.write(CHUNKED)
    for byte in token(" \u00e9\u65e5\U0001f30a") + FINISH:
        transport.write(chunk(bytes([byte])))
        await asyncio.sleep(0)
    transport.write(LAST_CHUNK)


async def huge_answer(transport: Any) -> None:
    """64 MB of good tokens."""
    transport.write(TO_THE_END)
    many = token(" w") * 1000
    for _ in range(HUGE_ANSWER // len(many)):
        transport.write(many)
        while transport.get_write_buffer_size() > MOST_WAITING:
            await asyncio.sleep(0.001)
    transport.write(FINISH)


async def one_byte_chunks(transport: Any) -> None:
    """1 MB of good tokens, each byte a chunk of its own."""
    body = token(" w") * (1_000_000 // len(token(" w"))) + FINISH
    transport.write(CHUNKED + b"".join(b"1\r\n%c\r\n" % byte for byte in body) + LAST_CHUNK)
