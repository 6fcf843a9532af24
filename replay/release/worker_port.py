"""Where workers reach their master: this machine alone, unless another address is asked for."""

import socket
from argparse import Namespace
from functools import cache

from replay.checks.local_ports import refuse_shut_port
from replay.output import log

LOOPBACK = "127.0.0.1"
USUAL_PORT = 5557  # Locust's, for workers that are started by hand


@cache
def free_port() -> int:
    """One that is free, the same at each call: two runs on one host never meet."""
    with socket.socket() as trial:
        trial.bind((LOOPBACK, 0))
        return int(trial.getsockname()[1])


def refuse_taken(options: Namespace) -> None:
    """Before a worker is forked: raises ScenarioError if the port is taken; warns if others can reach it."""
    host, port = options.master_bind_host, options.master_bind_port
    refuse_shut_port("--master-bind", host, port)
    if not host.startswith("127.") and host not in ("localhost", "::1"):
        log.warning(
            f"--master-bind-host {host}: others on the network can reach the workers' port; "
            "one that knows the scenario can take part in the run"
        )
