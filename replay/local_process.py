"""Which servers run on this machine, and the process that listens behind a port."""

import socket
from typing import Any
from urllib.parse import urlsplit

import psutil

from replay.base_url import DEFAULT_PORTS


def on_this_machine(url: str) -> bool:
    """True if the host is this one: loopback, or an address of one of its network cards."""
    try:
        found = socket.getaddrinfo(urlsplit(url).hostname or "", None, type=socket.SOCK_STREAM)
    except OSError:
        return False
    addresses = {str(entry[4][0]) for entry in found}
    if any(a.startswith("127.") or a == "::1" for a in addresses):
        return True
    own = {a.address for card in psutil.net_if_addrs().values() for a in card}
    return bool(addresses & own)


def listening_pid(url: str) -> int | None:
    """The process that listens on this port of this host; None for other hosts or where it is hidden."""
    if not on_this_machine(url):
        return None
    parts = urlsplit(url)
    port = parts.port or DEFAULT_PORTS[parts.scheme]
    try:
        return next((c.pid for c in psutil.net_connections("tcp") if _listens(c, port) and c.pid), None)
    except (OSError, psutil.Error):  # macOS tells root only: there each process is asked for its own
        return next((p.pid for p in psutil.process_iter() if _holds(p, port)), None)


def _holds(process: psutil.Process, port: int) -> bool:
    try:
        return any(_listens(c, port) for c in process.net_connections("tcp"))
    except (OSError, psutil.Error):
        return False


def _listens(connection: Any, port: int) -> bool:
    at = connection.laddr
    return bool(connection.status == psutil.CONN_LISTEN and at and at.port == port)
