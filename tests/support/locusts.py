"""Runs the real `locust` process as people do, and reads what it leaves."""

import csv
import json
import os
import random
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from tests.support.checkout import CHECKOUT

LOCUST = (sys.executable, "-m", "locust", "-f", "locustfile.py")
PATIENCE_S = 90.0


@dataclass(frozen=True)
class Ended:
    """A locust process that has ended, and where its run lies."""

    code: int
    out: str
    err: str
    prefix: Path

    @property
    def report(self) -> dict[str, Any]:
        return report_of(self.prefix)

    @property
    def manifest(self) -> dict[str, Any]:
        return manifest_of(self.prefix)

    @property
    def rows(self) -> list[dict[str, str]]:
        return rows_of(self.prefix)

    def phase(self, name: str) -> dict[str, Any]:
        return next(p for p in self.report["phases"] if p["name"] == name)


def file_of(prefix: Path, suffix: str) -> Path:
    return prefix.with_name(f"{prefix.name}_{suffix}")


def report_of(prefix: Path) -> dict[str, Any]:
    return json.loads(file_of(prefix, "report.json").read_text(encoding="utf-8"))


def manifest_of(prefix: Path) -> dict[str, Any]:
    return json.loads(file_of(prefix, "run.json").read_text(encoding="utf-8"))


def rows_of(prefix: Path) -> list[dict[str, str]]:
    path = file_of(prefix, "requests.csv")
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def scenario(folder: Path, **keys: Any) -> Path:
    """A scenario file (JSON is YAML); short answers and three rounds unless the keys say otherwise."""
    path = folder / "scenario.yaml"
    path.write_text(json.dumps({"request": {"max_tokens": 25}, "budget_s": 0} | keys), encoding="utf-8")
    return path


def phase(name: str, users: int, rounds: int = 3, **keys: Any) -> dict[str, Any]:
    return {"name": name, "users": users, "rounds": rounds, **keys}


@contextmanager
def running(*arguments: str, env: Mapping[str, str] | None = None) -> Iterator[subprocess.Popen[str]]:
    """`locust --headless …` from the checkout; what is left of it at the block's end is killed."""
    process = subprocess.Popen(
        [*LOCUST, *arguments],
        cwd=CHECKOUT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "NO_COLOR": "1", **(env or {})},
    )
    family = [psutil.Process(process.pid)]
    try:
        with suppress(psutil.NoSuchProcess):
            yield process
    finally:
        with suppress(psutil.NoSuchProcess):
            family += family[0].children(recursive=True)
        for member in family:
            with suppress(psutil.NoSuchProcess):
                member.kill()
        process.communicate(timeout=10)


def locust(folder: Path, *arguments: str, env: Mapping[str, str] | None = None) -> Ended:
    """Runs it to its end, its files in `folder`."""
    prefix = folder / "run"
    with running("--headless", "--csv", str(prefix), *arguments, env=env) as process:
        out, err = process.communicate(timeout=PATIENCE_S)
        return Ended(process.returncode, out, err, prefix)


def ended(process: subprocess.Popen[str], prefix: Path) -> Ended:
    out, err = process.communicate(timeout=PATIENCE_S)
    return Ended(process.returncode, out, err, prefix)


def analysis(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "analysis", *arguments],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )


def until(true: Callable[[], bool], patience_s: float = 30.0) -> None:
    """Waits for `true`; AssertionError if it never holds."""
    deadline = time.monotonic() + patience_s
    while not true():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def free_port() -> int:
    """A port that nobody listens at and that no other test is given.

    Below those that the system gives out by itself: another process would have it before it is used.
    """
    while True:
        port = random.SystemRandom().randrange(20_000, 32_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def listens(port: int) -> bool:
    with socket.socket() as knock:
        return knock.connect_ex(("127.0.0.1", port)) == 0


def offspring(process: subprocess.Popen[str]) -> list[psutil.Process]:
    return psutil.Process(process.pid).children(recursive=True)


def alive(process: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


def reporting(process: subprocess.Popen[str]) -> list[psutil.Process]:
    """The child that makes the report, once it is there; other children may end while they are looked at."""
    found = []
    for child in offspring(process):
        with suppress(psutil.NoSuchProcess):
            found += [child] if "report" in child.cmdline() else []
    return found
