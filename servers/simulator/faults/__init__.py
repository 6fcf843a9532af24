"""Servers that misbehave: each fault is a way to spoil one answer, by its name.

In: the transport of a connection on which a request came. Out: raw bytes on it, behind aiohttp's back, and
its end, or none. `heads.py` and `bodies.py`: the faults. `parts.py`: what they are made of.

To add one: a function in `heads.py` or `bodies.py`, its name in the list below, what the client makes of it
in `tests/servers/simulator/test_faults.py` and in docs/SERVERS.md.
"""

import http
from collections.abc import Awaitable, Callable
from typing import Any, Final

from servers.simulator.faults import bodies, heads

_WAYS = (
    *(bodies.stall, bodies.reset, bodies.half_close, bodies.never_ending, bodies.byte_order_mark),
    *(bodies.bare_cr, bodies.split_code_points, bodies.huge_answer, bodies.one_byte_chunks),
    *(heads.dripped_head, heads.endless_continue, heads.huge_header, heads.redirect, heads.compressed),
    heads.http_1_0,
)
FAULTS: Final[dict[str, Callable[[Any], Awaitable[None]]]] = {
    **{way.__name__.replace("_", "-"): way for way in _WAYS},
    **{f"status-{s.value}": heads.refusal(s) for s in http.HTTPStatus if s.value >= 400},
}


async def misbehave(name: str, transport: Any) -> None:
    """Carries out the fault of that name, then closes, unless the fault never ends."""
    await FAULTS[name](transport)
    transport.close()
