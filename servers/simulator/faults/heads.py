"""Faults of the head of an answer: slow, endless, huge, another status or another protocol."""

import asyncio
import http
from collections.abc import Awaitable, Callable
from typing import Any, Final

from servers.simulator.faults.parts import ANSWER, CHUNKED, DRIP_S, HEAD

HUGE_HEADER: Final = 1_000_000  # bytes


async def dripped_head(transport: Any) -> None:
    """A byte of the head every tenth of a second."""
    for byte in CHUNKED * 100:
        transport.write(bytes([byte]))
        await asyncio.sleep(DRIP_S)


async def endless_continue(transport: Any) -> None:
    """100 Continue, again and again."""
    while True:
        transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        await asyncio.sleep(0.01)


async def huge_header(transport: Any) -> None:
    """A header of a megabyte before a good answer."""
    transport.write(HEAD + b"X-Huge: " + b"x" * HUGE_HEADER + b"\r\nConnection: close\r\n\r\n" + ANSWER)


async def redirect(transport: Any) -> None:
    """Another address, which no client should follow."""
    transport.write(
        b"HTTP/1.1 307 Temporary Redirect\r\nLocation: http://127.0.0.1:9/\r\nContent-Length: 0\r\n\r\n"
    )


async def compressed(transport: Any) -> None:
    """An answer that is said to be gzip."""
    transport.write(
        HEAD + b"Content-Encoding: gzip\r\nConnection: close\r\n\r\n" + b"\x1f\x8b\x08" + bytes(50)
    )


async def http_1_0(transport: Any) -> None:
    """A good answer in HTTP/1.0: no length, the end is the end of the connection."""
    transport.write(b"HTTP/1.0 200 OK\r\nContent-Type: text/event-stream\r\n\r\n" + ANSWER)


def refusal(status: http.HTTPStatus) -> Callable[[Any], Awaitable[None]]:
    """The fault that answers with this status."""

    async def refuse(transport: Any) -> None:
        body = b'{"error": {"message": "the fault asked for this"}}'
        head = f"HTTP/1.1 {status} {status.phrase}\r\nContent-Type: application/json\r\n"
        transport.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)

    return refuse
