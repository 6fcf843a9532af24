"""The ports that listen on this host, and the processes behind them."""

import errno
import os
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

import psutil

from analysis.errors import ScenarioError
from replay.scenario.base_url import DEFAULT_PORTS
from replay.server_kinds import SERVER_KINDS

# Where LLM servers usually listen; asked even where the system hides who listens.
WELL_KNOWN: Final = frozenset(port for kind in SERVER_KINDS.values() for port in kind.ports)
LEAST_PORT: Final = 1024  # below it the system's own services live
# Databases and the like, which would take a GET for an attack.
NOT_HTTP: Final = frozenset({1433, 1521, 3306, 5432, 5672, 5900, 6379, 9042, 11211, 27017})
ANY: Final = ("0.0.0.0", "::", "*", "")


@dataclass(frozen=True, slots=True)
class Listener:
    """One port; `host` is how it is reached. `pid` is None where the system hides it."""

    port: int
    host: str = "127.0.0.1"
    pid: int | None = None


def listeners() -> list[Listener]:
    """Ports to ask, lowest first: those that listen, and those where servers usually do."""
    found = {port: Listener(port) for port in WELL_KNOWN}
    for address, port, pid in sockets():
        host = _loopback(address)
        if host is not None and port >= LEAST_PORT and port not in NOT_HTTP:
            before = found.get(port)
            if before is None or before.pid is None or host == "127.0.0.1":
                found[port] = Listener(port, host, pid)
    return [found[port] for port in sorted(found)]


def refuse_shut_port(option: str, host: str, port: int) -> None:
    """Raises ScenarioError if nothing can listen there. `option`: `--web` of `--web-host`, `--web-port`."""
    try:
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as trial:
            if os.name != "nt":  # there it would take a port that is in use
                trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trial.bind(("" if host == "*" else host, port))
    except (OSError, OverflowError) as error:
        if getattr(error, "errno", None) == errno.EADDRINUSE:
            raise ScenarioError(f"{option}-port {port}: in use; choose another") from None
        where = f"{option}-host {host or '*'}: cannot listen on port {port} there"
        raise ScenarioError(f"{where} ({error}); choose another") from None


def program(pid: int | None) -> str | None:
    """The name of the process; None where it is hidden or gone."""
    try:
        return psutil.Process(pid).name() if pid is not None else None
    except psutil.Error:
        return None


def ancestors(pid: int | None) -> set[int]:
    """The processes that started this one, and so on up."""
    try:
        return {p.pid for p in psutil.Process(pid).parents()} if pid is not None else set()
    except psutil.Error:
        return set()


def sockets() -> Iterator[tuple[str, int, int | None]]:
    """(address, port, process) of every socket that listens, as far as the system shows them."""
    try:
        for c in psutil.net_connections("tcp"):
            if c.status == psutil.CONN_LISTEN and c.laddr:
                yield c.laddr.ip, c.laddr.port, c.pid
        return
    except (psutil.Error, OSError):
        pass  # macOS: the list of all at once is for root only
    try:
        processes = list(psutil.process_iter())
    except (psutil.Error, OSError):
        return  # a container without /proc
    for process in processes:
        try:
            own = process.net_connections("tcp")
        except (psutil.Error, OSError):
            continue
        for mine in own:
            if mine.status == psutil.CONN_LISTEN and mine.laddr:
                yield mine.laddr.ip, mine.laddr.port, process.pid


def _loopback(address: str) -> str | None:
    """The loopback address that reaches a socket bound to `address`; None if none does."""
    if address in ANY or address.startswith("127."):
        return address if address.startswith("127.") else "127.0.0.1"
    return "[::1]" if address == "::1" else None


def on_this_machine(url: str) -> bool:
    """True if the host is this one: loopback, or an address of one of its network cards."""
    try:
        infos = socket.getaddrinfo(urlsplit(url).hostname or "", None, type=socket.SOCK_STREAM)
    except OSError:
        return False
    addresses = {str(info[4][0]) for info in infos}
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
