"""Mock servers on ports of their own, in one process and one loop."""

import asyncio
import os
import socket
from collections.abc import Sequence

from analysis.errors import ScenarioError
from servers.mock_servers import KINDS
from servers.mock_servers.mock_engine import MockEngine, Setup
from servers.ports import listen_all, reachable
from servers.ready import announce, tell
from servers.simulator.live import precise_loop
from servers.web_ports import answering, stop_event


def check(setup: Setup) -> None:
    """Raises ScenarioError if an option makes no sense."""
    for option, value in (
        ("--slots", setup.slots),
        ("--ttft-s", setup.ttft_s),
        ("--compute", setup.compute),
        ("--context", setup.context),
        ("--queue", setup.queue),
    ):
        if value is not None and value <= 0:
            raise ScenarioError(f"{option} {value:g}: must be more than 0")
    if min(setup.tpot_s, setup.load_s, setup.idle_s) < 0:
        raise ScenarioError("--tpot-s, --load-s and --idle-s must not be below 0")


def serve(
    setup: Setup,
    kinds: Sequence[str],
    host: str,
    ports: Sequence[int],
    same_program: bool,
    until_stdin_closes: bool,
) -> int:
    """Runs them until it is asked to stop; the exit code. `same_program`: one engine behind all ports."""
    check(setup)
    if len(kinds) not in (1, len(ports)):
        raise ScenarioError(
            f"--kind is given {len(kinds)} times for {len(ports)} ports; give one, or one each"
        )
    each_kind = list(kinds) * (len(ports) if len(kinds) == 1 else 1)
    listeners = dict(zip(listen_all(host, ports), each_kind, strict=True))
    with asyncio.Runner(loop_factory=precise_loop) as runner:
        runner.run(_serve(setup, host, listeners, same_program, until_stdin_closes))
    return 0


async def _serve(
    setup: Setup, host: str, kinds: dict[socket.socket, str], same_program: bool, until_stdin_closes: bool
) -> None:
    stop = stop_event(until_stdin_closes)
    one = MockEngine(setup)
    apps = [(at, KINDS[kind](one if same_program else MockEngine(setup))) for at, kind in kinds.items()]
    async with answering(apps, setup.idle_s):
        announce(
            _description(setup, kind, f"http://{reachable(host)}:{at.getsockname()[1]}")
            for at, kind in kinds.items()
        )
        tell(f"{len(apps)} mock server(s) answer; Ctrl-C stops them")
        await stop.wait()


def _description(setup: Setup, kind: str, url: str) -> dict[str, object]:
    """The line of one server on stdout."""
    line = {"base_url": url, "model": setup.models[0], "kind": kind, "slots": setup.slots}
    return line | {"threads": None, "pid": os.getpid()}
