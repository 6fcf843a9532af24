"""Whether a server takes one connection at a time, as Python's plain HTTP server and old mlx_lm do.

It waits for the request of the connection that came first: an idle one of ours would hold up all others.
"""

import socket
from contextlib import suppress
from urllib.parse import urlsplit

SILENT_S = 1.5  # of a server that has just answered other GETs
FREED_S = 1.0  # for its first byte once the idle connection is closed
TRIALS = 2  # both must show it: a server that is busy for a moment is silent too
ONE = "one at a time"  # the fact `connections` of its target
NOTE = (
    "it takes one connection at a time: requests wait for a connection, not for a slot; "
    "each of ours is opened when its request is due, and closed after its answer"
)


def takes_one_connection(url: str) -> bool:
    """True if it answers only once an idle connection beside is closed. Costs one GET where it does not."""
    parts = urlsplit(url)
    if parts.scheme == "https":
        return False  # a proxy stands there, or a server that was made for many
    head = f"GET {parts.path}/v1/models HTTP/1.1\r\nHost: {parts.netloc}\r\nConnection: close\r\n\r\n"
    address = parts.hostname or "", parts.port or 80
    with suppress(OSError):  # refused or reset: the check itself says what is wrong with it
        return all(_waits_for_the_idle(address, head.encode()) for _ in range(TRIALS))
    return False


def _waits_for_the_idle(address: tuple[str, int], request: bytes) -> bool:
    """Raises OSError if it cannot be connected to."""
    connect = socket.create_connection
    with connect(address, SILENT_S) as idle, connect(address, SILENT_S) as asking:
        asking.sendall(request)
        if _speaks(asking, SILENT_S):
            return False
        idle.close()
        return _speaks(asking, FREED_S)


def _speaks(connected: socket.socket, within_s: float) -> bool:
    connected.settimeout(within_s)
    try:
        return bool(connected.recv(1))
    except TimeoutError:
        return False
