"""Which servers run on this machine, and the process that listens behind a port."""

import socket
from urllib.parse import urlsplit

import psutil

from replay.checks.local_ports import sockets
from replay.scenario.base_url import DEFAULT_PORTS


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
    return next((pid for _, at, pid in sockets() if at == port and pid), None)
