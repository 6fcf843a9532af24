"""One long run, and what its process holds meanwhile."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.request import ProxyHandler, build_opener

import psutil

from analysis.files.request_record import read_records
from analysis.files.run import file_of
from analysis.statistics.estimates import percentile
from scripts.one_server import CHECKOUT, one_server

SERVER = ("simulate", "--policy", "parallel", "--ttft-s", "0.5", "--tpot-s", "0.2")
EVERY_S = 1.0
GREENLETS_EVERY_S = 5.0  # as greenlets.py counts them
PAGES = ("/", "/overlap/data", "/stats/requests")  # as a browser asks for once a second
ENDS_WITHIN_S = 120.0
STARTS_WITHIN_S = 60.0


@dataclass(frozen=True)
class Sample:
    """What the process holds at one moment."""

    memory_mb: float
    descriptors: float


@dataclass(frozen=True)
class Watched:
    """All that was seen of one run, in order."""

    samples: Sequence[Sample]
    greenlets: Sequence[float]
    timing_error_ms: Sequence[float]
    failed: int
    code: int


def watch(users: int, minutes: float, folder: Path) -> Watched:
    """Runs the plan `free` with the web UI; its live page is asked for once a second."""
    prefix, counts, port = folder / "run", folder / "greenlets.txt", _free_port()
    with one_server(*SERVER) as (_, url), _locust(users, minutes, folder, url, port, counts) as process:
        samples, answers_s = [], None  # None: the page does not answer yet
        ended_s = time.monotonic() + minutes * 60 + ENDS_WITHIN_S
        page = build_opener(ProxyHandler({}))
        held = psutil.Process(process.pid)
        while process.poll() is None and time.monotonic() < ended_s:
            began_s = time.monotonic()
            for path in PAGES:
                with suppress(OSError):  # it has not started yet, or has ended
                    page.open(f"http://127.0.0.1:{port}{path}", timeout=5).read()
                    answers_s = answers_s or began_s
            over_s = (answers_s or began_s) + minutes * 60 - EVERY_S  # then users stop
            with suppress(psutil.Error):  # it has just ended: the loop sees that next
                if answers_s is not None and time.monotonic() < over_s:
                    samples.append(Sample(held.memory_info().rss / 1e6, held.num_fds()))
            time.sleep(max(EVERY_S - (time.monotonic() - began_s), 0))
        code = process.wait(ENDS_WITHIN_S)
    rows = read_records(file_of(prefix, "requests.csv")).records
    late_ms = [1e3 * r.clock_error_s for r in rows if r.clock_error_s is not None]
    numbers = [float(line) for line in counts.read_text(encoding="utf-8").split()]
    numbers = numbers[: round(minutes * 60 / GREENLETS_EVERY_S)]  # then users stop
    return Watched(samples, numbers, late_ms, sum(r.error is not None for r in rows), code)


def quarters(values: Sequence[float], share: float = 0.5) -> tuple[float, float]:
    """The percentile `share` of the second quarter and of the last but the end: flat if they are alike."""
    n = len(values)
    return percentile(values[n // 4 : n // 2], share), percentile(values[n * 3 // 4 : n - n // 50], share)


def _free_port() -> int:
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return int(trial.getsockname()[1])


@contextmanager
def _locust(
    users: int, minutes: float, folder: Path, url: str, port: int, counts: Path
) -> Iterator[subprocess.Popen[str]]:
    path = folder / "scenario.yaml"
    scenario = {
        "targets": [{"name": "A", "base_url": url}],
        "request": {"max_tokens": 20},
        "phases": [{"name": "p", "users": 2, "rounds": 3}],
    }
    path.write_text(json.dumps(scenario), encoding="utf-8")
    more = ["--plan", "free", "--autostart", "--autoquit", "0", "-t", f"{round(minutes * 60)}s"]
    more += ["-u", str(users), "-r", "25", "--web-port", str(port), "--csv", str(folder / "run")]
    files = "locustfile.py,scripts/soak/greenlets.py"
    with subprocess.Popen(
        [sys.executable, "-m", "locust", "-f", files, "--scenario", str(path), *more],
        cwd=CHECKOUT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "SOAK_GREENLETS": str(counts), "PYTHONPATH": str(CHECKOUT)},
    ) as process:
        yield process
        process.kill()
