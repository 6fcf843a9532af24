"""One fault: a small run, a signal to one of its processes at a random instant, and what was left."""

import csv
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psutil

from analysis import exit_codes
from analysis.assess import assess
from analysis.errors import RunError
from analysis.files.run import file_of, read_run

CHECKOUT: Final = Path(__file__).resolve().parent.parent.parent
LIMIT_S: Final = 90.0  # a run takes about ten seconds; one that takes this long hangs
STOPPED_S: Final = 1.5  # between SIGSTOP and SIGCONT
SURE_S: Final = 0.5  # what the server finished this long before the fault has to be in the log
CODES: Final = (
    *(exit_codes.OK, exit_codes.FAULT, exit_codes.BAD_INPUT, exit_codes.INCONCLUSIVE),
    *(exit_codes.INVALID, exit_codes.INTERRUPTED),
)
RIGHT: Final = ("serial", "inconclusive", None)  # the simulator is serial
KILL, TERM, INT, STOP = "SIGKILL", "SIGTERM", "SIGINT", "SIGSTOP"

Processes = list[psutil.Process]


def _with(word: str) -> Callable[[Processes], Processes]:
    return lambda children: [p for p in children if word in p.cmdline()]


VICTIMS: Final[dict[str, Callable[[Processes], Processes]]] = {  # besides the conductor and the server
    "worker": _with("--processes"),
    "own servers": _with("servers"),
    "monitor": _with("replay.monitor"),
    "analysis": _with("analysis"),
}


@dataclass(frozen=True)
class Fault:
    """Who is struck when by what; `seed` draws the instant."""

    victim: str  # conductor, master, server, or one of VICTIMS
    stage: str
    signal: str
    seed: int


@dataclass(frozen=True)
class Outcome:
    """What a fault cost; `complaints` is empty if every promise held."""

    fault: Fault
    struck: bool  # False: the stage was over before the signal
    code: int | None
    verdict: str | None
    rows_lost: int
    orphans: int
    silence_s: float
    complaints: tuple[str, ...]


def suffer(fault: Fault, folder: Path) -> Outcome:
    """Runs it to its end, in a folder of its own."""
    draw = random.Random(f"{fault}")
    prefix, truth = folder / "run", folder / "truth.csv"
    with _server(truth) as (server, url):
        process = _locust(fault, folder, prefix, url)
        heard = _Heard(process)
        family: Processes = []
        try:
            struck_at = _strike(fault, draw, process, server, prefix, family)
            code: int | None = process.wait(LIMIT_S)
        except subprocess.TimeoutExpired:
            code = None
        heard.end()
        time.sleep(1.0)
        orphans = [p for p in family if _alive(p)]
        for left in [*orphans, *_family(process)]:
            with suppress(psutil.NoSuchProcess):
                left.kill()
        process.kill()
        process.wait()
    return _judge(fault, prefix, truth, code, struck_at, len(orphans), heard)


