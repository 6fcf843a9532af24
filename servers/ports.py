"""Ports to listen on: free ones, and who holds one that is not free."""

import errno
import http.client
import os
import socket
from collections.abc import Sequence
from contextlib import suppress

import psutil

from analysis.errors import ScenarioError

# Ports of LLM servers within the range from which systems give out free ones: ours could be mistaken
# for theirs.
KNOWN_PORTS = frozenset({39281, 39414, 41343, 52415, 52993})


def listen_all(host: str, wanted: Sequence[int]) -> list[socket.socket]:
    """A listening socket per port; 0 = a free port, never a known one. Raises ScenarioError."""
    twice = {p for p in wanted if p and wanted.count(p) > 1}
    if twice:
        raise ScenarioError(f"--port {min(twice)} is given twice; give each server its own")
    listeners: dict[int, socket.socket] = {}
    try:  # those asked for by number come first, lest one of them be taken for a free one
        for place in sorted(range(len(wanted)), key=lambda i: -wanted[i]):
            listeners[place] = _listen(host, wanted[place])
    except ScenarioError:
        for listener in listeners.values():
            listener.close()
        raise
    return [listeners[i] for i in range(len(wanted))]


def free_ports(host: str, wanted: Sequence[int]) -> list[int]:
    """The numbers of such ports, free at this moment, for another program to listen at."""
    listeners = listen_all(host, wanted)  # all held until all are chosen: no number comes twice
    numbers = [listener.getsockname()[1] for listener in listeners]
    for listener in listeners:
        listener.close()
    return numbers


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    if port and _answers(host, port):
        # careful: a bind alone does not show it. macOS binds 127.0.0.1 beside another's 0.0.0.0.
        raise ScenarioError(busy(port))
    while True:
        listener = socket.socket(family, socket.SOCK_STREAM)
        if os.name != "nt":  # there it would take a port that is in use
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
            listener.listen(1024)
        except OSError as error:
            listener.close()
            if error.errno == errno.EADDRINUSE:
                raise ScenarioError(busy(port)) from None
            raise ScenarioError(f"{host}:{port}: {error.strerror}; give another --host or --port") from None
        except OverflowError:
            listener.close()
            raise ScenarioError(f"--port {port}: must be 0 to 65535") from None
        if port or listener.getsockname()[1] not in KNOWN_PORTS:
            return listener
        listener.close()


def busy(port: int) -> str:
    """One line: the port, the program that holds it where that can be seen, and what to do."""
    remedy = "stop it or give another --port (0 = a free one)"
    return f"port {port} is busy: {_holder(port)} listens there; {remedy}"


def reachable(host: str) -> str:
    """How a server bound to `host` is reached from this machine, as written in a URL."""
    if host in ("0.0.0.0", ""):
        return "127.0.0.1"
    if host == "::":
        return "[::1]"
    return f"[{host}]" if ":" in host else host


def status_of(host: str, port: int, path: str) -> int | None:
    """The status of GET path; None if there is no reply within 2 s."""
    connection = http.client.HTTPConnection(reachable(host).strip("[]"), port, timeout=2)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


def listening_ports(pid: int) -> set[int]:
    """The TCP ports at which a process and those that it started listen, as far as can be seen."""
    try:
        family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    except (psutil.Error, OSError):
        return set()
    ports = set()
    for process in family:
        with suppress(psutil.Error, OSError):
            connections = process.net_connections(kind="tcp")
            ports |= {c.laddr.port for c in connections if c.status == psutil.CONN_LISTEN}
    return ports


def _answers(host: str, port: int) -> bool:
    try:
        with socket.create_connection((reachable(host).strip("[]"), port), timeout=1):
            return True
    except OSError:
        return False


def _holder(port: int) -> str:
    # One process at a time: the list of all connections at once is for root only on macOS.
    for process in psutil.process_iter(["name"]):
        try:
            connections = process.net_connections(kind="tcp")
        except (psutil.Error, OSError):
            continue
        if any(c.status == psutil.CONN_LISTEN and c.laddr.port == port for c in connections):
            return f"{process.info['name']} (pid {process.pid})"
    return "a program of another user"
