"""One set-up as a scenario of its own: run, and what its report says against what it must say."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from scripts.engines.setups import CHECKOUT, Setup, python

RUN_S: Final = 420.0  # of one set-up
BUDGET_S: Final = 60
LOCUST: Final = (sys.executable, "-m", "locust", "-f", "locustfile.py", "--headless")


@dataclass(frozen=True)
class Measured:
    """What one set-up gave; `skipped`: why it was not measured."""

    setup: Setup
    verdict: str = "–"
    speedup: float | None = None
    peak: int | None = None
    kind: str = "–"
    complaints: tuple[str, ...] = ()
    skipped: str | None = None
    undecided: bool = False  # `inconclusive`, where a verdict must come: neither right nor wrong


def measure(setup: Setup, folder: Path) -> Measured:
    """Its verdict, or the reason why there is none. `folder` is empty and its own."""
    needed = [engine for engine in (setup.engine, setup.model_by) if engine]
    if missing := [engine for engine in needed if not python(engine).exists()]:
        return Measured(setup, skipped=f"no .venv-{missing[0]}: `make engines` could not install it")
    if setup.model_by:
        command = [
            str(python(setup.model_by)),
            "-m",
            "scripts.engines.tiny_model",
            setup.model_by,
            str(folder / "tiny"),
        ]
        made = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, timeout=120, check=False)
        if made.returncode:
            return Measured(setup, skipped=f"no model: {made.stderr.strip().splitlines()[-1:]}")
    found = run_of(_scenario(setup, folder), folder)
    return Measured(setup, complaints=(found,)) if isinstance(found, str) else _judged(setup, *found)


def run_of(
    scenario: dict[str, Any], folder: Path, *options: str
) -> tuple[dict[str, Any], dict[str, Any]] | str:
    """(report.json, run.json) of a run of this scenario; or why there is no report."""
    path = folder / "scenario.yaml"
    path.write_text(json.dumps(scenario))
    done = subprocess.run(
        [*LOCUST, "--scenario", str(path), "--csv", str(folder / "run"), *options],
        cwd=CHECKOUT,
        env={**os.environ, "NO_COLOR": "1", "PYTHONPATH": str(CHECKOUT)},
        capture_output=True,
        text=True,
        timeout=RUN_S,
        check=False,
    )
    report = folder / "run_report.json"
    if not report.exists():
        last = " / ".join(done.stderr.strip().splitlines()[-6:])
        return f"no report, exit code {done.returncode}: {last}"
    return json.loads(report.read_text()), json.loads((folder / "run_run.json").read_text())


def _scenario(setup: Setup, folder: Path) -> dict[str, Any]:
    return {
        "name": "engine",
        "servers": setup.servers(folder),
        "targets": setup.targets,
        "request": setup.request,
        "phases": [{"name": "main", "users": setup.users, "rounds": 4}],
        "budget_s": BUDGET_S,
    }


def _judged(setup: Setup, report: dict[str, Any], manifest: dict[str, Any]) -> Measured:
    phase = report["phases"][0]
    verdict, kind = phase["verdict"], manifest["targets"][0]["kind"]
    peak = phase["decode_peak"]
    complaints = []
    undecided = verdict == "inconclusive" and verdict not in setup.verdicts
    if verdict not in setup.verdicts and not undecided:
        complaints.append(f"{verdict}, must be {' or '.join(setup.verdicts)}")
    if setup.peak is not None and peak != setup.peak:
        complaints.append(f"{peak} streams at once, must be {setup.peak}")
    if setup.kind is not None and kind != setup.kind:
        complaints.append(f"taken for {kind}, it is {setup.kind}")
    if setup.why and not any(setup.why in sentence for sentence in phase["why"]):
        complaints.append(f"{setup.why} is not named")
    speedup = (phase["speedup"] or {}).get("value")
    return Measured(setup, verdict, speedup, peak, kind, tuple(complaints), undecided=undecided)
