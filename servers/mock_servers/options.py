"""The options of `python -m servers mock_server`."""

import argparse
import math

from servers.mock_servers import KINDS
from servers.mock_servers.mock_engine import QUIRKS, Setup
from servers.mock_servers.serve import serve


def add_options(parser: argparse.ArgumentParser) -> None:
    """Beside --port, --host and --until-stdin-closes, which all servers have."""
    add = parser.add_argument
    add("--kind", choices=list(KINDS), action="append", required=True, help="the program; or one per port")
    add("--model", action="append", metavar="ID", help="on disk; repeatable (default: mock-model)")
    add("--slots", type=int, default=1, metavar="K", help="per model (default: 1)")
    add("--compute", type=float, default=math.inf, metavar="C", help="solo streams the machine is worth")
    add("--ttft-s", type=float, default=0.05, help="solo time to first token (default: %(default)s)")
    add("--tpot-s", type=float, default=0.01, help="solo time per further token (default: %(default)s)")
    add("--load-s", type=float, default=0.5, help="time to load a model (default: %(default)s)")
    add("--context", type=int, default=4096, metavar="TOKENS", help="default: %(default)s")
    add("--queue", type=int, metavar="N", help="requests taken in at once; one more is refused as busy")
    add("--key", help="the API key that requests must carry")
    add("--idle-s", type=float, default=5.0, help="idle connections are closed (default: %(default)s)")
    add("--same-program", action="store_true", help="one server behind all ports")
    quirks = "; ".join(f"{name}: {what}" for name, what in QUIRKS.items())
    add("--quirk", action="append", choices=list(QUIRKS), default=[], help=quirks)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Serves until it is asked to stop; the exit code."""
    setup = Setup(
        models=tuple(options.model or ["mock-model"]),
        slots=options.slots,
        compute=options.compute,
        ttft_s=options.ttft_s,
        tpot_s=options.tpot_s,
        load_s=options.load_s,
        context=options.context,
        queue=options.queue,
        key=options.key,
        idle_s=options.idle_s,
        quirks=frozenset(options.quirk),
    )
    ports = options.port or [0] * len(options.kind)
    return serve(setup, options.kind, options.host, ports, options.same_program, options.until_stdin_closes)
