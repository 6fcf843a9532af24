"""Samples the load of servers and machine beside a run: `python -m replay.monitor.process WATCH`.

It is a process of its own, so that neither its parsing nor a slow system call delays the loop that stamps
tokens. It has its own connections, pauses longer the more processor time a sample takes, asks ever more
rarely what fails, and ends when its stdin closes, whatever happened to its parent.
"""

import http.client
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

from analysis.errors import TargetError
from analysis.files.csv_rows import RowWriter
from analysis.files.server_samples import ServerSample
from replay.checks.http_get import HttpGet
from replay.monitor.gpus import as_rows, busiest, gpus_look
from replay.monitor.machine_load import LinuxThrottling, ProcessLoad, machine_load
from replay.server_kinds import SERVER_KINDS
from replay.server_kinds.kind import Load, LoadCounters

MOST_OF_A_CORE = 0.009  # all looks together; a look that costs more is followed by a longer pause
MACHINE_EVERY_S = 0.5
MODEL = "{model}"  # in a path of counters
GPU_EVERY = 2  # looks at the machine
LAST_PATIENCE_S = 0.2
LONGEST_PAUSE_S = 30.0  # after many failures
WARN_AFTER = 3  # failures in a row
FAILURES = (OSError, http.client.HTTPException, TargetError, ValueError, LookupError, TypeError)  # of a GET


@dataclass(frozen=True, slots=True)
class WatchedPort:
    """One server to watch."""

    base_url: str
    kind: str
    pid: int | None = None  # of its process, if it runs on this machine
    api_key_env: str | None = None  # the key itself is in no argument
    model: str | None = None  # named in each GET: a router counts each model by itself


@dataclass(frozen=True, slots=True)
class Watch:
    """What to watch, and where the rows go."""

    path: str
    origin_s: float  # the run's 0 s on this machine's monotonic clock
    ports: tuple[WatchedPort, ...]
    machine: bool  # at least one server runs here

    def to_json(self) -> str:
        return json.dumps(asdict(self))


def watch_of(text: str) -> Watch:
    watch = json.loads(text)
    return Watch(**(watch | {"ports": tuple(WatchedPort(**p) for p in watch["ports"])}))


class LoadReader:
    """Reads the load of one server, over its own connection, from the first counters that answer."""

    def __init__(self, port: WatchedPort, environ: Mapping[str, str] = os.environ) -> None:
        self.port = port
        counters = SERVER_KINDS[port.kind].load_counters if port.kind in SERVER_KINDS else ()
        self._counters = [c for c in counters if port.model is not None or MODEL not in c.path]
        self._kept: LoadCounters | None = None
        self._model = "" if port.model is None else quote(port.model, safe="")
        self._key = environ.get(port.api_key_env, "") if port.api_key_env else ""
        self._http = HttpGet(port.base_url, self._key)
        self._failed = 0

    @property
    def can_ask(self) -> bool:
        return bool(self._counters)

    def look(self) -> dict[str, Any]:
        """The server's counters as columns, or `error`. Never raises."""
        error = "it was not asked"
        for counters in [self._kept] if self._kept else self._counters:
            try:
                load = self._ask(counters)
            except FAILURES as failure:
                error = f"GET {counters.path}: {failure or type(failure).__name__}"
                error = error.replace(self._key, "***") if self._key else error  # it may quote the server
                continue
            self._kept, self._failed = counters, 0
            return asdict(load)
        self._failed += 1
        if self._failed == WARN_AFTER:
            _warn(f"{self.port.base_url} does not show its load ({error}); the run goes on without it")
        return {"error": error}

    def close(self) -> None:
        self._http.close()

    def pause_s(self) -> float:
        every_s = (self._kept or self._counters[0]).every_s
        return min(every_s * 2.0**self._failed, LONGEST_PAUSE_S)

    def _ask(self, counters: LoadCounters) -> Load:
        query = f"?model={self._model}&autoload=false" if self._model and MODEL not in counters.path else ""
        reply = self._http.fetch(counters.path.replace(MODEL, self._model) + query)
        if reply.status != 200:
            raise ValueError(reply.words)
        return counters.load(reply.text)


