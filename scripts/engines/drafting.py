"""llama.cpp's server with a draft model, here the model itself: run as `… --port P`."""

import argparse
import threading

import xllamacpp

from servers.llamacpp.fleet import embedded_model


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    p = xllamacpp.CommonParams()
    p.hostnames, p.port, p.n_parallel = ["127.0.0.1"], parser.parse_args().port, 1
    p.model.path, p.model_alias = str(embedded_model()), {"small"}
    p.speculative.types = [xllamacpp.common_speculative_type.COMMON_SPECULATIVE_TYPE_DRAFT_SIMPLE]
    p.speculative.draft.mparams.path = str(embedded_model())
    p.cpuparams.n_threads = p.cpuparams_batch.n_threads = 1
    p.endpoint_metrics = p.endpoint_slots = p.endpoint_props = True
    p.cache_ram_mib, p.n_ctx = 0, 2048
    server = xllamacpp.Server(p)
    print(f"listening at {server.listening_address}", flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main()
