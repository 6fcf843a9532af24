"""A small run against a server of known truth, struck by one fault, and what it left."""

import json
import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil

from scripts.faults import victims
from scripts.faults.fault import LIMIT_S, PLACE, REAL_SERVER, Fault, Left, Outcome
from scripts.faults.judge import judge
from scripts.faults.places import ENDED, Place, place_of
from scripts.one_server import CHECKOUT, one_server

SIMULATE = ("simulate", "--ttft-s", "0.05", "--tpot-s", "0.01", "--truth")
WATCH_S = 0.3  # between two looks at what the run has started; each goes through all processes
ORPHAN_AFTER_S = 3.0  # what is still there so long after the end has been left behind
ENGINE = ("llamacpp", "--port", "0", "--slots", "1", "--threads", "1")


def suffer(fault: Fault, folder: Path) -> Outcome:
    """Runs it to its end, in a folder of its own."""
    if fault.victim != PLACE:
        return _suffer(fault, folder, Place(folder / "run", ENDED))
    with place_of(fault.stage, folder) as place:
        return _suffer(fault, folder, place)


def _suffer(fault: Fault, folder: Path, place: Place) -> Outcome:
    draw, truth = random.Random(f"{fault}"), folder / "truth.csv"
    with _server(fault, truth) as (server, url):
        process = _locust(fault, folder, place, url)
        heard = _Heard(process)
        code, struck_at, engines = None, None, victims.family(server)
        seen: victims.Processes = []
        watcher = threading.Thread(target=_watch, args=(process, seen), daemon=True)
        watcher.start()
        with suppress(subprocess.TimeoutExpired):
            if fault.victim == PLACE:
                struck_at = time.time()
            else:
                struck_at = victims.strike(fault, draw, process, server, place.prefix, heard.text)
            code = process.wait(LIMIT_S)
        heard.end()
        if server.poll() is not None:
            seen += engines  # which end with what keeps them
        _until_gone(seen)
        orphans = [p for p in seen if victims.is_alive(p)]
        names = tuple(victims.name_of(p) for p in orphans)
        for left in (*orphans, *victims.family(process)):
            with suppress(psutil.NoSuchProcess):
                left.kill()
        process.kill()
        process.wait()
    left_over = Left(fault, place.prefix, truth, code, struck_at, names, heard.text(), heard.silence_s)
    return judge(left_over, place)


def _until_gone(seen: Sequence[psutil.Process]) -> None:
    """What ends itself needs a moment to see that its parent is gone."""
    end_s = time.monotonic() + ORPHAN_AFTER_S
    while any(map(victims.is_alive, seen)) and time.monotonic() < end_s:
        time.sleep(0.1)


def _watch(process: subprocess.Popen[str], seen: list[psutil.Process]) -> None:
    """Notes every process that the run starts: one that it leaves behind is no child of it any more."""
    while process.poll() is None:
        seen += [p for p in victims.family(process) if p not in seen]
        time.sleep(WATCH_S)


@contextmanager
def _server(fault: Fault, truth: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    arguments: Sequence[str] = ENGINE if fault.victim == REAL_SERVER else (*SIMULATE, str(truth))
    with one_server(*arguments) as (process, url):
        yield process, url
        for engine in victims.family(process):
            with suppress(psutil.NoSuchProcess):  # it has ended with its parent
                engine.kill()


def _locust(fault: Fault, folder: Path, place: Place, url: str) -> subprocess.Popen[str]:
    own = fault.victim == "own servers"
    servers = [{"kind": "simulator", "policy": "serial", "ttft_s": 0.05, "tpot_s": 0.01}]
    scenario: dict[str, Any] = {
        "targets": [{"name": "A", "server": 0} if own else {"name": "A", "base_url": url}],
        "request": {"max_tokens": 20},
        "budget_s": 0,
        "phases": [{"name": "p", "users": 2, "rounds": 4}],
    } | ({"servers": servers} if own else {})
    path = folder / "scenario.yaml"
    path.write_text(json.dumps(scenario))
    command = [*place.before, sys.executable, "-m", "locust", "--headless", "--csv", str(place.prefix)]
    more = ["--processes", "2"] if fault.victim in victims.WITH_WORKERS else []
    return subprocess.Popen(
        [*command, "--scenario", str(path), *more],
        cwd=CHECKOUT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
        env={**os.environ, "NO_COLOR": "1", "PYTHONPATH": str(CHECKOUT), **place.env},
    )


class _Heard:
    """What a process prints, and the longest time in which it printed nothing."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.silence_s = 0.0
        self._lines: list[str] = []
        self._last_s = time.monotonic()
        self._thread = threading.Thread(target=self._listen, args=(process,), daemon=True)
        self._thread.start()

    def text(self) -> str:
        return "".join(self._lines)

    def _listen(self, process: subprocess.Popen[str]) -> None:
        for line in process.stdout or ():
            self._note()
            self._lines.append(line)

    def _note(self) -> None:
        now = time.monotonic()
        self.silence_s, self._last_s = max(self.silence_s, now - self._last_s), now

    def end(self) -> None:
        self._note()
        self._thread.join(2)
