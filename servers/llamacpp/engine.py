"""One llama.cpp server in this process: `python -m servers.llamacpp.engine SPEC`, an EngineSpec as JSON.

Only `servers.llamacpp.fleet` starts it. It ends when its stdin closes, whatever became of the other end.
"""

import json
import os
import signal
import sys
from dataclasses import dataclass

from servers.ready import when_stdin_closes


@dataclass(frozen=True, slots=True)
class EngineSpec:
    """What one server is started with."""

    host: str
    port: int
    path: str  # of the GGUF file
    model: str  # its id in the API
    slots: int
    threads: int
    ctx: int  # tokens per slot
    batch: int | None = None  # prompt tokens read at a time; None: the engine's own (2048)
    cache_ram_mib: int = 0  # of past prompts, kept in memory
    embeddings: bool = False  # it makes vectors of texts


def run(spec: EngineSpec) -> None:
    """Serves until stdin closes. Never returns."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the supervisor's business
    watcher = when_stdin_closes(lambda: os._exit(0))  # not sys.exit: the engine's threads would hold it up
    import xllamacpp  # here: the supervisor imports EngineSpec and needs no engine for it

    p = xllamacpp.CommonParams()
    p.model.path = spec.path
    p.model_alias = {spec.model}
    p.hostnames = [spec.host]
    p.port = spec.port
    p.n_parallel = spec.slots
    p.n_ctx = spec.ctx * spec.slots
    p.cpuparams.n_threads = spec.threads
    p.cpuparams_batch.n_threads = spec.threads
    p.endpoint_metrics = p.endpoint_slots = p.endpoint_props = True
    # No store of past prompts by default: our prompts never return, so it would only grow (up to 8 GB)
    # and take its time (1.7 ms a request, measured). The cache within a slot stays as it is.
    p.cache_ram_mib = spec.cache_ram_mib
    if spec.embeddings:
        p.embedding, p.pooling_type = True, xllamacpp.llama_pooling_type.LLAMA_POOLING_TYPE_MEAN
        p.n_ubatch = p.n_batch  # a text has to fit into one
    if spec.batch is not None:
        p.n_batch = p.n_ubatch = spec.batch
    server = xllamacpp.Server(p)
    print(f"listening at {server.listening_address}", flush=True)
    watcher.join()


if __name__ == "__main__":
    run(EngineSpec(**json.loads(sys.argv[1])))
