"""Who is struck, and when: the processes of a run by their command lines, its stages by what it prints."""

import os
import random
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

from analysis.files.run import file_of
from scripts.faults.fault import HUP, INT, KILL, LIMIT_S, REAL_SERVER, STOP, STOPPED_S, TERM, Fault

LOOK_S: Final = 0.02
ROUND: Final = "SIMULTANEOUSLY"  # of the line before each round
Processes = list[psutil.Process]


@dataclass(frozen=True)
class Stage:
    """It begins once `word` is printed (or is a file, or a child process) and lasts about `long_s`."""

    word: str
    long_s: float
    after_s: float = 0.0


STAGES: Final = {
    "start": Stage("", 2.0),  # with the check of the targets
    "warm-up": Stage("run.json", 0.4),
    "solo": Stage("requests in all", 0.2),
    "gate": Stage(ROUND, 0.06),
    "mid-stream": Stage(ROUND, 0.4, 0.06),
    "between rounds": Stage("response received", 0.4),
    "report": Stage("analysis", 0.8),
}
BEFORE_REPORT: Final = tuple(name for name in STAGES if name != "report")
VICTIMS: Final[dict[str, tuple[Sequence[str], Sequence[str]]]] = {  # their stages, and their signals
    "conductor": (tuple(STAGES), (KILL, TERM, INT, STOP)),
    "terminal": (tuple(STAGES), (INT, HUP)),  # Ctrl-C, or closed: every process of its group
    "master": (tuple(STAGES), (KILL, TERM, INT, STOP)),
    "worker": (tuple(STAGES), (KILL, TERM, INT, STOP)),
    "simulator": (BEFORE_REPORT, (KILL, TERM, INT, STOP)),
    "own servers": (BEFORE_REPORT, (KILL, TERM, INT, STOP)),
    REAL_SERVER: (("warm-up", "mid-stream", "between rounds"), (KILL, TERM, INT, STOP)),
    "monitor": (("warm-up", "mid-stream"), (KILL, TERM, INT, STOP)),
    "analysis": (("report",), (KILL, TERM, INT, STOP)),
}
WITH_WORKERS: Final = ("master", "worker")
WORDS: Final = {
    "worker": "--processes",
    "own servers": "servers",
    "monitor": "replay.monitor.process",
    "analysis": "analysis",
}


def strike(
    fault: Fault,
    draw: random.Random,
    process: subprocess.Popen[str],
    server: subprocess.Popen[str],
    prefix: Path,
    printed: Callable[[], str],
) -> float | None:
    """The instant of the signal (seconds since 1970); None if the run ended before."""
    stage = STAGES[fault.stage]
    _until(lambda: _begun(stage, prefix, process, printed), process)
    if fault.victim == "worker":
        _until(lambda: bool(_victims(fault, process, server)), process)
    time.sleep(stage.after_s + draw.uniform(0, stage.long_s))
    victims = _victims(fault, process, server)
    if not victims or process.poll() is not None:
        return None
    number = getattr(signal, fault.signal)
    with suppress(psutil.NoSuchProcess, ProcessLookupError):
        victim = draw.choice(victims)
        if fault.victim == "terminal":
            os.killpg(process.pid, number)
        else:
            victim.send_signal(number)
        struck_at = time.time()
        if fault.signal == STOP:
            time.sleep(STOPPED_S)
            victim.resume()
        return struck_at
    return None


def family(process: subprocess.Popen[str]) -> Processes:
    """All that this process has started, and what those have."""
    with suppress(psutil.NoSuchProcess):
        return psutil.Process(process.pid).children(recursive=True)
    return []


def is_alive(process: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


def name_of(process: psutil.Process) -> str:
    with suppress(psutil.Error):
        return " ".join(process.cmdline()[1:4])
    return f"process {process.pid}"


def _victims(fault: Fault, process: subprocess.Popen[str], server: subprocess.Popen[str]) -> Processes:
    if fault.victim == "simulator":
        return [psutil.Process(server.pid)]
    if fault.victim == REAL_SERVER:
        return [psutil.Process(server.pid), *family(server)]  # what keeps the engines, and an engine
    if fault.victim in WORDS:
        return _children(process, WORDS[fault.victim])
    return [psutil.Process(process.pid)]


def _children(process: subprocess.Popen[str], word: str) -> Processes:
    found = []
    for child in family(process):
        with suppress(psutil.Error):
            found += [child] if word in child.cmdline() else []
    return found


def _begun(stage: Stage, prefix: Path, process: subprocess.Popen[str], printed: Callable[[], str]) -> bool:
    if stage.word == "run.json":
        return file_of(prefix, "run.json").exists()
    if stage.word == "analysis":
        return bool(_children(process, "analysis"))
    return stage.word in printed()


def _until(true: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + LIMIT_S
    while not true() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(LOOK_S)
