"""Child processes that each serve one port: started, waited for, watched and ended together.

A child holds our pipe as its stdin and ends when the pipe closes: whatever ends us leaves no orphan.
"""

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from servers.ports import listening_ports, reachable, status_of
from servers.ready import announce, tell

POLL_S = 0.05
SILENCE_S = 10.0  # between two lines about a server that is not ready yet
TAIL_BYTES, TAIL_LINES = 8192, 15  # of a log, shown with a failure
LINE_CHARS = 120  # of a log's last line, shown while waiting


@dataclass(frozen=True, slots=True)
class Launch:
    """What one child is started with."""

    name: str  # as in "the llama.cpp server"
    host: str
    port: int
    module: tuple[str, ...]  # `python -m` what, with its arguments
    path: str  # GET of it answers 503 while the server loads
    within_s: float  # to be ready
    description: dict[str, Any]  # its line on stdout, beside address and pid
    log: Path | None = None  # None: a file without a name on disk, so that nothing is left behind


@dataclass(frozen=True, slots=True)
class Child:
    """One running child and its log."""

    launch: Launch
    process: subprocess.Popen[bytes]
    log: IO[bytes]
    log_starts: int  # bytes that an earlier start left in it

    def last_lines(self) -> list[str]:
        """Of its log, without control characters."""
        size = os.fstat(self.log.fileno()).st_size
        start = max(self.log_starts, size - TAIL_BYTES)
        # careful: not seek and read. The child writes through the same file position.
        text = os.pread(self.log.fileno(), TAIL_BYTES, start).decode(errors="replace")
        lines = ("".join(c for c in line if c.isprintable()) for line in text.splitlines())
        return [line for line in lines if line.strip()][-TAIL_LINES:]

    def failure(self, what: str) -> str:
        """Which server, what happened, and its last lines."""
        code = self.process.poll()
        ending = "" if code is None else f" (signal {-code})" if code < 0 else f" (exit code {code})"
        words = "".join(f"\n  | {line}" for line in self.last_lines()) or " none"
        where = f"; all of them: {self.launch.log}" if self.launch.log else ""
        return f"{self.launch.name} on port {self.launch.port} {what}{ending}; its last words{where}:{words}"


def serve(groups: Sequence[Sequence[Launch]], stop: threading.Event, patience_s: float) -> int:
    """Runs the servers until `stop` is set; the exit code: 0 asked to stop, 1 a server failed.

    Those of a group start together, a group after the one before is ready. `patience_s`: from the request to
    end until a child is killed.
    """
    count = sum(map(len, groups))
    children: list[Child] = []
    try:
        for group in groups:
            first = len(children)
            for launch in group:
                children.append(_start(launch))
            for number, child in enumerate(children[first:], start=first + 1):
                if not _is_ready(child, stop):
                    return 0 if stop.is_set() else 1
                tell(f"port {child.launch.port} answers ({number} of {count})")
        announce(
            {
                "base_url": f"http://{reachable(c.launch.host)}:{c.launch.port}",
                **c.launch.description,
                "pid": c.process.pid,
            }
            for c in children
        )
        return _watch(children, stop)
    finally:
        _end(children, patience_s)


def _start(launch: Launch) -> Child:
    log = tempfile.TemporaryFile() if launch.log is None else launch.log.open("ab+")  # noqa: SIM115
    size = os.fstat(log.fileno()).st_size
    process = subprocess.Popen(
        [sys.executable, "-m", *launch.module],
        stdin=subprocess.PIPE,  # held open as long as we live: its close ends the child
        stdout=log,
        stderr=log,
        start_new_session=True,  # the terminal's Ctrl-C reaches only us
    )
    return Child(launch, process, log, size)


def _is_ready(child: Child, stop: threading.Event) -> bool:
    """True once it answers; False if it failed (one line names it) or a stop came."""
    launch = child.launch
    began_s = speaks_s = time.monotonic()
    while not stop.is_set():
        if child.process.poll() is not None:
            tell(child.failure("did not start"))
            return False
        if (status := status_of(launch.host, launch.port, launch.path)) not in (None, 503):
            return True
        now_s = time.monotonic()
        if now_s - began_s > launch.within_s:
            tell(child.failure(f"was not ready within {launch.within_s:.0f} s{_elsewhere(child)}"))
            return False
        if now_s - speaks_s > SILENCE_S:
            speaks_s = now_s
            waited = f"{now_s - began_s:.0f} s of {launch.within_s:.0f} s"
            state = "it loads (HTTP 503)" if status else f"nothing answers there{_elsewhere(child)}"
            last = (child.last_lines() or ["nothing yet"])[-1].strip()[:LINE_CHARS]
            tell(f"port {launch.port}: {waited}, {state}; log: {last}")
        stop.wait(POLL_S)
    return False


def _elsewhere(child: Child) -> str:
    """The ports at which it listens, if the one it was given is not among them."""
    ports = listening_ports(child.process.pid)
    if not ports or child.launch.port in ports:
        return ""
    return f", it listens at {', '.join(map(str, sorted(ports)))}: give its command the port"


def _watch(children: Sequence[Child], stop: threading.Event) -> int:
    """Waits for the stop. A child that dies is named, the others live on; 1 when none is left."""
    alive = list(children)
    while alive and not stop.wait(POLL_S):
        for child in [c for c in alive if c.process.poll() is not None]:
            alive.remove(child)
            tell(child.failure("died") + f"\n{len(alive)} of {len(children)} servers go on")
    return 0 if alive else 1


def _end(children: Sequence[Child], patience_s: float) -> None:
    """Stops all at once."""
    for child in children:
        child.process.terminate()
    ends_s = time.monotonic() + patience_s
    for child in children:
        try:
            child.process.wait(timeout=max(0.0, ends_s - time.monotonic()))
        except subprocess.TimeoutExpired:
            child.process.kill()
            child.process.wait()
        if child.process.stdin:
            child.process.stdin.close()
        child.log.close()
