"""The farm that the options of `simulate` describe: one machine, its ports alike but for their speed."""

import argparse
from functools import partial
from pathlib import Path
from typing import Any

from analysis.errors import ScenarioError
from servers.queue_model import POLICIES
from servers.simulator.farm import FarmSpec, make_farm, read_farm
from servers.simulator.faults import FAULTS

PORT_KEYS = (
    *("ttft_s", "tpot_s", "jitter", "stop_after", "cached"),
    *("fail_every", "hang_every", "die_after", "die_every", "fault", "fault_every"),
)


def add_simulate_options(parser: argparse.ArgumentParser) -> None:
    """Those beside --port, --host and --until-stdin-closes."""
    add = parser.add_argument
    add(
        "--farm",
        metavar="FILE",
        help="a YAML file with every key (docs/SERVERS.md); or the YAML itself, in {}",
    )
    add("--time-scale", type=float, metavar="F", help="multiplies all times: 0.02 is fifty times faster")
    add("--policy", choices=POLICIES, help="who is served when (default: serial)")
    add("--slots", type=int, default=1, metavar="K", help="per port, of --policy slots (default: 1)")
    add("--ttft-s", type=float, help="solo time to first token (default: 0.05)")
    add("--tpot-s", type=float, help="solo time per further token (default: 0.01)")
    add("--speed", type=float, action="append", help="for all, or one per port; 2 = twice as fast")
    add("--jitter", type=float, help="scatter of both from request to request, as 0.05")
    add("--seed", type=int, help="of the jitter (default: 7)")
    add("--truth", type=Path, metavar="FILE.csv", help="write down what was done when to each request")
    add("--no-stream-usage", action="store_true", help="never report usage in a stream")
    add("--lump", action="store_true", help="send a stream in one piece at its end")
    count = partial(add, type=int, metavar="N")
    count("--stop-after", help="answers end by themselves after N tokens")
    count("--cached", help="report N cached prompt tokens")
    count("--fail-every", help="answer each Nth request of a port with HTTP 500")
    count("--hang-every", help="accept each Nth request and never answer it")
    count("--die-after", help="cut the connection after N tokens")
    count("--die-every", help="… of each Nth request (default: of all)")
    add("--fault", choices=FAULTS, metavar="NAME", help="spoil an answer (docs/SERVERS.md names the faults)")
    count("--fault-every", help="… of each Nth request (default: of all)")


def farm_of(options: argparse.Namespace) -> FarmSpec:
    """Raises ScenarioError if an option makes no sense."""
    keys = {key: v for key in PORT_KEYS if (v := getattr(options, key)) is not None}
    if options.farm:
        others = [*keys, *(k for k in ("policy", "port", "speed", "seed") if getattr(options, k) is not None)]
        if others:
            option = "--" + others[0].replace("_", "-")
            raise ScenarioError(f"{option} beside --farm: the farm has its own; keep one of them")
        farm = read_farm(options.farm)
    else:
        farm = make_farm({"machines": [_machine(options, keys)]})
    if options.time_scale is None:
        return farm
    return make_farm(farm.model_dump() | {"time_scale": options.time_scale})


def _machine(options: argparse.Namespace, keys: dict[str, Any]) -> dict[str, Any]:
    ports, speeds = options.port or [0], options.speed or [1.0]
    if len(speeds) not in (1, len(ports)):
        raise ScenarioError(
            f"--speed is given {len(speeds)} times for {len(ports)} ports; give one, or one each"
        )
    each = keys | {"lump": options.lump, "stream_usage": not options.no_stream_usage}
    if options.policy == "slots":
        each["slots"] = options.slots
    speeds = speeds * (len(ports) if len(speeds) == 1 else 1)
    return {
        "policy": options.policy or "serial",
        "each": each,
        "ports": [{"port": p, "speed": s} for p, s in zip(ports, speeds, strict=True)],
    } | ({} if options.seed is None else {"seed": options.seed})