class MachineWatch:
    """The processes behind the ports, and the machine they share."""

    def __init__(self, ports: tuple[WatchedPort, ...]) -> None:
        self._loads = {p.pid: ProcessLoad(p.pid) for p in ports if p.pid is not None}
        self._ports = ports
        self._throttling = LinuxThrottling()
        self._gpus = gpus_look()
        self._looks = 0

    def look(self) -> list[dict[str, Any]]:
        """One row per port whose process is known, one per graphics processor, then the machine's."""
        seen = {pid: load.look() for pid, load in self._loads.items()}
        rows: list[dict[str, Any]] = [
            {"base_url": p.base_url, **seen[p.pid]} for p in self._ports if p.pid is not None and seen[p.pid]
        ]
        machine = {"thermal": self._throttling.look(), **machine_load()}
        if self._gpus is not None and self._looks % GPU_EVERY == 0:
            cards = self._gpus()
            machine["gpu_percent"] = busiest(cards)
            rows += as_rows(cards)
        self._looks += 1
        return [*rows, machine | {"sampler_cpu_s": sum(os.times()[:4])}]


class Sampling:
    """All watchers of one run, a thread each, until `stop` is set; rows go to one file."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        self._writer = RowWriter(Path(watch.path), ServerSample)
        self._one_writes = threading.Lock()
        self._stop = threading.Event()
        asked = [q for p in watch.ports if (q := LoadReader(p)).can_ask]
        self._share = MOST_OF_A_CORE / max(len(asked) + watch.machine, 1)
        bodies: list[Callable[[], None]] = [partial(self._read_load, q) for q in asked]
        if watch.machine:
            bodies.append(self._machine)
        # daemons: an answer may never come
        self._threads = [threading.Thread(target=body, daemon=True) for body in bodies]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """No row comes after it. An answer that is still awaited is waited for a moment only."""
        self._stop.set()
        for thread in self._threads:
            thread.join(LAST_PATIENCE_S)
        with self._one_writes:
            self._writer.close()

    def _read_load(self, reader: LoadReader) -> None:
        while self._look(lambda: [{"base_url": reader.port.base_url, **reader.look()}], reader.pause_s):
            pass
        reader.close()

    def _machine(self) -> None:
        machine = MachineWatch(self._watch.ports)
        while self._look(machine.look, lambda: MACHINE_EVERY_S):
            pass

    def _look(self, look: Callable[[], list[dict[str, Any]]], pause_s: Callable[[], float]) -> bool:
        """One look, its rows, and the pause after it; False once it is over."""
        asked_s, spent_s = time.monotonic(), _spent_s()
        rows = look()
        at_s = time.monotonic()
        with self._one_writes:
            for row in rows:
                self._write(ServerSample(asked_s - self._watch.origin_s, at_s - self._watch.origin_s, **row))
        cost_s = _spent_s() - spent_s
        return not self._stop.wait(pause_after(pause_s(), at_s - asked_s, cost_s, self._share))

    def _write(self, sample: ServerSample) -> None:
        """Nothing after the stop, which a disk that takes no more is too."""
        if self._stop.is_set():
            return
        try:
            self._writer.write(sample)
        except OSError as error:
            self._stop.set()
            _warn(f"{self._watch.path}: cannot be written: {error.strerror}; the run goes on without it")


def pause_after(every_s: float, took_s: float, cost_s: float, share: float) -> float:
    """Until the next look is due, and so long that `cost_s` stays within this share of a core."""
    return max(every_s - took_s, cost_s / share)


def _spent_s() -> float:
    """Processor time of this thread, and of programs that were started and have ended."""
    ended = os.times()
    return time.thread_time() + ended.children_user + ended.children_system


def _warn(message: str) -> None:
    from replay.output import log  # here: it loads rich, and most runs have nothing to warn of

    log.warning(message)


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the run's business: it closes our stdin
    watch = watch_of(sys.argv[1])
    try:
        sampling = Sampling(watch)
    except OSError as error:
        _warn(f"{watch.path}: cannot be written: {error.strerror}; the run goes on without it")
        return
    sys.stdin.buffer.read()
    sampling.stop()


if __name__ == "__main__":
    main()