@contextmanager
def _server(truth: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    arguments = ["simulate", "--ttft-s", "0.05", "--tpot-s", "0.01", "--truth", str(truth)]
    with subprocess.Popen(
        [sys.executable, "-m", "servers", *arguments, "--until-stdin-closes"],
        cwd=CHECKOUT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        yield process, json.loads(process.stdout.readline())["base_url"]
        process.kill()


def _locust(fault: Fault, folder: Path, prefix: Path, url: str) -> subprocess.Popen[str]:
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
    more = ["--processes", "2"] if fault.victim in ("master", "worker") else []
    return subprocess.Popen(
        [sys.executable, "-m", "locust", "--headless", "--csv", str(prefix), "--scenario", str(path), *more],
        cwd=CHECKOUT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        env={**os.environ, "NO_COLOR": "1"},
    )


class _Heard:
    """What a process prints, and the longest time in which it printed nothing."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.text = ""
        self.silence_s = 0.0
        self._last_s = time.monotonic()
        self._thread = threading.Thread(target=self._listen, args=(process,), daemon=True)
        self._thread.start()

    def _listen(self, process: subprocess.Popen[str]) -> None:
        for line in process.stdout or ():
            self._note()
            self.text += line

    def _note(self) -> None:
        now = time.monotonic()
        self.silence_s, self._last_s = max(self.silence_s, now - self._last_s), now

    def end(self) -> None:
        self._note()
        self._thread.join(2)


def _strike(
    fault: Fault,
    draw: random.Random,
    process: subprocess.Popen[str],
    server: subprocess.Popen[str],
    prefix: Path,
    family: Processes,
) -> float | None:
    """The instant of the signal (seconds since 1970); None if the run ended before. Fills `family`."""
    _until(lambda: _reached(fault.stage, prefix, process), process)
    time.sleep(draw.uniform(0, {"start": 2.0, "warm-up": 0.4, "rounds": 1.2, "report": 0.8}[fault.stage]))
    family += _family(process)
    if fault.victim == "server":
        victims = [psutil.Process(server.pid)]
    elif fault.victim in VICTIMS:
        victims = []
        with suppress(psutil.Error):
            victims = VICTIMS[fault.victim](family)
    else:
        victims = [psutil.Process(process.pid)]
    if not victims or process.poll() is not None:
        return None
    with suppress(psutil.NoSuchProcess):
        victim = draw.choice(victims)
        victim.send_signal(getattr(signal, fault.signal))
        struck_at = time.time()
        if fault.signal == STOP:
            time.sleep(STOPPED_S)
            victim.resume()
        return struck_at
    return None


def _reached(stage: str, prefix: Path, process: subprocess.Popen[str]) -> bool:
    if stage == "start":
        return True
    if stage == "warm-up":
        return file_of(prefix, "run.json").exists()
    if stage == "rounds":
        return any(row["kind"] == "baseline" for row in _rows(file_of(prefix, "requests.csv")))
    with suppress(psutil.Error):
        return bool(VICTIMS["analysis"](_family(process)))
    return False


def _until(true: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + LIMIT_S
    while not true() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)


def _family(process: subprocess.Popen[str]) -> Processes:
    with suppress(psutil.NoSuchProcess):
        return psutil.Process(process.pid).children(recursive=True)
    return []


def _alive(process: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


def _rows(path: Path) -> list[dict[str, str]]:
    try:
        with path.open(newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))
    except OSError:
        return []


def _judge(
    fault: Fault,
    prefix: Path,
    truth: Path,
    code: int | None,
    struck_at: float | None,
    orphans: int,
    heard: _Heard,
) -> Outcome:
    verdict, complaints = None, []
    if file_of(prefix, "run.json").exists():
        try:
            verdict = assess(read_run(prefix)).answer.outcome
        except RunError as error:
            complaints.append(f"not readable: {error}")
    served = [r for r in _rows(truth) if r["outcome"] == "served"]
    sure_s = (struck_at or time.time()) - SURE_S
    finished = sum(float(r["written_s"].split()[-1]) < sure_s for r in served if r["written_s"])
    answered = sum(not r["error"] for r in _rows(file_of(prefix, "requests.csv")))
    lost = max(finished - answered, 0)
    if lost:
        complaints.append(f"{lost} finished rows are not in the log")
    if verdict not in RIGHT:
        complaints.append(f"verdict {verdict}")
    if code is None:
        complaints.append(f"it hung for {LIMIT_S:.0f} s")
    elif code not in CODES and not _may_end_so(fault, code, prefix):
        complaints.append(f"exit code {code}")
    early = fault.stage == "start" and not file_of(prefix, "run.json").exists()
    if "Traceback" in heard.text and not early:
        last = next((x for x in heard.text.split("Traceback", 1)[1].splitlines()[1:] if x[:1].strip()), "")
        complaints.append(f"a traceback on the terminal: {last}")
    if orphans:
        complaints.append(f"{orphans} orphans")
    if heard.silence_s > 10 + STOPPED_S:
        complaints.append(f"silent for {heard.silence_s:.0f} s")
    return Outcome(
        fault, struck_at is not None, code, verdict, lost, orphans, heard.silence_s, tuple(complaints)
    )


def _may_end_so(fault: Fault, code: int, prefix: Path) -> bool:
    """A process that is killed has no exit code, and none that a signal ends before portlap is loaded."""
    if fault.victim not in ("conductor", "master"):
        return False
    early = fault.stage == "start" and not file_of(prefix, "run.json").exists()
    return code == -signal.SIGKILL if fault.signal == KILL else early
