"""Farms over real sockets: `python -m servers simulate`, asked by a real `locust`, judged by its report."""

import itertools
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analysis.verdict import CONTENTION, FULLY, GAIN, INCONCLUSIVE, PARTLY, SERIAL, SLICED
from servers.queue_model import Job, named, simulate
from tests.locusts import locust, phase, scenario

TTFT_S, TPOT_S, TOKENS = 0.05, 0.01, 26  # alone 0.3 s
ROUNDS = 4
NEAR = 0.05  # of the truth: gains and predicted wall clocks
SETUPS = (("serial", 1), ("port-serial", 1), ("time-sliced", 1), ("slots", 2), ("slots", 4), ("parallel", 1),
          ("contention", 1), ("model-serial", 1))  # fmt: skip
LOADS = ((1, (2, 4)), (2, (2, 4)), (2, (2, 8)), (4, (4, 8)))


@dataclass(frozen=True)
class SocketFarm:
    """So many ports of one machine, and phases of so many users."""

    policy: str
    slots: int
    ports: int
    users: tuple[int, ...]
    speed: float = 1.0  # of the first port

    @property
    def name(self) -> str:
        unequal = f", first port {self.speed:g} times as fast" if self.speed != 1 else ""
        slots = f" {self.slots}" if self.policy == "slots" else ""
        return f"{self.policy}{slots}, {self.ports} port{'s' * (self.ports > 1)}{unequal}"


@dataclass(frozen=True)
class Seen:
    """One phase: what is true of it, and what the report says."""

    farm: SocketFarm
    users: int
    gain: float
    right: frozenset[str]
    slots: float  # requests that the farm works on at once, at most
    found: dict[str, Any]
    predicted_off: float | None  # predicted over measured wall clock, less 1

    @property
    def verdict(self) -> str:
        return str(self.found["verdict"])

    @property
    def wrong(self) -> bool:
        return self.verdict not in self.right | {INCONCLUSIVE}

    @property
    def gain_found(self) -> float:
        return float(self.found["speedup"]["value"]) if self.found["speedup"] else float("nan")

    @property
    def slots_wrong(self) -> bool:
        told = self.found["decode_peak"]
        if told is None or self.verdict == INCONCLUSIVE:
            return False
        return bool(told != self.slots if self.found["decode_peak_exact"] else told > self.slots)

    @property
    def seed_wrong(self) -> bool:
        return bool((self.found["seed_formula"] > 1.5) != (self.gain > GAIN))


def farms() -> Iterator[SocketFarm]:
    for (policy, slots), (ports, users) in itertools.product(SETUPS, LOADS):
        yield SocketFarm(policy, slots, ports, users)
    for (policy, slots), speed in itertools.product(SETUPS, (1.3, 1.6)):
        yield SocketFarm(policy, slots, 2, (2, 4), speed)


def see(farm: SocketFarm, folder: Path | None = None) -> list[Seen]:
    """Runs it and reads its report: one finding per phase."""
    with tempfile.TemporaryDirectory() as made:
        where = folder or Path(made)
        one = {
            "kind": "simulator",
            "policy": farm.policy,
            "ttft_s": TTFT_S,
            "tpot_s": TPOT_S,
            "slots": farm.slots,
        }
        path = scenario(
            where,
            servers=[one | {"speed": farm.speed if i == 0 else 1.0} for i in range(farm.ports)],
            targets=[{"name": "ABCD"[i], "server": i} for i in range(farm.ports)],
            phases=[phase(f"n{n}", n, ROUNDS) for n in farm.users],
            request={"max_tokens": TOKENS},
        )
        run = locust(where, "--scenario", str(path))
        if run.code not in (0, 3):
            raise RuntimeError(f"{farm.name}: exit code {run.code}: {run.err[-2000:]}")
        report = run.report
    return [_seen(farm, n, report) for n in farm.users]


def _seen(farm: SocketFarm, users: int, report: dict[str, Any]) -> Seen:
    speeds = [farm.speed if i == 0 else 1.0 for i in range(farm.ports)]
    jobs = [Job(i % farm.ports, TTFT_S / speeds[i % farm.ports], TPOT_S / speeds[i % farm.ports], TOKENS)
            for i in range(users)]  # fmt: skip
    policy = named(farm.policy, farm.slots)
    wall_s = max(r.end_s or 0.0 for r in simulate(policy, [(0.0, j) for j in jobs]))
    slots = min(policy.slots, farm.ports * min(policy.port.slots, policy.port.model_slots))
    at_once = min(users, slots)
    gain = sum(j.solo_s for j in jobs) / wall_s
    return Seen(
        farm=farm,
        users=users,
        gain=gain,
        right=_right(gain, at_once, users),
        slots=slots,
        found=next(p for p in report["phases"] if p["name"] == f"n{users}"),
        predicted_off=_predicted_off(report, f"n{users}"),
    )


def _right(gain: float, at_once: float, users: int) -> frozenset[str]:
    if at_once == 1:
        return frozenset({SERIAL})
    if gain < 0.9:
        return frozenset({CONTENTION})
    if gain < GAIN:
        return frozenset({SLICED})
    return frozenset({PARTLY if at_once < users else FULLY})


def _predicted_off(report: dict[str, Any], name: str) -> float | None:
    """From the report's machine model, where it predicts this phase from the others."""
    for told in report["machine"].get("predictions", ()):
        if told["phase"] == name and told.get("residual") is not None:
            return float(told["residual"])
    return None
