"""Farms over real sockets: `python -m servers simulate`, asked by a real `locust`, judged by its report."""

import math
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from analysis.verdict.outcomes import Outcome
from scripts.truth.grid import BAND, MECHANISMS, SEED_BORDER, Case, Truth, cases, truth_of
from tests.support.locusts import locust, phase, scenario

SOLO_S, TOKENS = 0.25, 26
USERS, ROUNDS = (2, 4, 8), 4
NEAR = 0.05  # of the truth: gains, and predicted wall clocks of the measured ones


def socket_cases(each: int) -> Iterator[Case]:
    """So many of each mechanism, drawn as the pure farms are, with another seed."""
    for case in cases(each * len(MECHANISMS), seed=2):
        # no scatter and no drift: the sockets bring their own
        yield replace(case, jitter=0.0, common=0.0, drift_per_min=0.0, overhead=min(case.overhead, 0.15))


def as_farm(case: Case) -> dict[str, Any]:
    """The same farm as a file (docs/SERVERS.md), its times shorter."""
    policy, port = case.policy, case.policy.port
    compute_s = SOLO_S * (1 - case.overhead)
    limits = {"slots": port.slots, "prefills": port.prefills}
    each: dict[str, Any] = {
        "ttft_s": SOLO_S * case.overhead + compute_s * case.prefill,
        "tpot_s": compute_s * (1 - case.prefill) / (TOKENS - 1),
        "overhead_s": SOLO_S * case.overhead,
        "timings": True,
    } | {key: int(n) for key, n in limits.items() if math.isfinite(n)}
    machine: dict[str, Any] = {
        "ports": [{"speed": case.speed if i == 0 else 1.0} for i in range(case.ports)],
        "each": each,
        "throughput": list(policy.throughput),
        "ports_throughput": list(policy.ports_throughput),
    }
    if math.isfinite(policy.slots):
        machine["slots"] = int(policy.slots)
    if math.isfinite(policy.compute):
        machine["compute"] = policy.compute
    return {"machines": [{key: value for key, value in machine.items() if value != []}]}


@dataclass(frozen=True)
class Seen:
    """One phase of a farm: what is true of it, and what the report states."""

    case: Case
    truth: Truth
    found: dict[str, Any]
    prediction: dict[str, Any] | None  # of this phase from the others, by the report's machine model
    machine_known: bool  # False: the condition "machine model" failed, and no figure of it is stated

    @property
    def verdict(self) -> Outcome:
        return Outcome(self.found["verdict"])

    @property
    def wrong(self) -> bool:
        return self.truth.away(BAND) and self.truth.denies(self.verdict, str(self.found["sentence"]))

    @property
    def false_gain(self) -> bool:
        return self.verdict.gains and not self.truth.gains

    @property
    def gain_off(self) -> float:
        """The speedup found over the true one, less 1."""
        speedup = self.found["speedup"]
        return float(speedup["value"]) / self.truth.wall_gain - 1 if speedup else math.nan

    @property
    def predicted_off(self) -> float | None:
        """The predicted wall clock over the measured one, less 1."""
        prediction = self.prediction
        return None if prediction is None or prediction["residual"] is None else float(prediction["residual"])

    @property
    def slots_wrong(self) -> bool:
        slots = self.found["decode_peak"]
        if slots is None or self.verdict == Outcome.INCONCLUSIVE:
            return False
        return bool(
            slots != self.truth.slots if self.found["decode_peak_exact"] else slots > self.truth.slots
        )

    @property
    def seed_wrong(self) -> bool:
        return bool((self.found["naive_speedup"] > SEED_BORDER) != self.truth.gains)


def see(case: Case, users: tuple[int, ...] = USERS) -> list[Seen]:
    """Runs it, one phase per number of users, and gives a finding for each."""
    with tempfile.TemporaryDirectory() as folder:
        path = scenario(
            Path(folder),
            servers=[{"kind": "simulator", "farm": as_farm(case)}],
            targets=[{"name": "ABCD"[i], "server": i} for i in range(case.ports)],
            phases=[phase(f"n{n}", n, ROUNDS) for n in users],
            request={"max_tokens": TOKENS},
        )
        run = locust(Path(folder), "--scenario", str(path))
        if run.code not in (0, 3):
            raise RuntimeError(f"{case}: exit code {run.code}: {run.err[-2000:]}")
        report = run.report
    predicted = {p["phase"]: p for p in report["machine"].get("predictions") or ()}
    return [
        Seen(
            case=replace(case, users=n),
            truth=truth_of(replace(case, users=n)),
            found=next(p for p in report["phases"] if p["name"] == f"n{n}"),
            prediction=predicted.get(f"n{n}"),
            machine_known=not any(
                c["name"] == "machine model" and c["passed"] is False for c in report["conditions"]
            ),
        )
        for n in users
    ]
