"""Real Locusts with plain locustfiles, many at once, each on a simulated server of its own."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tests.support.checkout import CHECKOUT
from tests.support.locusts import free_port, until
from tests.support.serving import servers

FILES = CHECKOUT / "tests" / "locustfiles"
RECIPE = CHECKOUT / "recipes" / "request_log.py"
SHAPE = FILES / "one_then_four.py"
SOLO_S = 0.25
EACH = {"ttft_s": 0.05, "tpot_s": 0.02, "jitter": 0.02}  # 11 tokens
MACHINES: dict[str, dict[str, Any]] = {
    "serial": {"policy": "serial", "ports": 1, "each": EACH},
    "time-sliced": {"policy": "time-sliced", "ports": 1, "each": EACH},
    "two slots": {"policy": "slots", "ports": 1, "each": EACH | {"slots": 2}},
    "parallel": {"policy": "parallel", "ports": 1, "each": EACH},
}
TRUTH = {"serial": 1, "time-sliced": 1, "two slots": 2, "parallel": 99}  # speedup, or the number in flight
TOGETHER, BEGIN = FILES / "begin_together.py", "begin"
LONGEST_S = 120.0


@dataclass(frozen=True)
class PlainRun:
    """One Locust: on which server, with which files and options."""

    server: str
    files: tuple[Path, ...]
    options: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    each: Mapping[str, Any] = field(default_factory=dict)  # keys of the server's port beside its own

    def on(self, server: str, *more: Path) -> "PlainRun":
        return replace(self, server=server, files=(*self.files, *more))

    @property
    def machine(self) -> dict[str, Any]:
        machine = MACHINES[self.server]
        return machine | {"each": machine["each"] | dict(self.each)}


def run_all(folder: Path, runs: Mapping[str, PlainRun]) -> dict[str, Path]:
    """The prefix of each, after all of them have ended."""
    farm = json.dumps({"machines": [r.machine for r in runs.values()]})
    with servers("simulate", "--farm", farm) as running, ThreadPoolExecutor(len(runs)) as pool:
        prefixes = [folder / name.replace(" ", "-") for name in runs]
        ended = pool.map(_run, prefixes, runs.values(), running.urls)
        until(lambda: all(p.with_name(f"{p.name}.ready").exists() for p in prefixes), LONGEST_S)
        (folder / BEGIN).touch()
        list(ended)
        return dict(zip(runs, prefixes, strict=True))


def command(prefix: Path, files: Sequence[Path], *options: str) -> list[str]:
    listed = ",".join(map(str, files))
    fixed = ("--headless", "--only-summary", "--csv", str(prefix))
    return [sys.executable, "-m", "locust", "-f", listed, *fixed, *options]


def _run(prefix: Path, run: PlainRun, url: str) -> None:
    port = str(free_port())
    ports = ("--master-bind-port", port, "--master-port", port) if "--processes" in run.options else ()
    env = {
        **os.environ,
        "BEGIN_FILE": str(prefix.parent / BEGIN),
        "OPENAI_API_KEY": "none",
        "OPENAI_BASE_URL": f"{url}/v1",
        **run.env,
    }
    with subprocess.Popen(
        [*command(prefix, (*run.files, TOGETHER), "--host", url), *run.options, *ports],
        cwd=prefix.parent,
        env=env,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            _, words = process.communicate(timeout=LONGEST_S)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # its workers too
    assert process.returncode == 0, words
