"""Whether a run that was struck has kept its promises: rows, files, verdict, exit code, words, processes."""

import csv
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from analysis import exit_codes
from analysis.assess import assess
from analysis.errors import RunError
from analysis.files.run import file_of, read_run
from scripts.faults.fault import KILL, LIMIT_S, PLACE, REAL_SERVER, STOPPED_S, Left, Outcome
from scripts.faults.places import Place

SURE_S: Final = 0.5  # what the server finished this long before the fault has to be in the log
SILENCE_S: Final = 10.0
CODES: Final = (
    *(exit_codes.OK, exit_codes.FAULT, exit_codes.BAD_INPUT, exit_codes.INCONCLUSIVE),
    *(exit_codes.INVALID, exit_codes.INTERRUPTED),
)
RIGHT: Final = ("serial", "inconclusive", None)  # the servers are serial
CONDUCTING: Final = ("conductor", "master", "terminal")


def judge(left: Left, place: Place) -> Outcome:
    """The outcome, with every promise that was broken in words."""
    verdict, complaints = None, []
    if file_of(left.prefix, "run.json").exists():
        try:
            verdict = assess(read_run(left.prefix)).answer.outcome
        except RunError as error:
            complaints.append(f"not readable: {error}")
    lost = _rows_lost(left) if place.takes_all_rows else 0
    if lost:
        complaints.append(f"{lost} finished rows are not in the log")
    if verdict not in RIGHT:
        complaints.append(f"verdict {verdict}")
    complaints += _of_the_end(left, place)
    if left.orphans:
        complaints.append(f"left behind: {', '.join(left.orphans)}")
    if left.silence_s > SILENCE_S + STOPPED_S:
        complaints.append(f"silent for {left.silence_s:.0f} s")
    return Outcome(
        left.fault,
        left.struck_at is not None,
        left.code,
        verdict,
        lost,
        len(left.orphans),
        left.silence_s,
        tuple(complaints),
    )


def _of_the_end(left: Left, place: Place) -> Iterator[str]:
    """Exit code and last words."""
    codes = place.codes if left.fault.victim == PLACE else CODES
    if left.code is None:
        yield f"it hung for {LIMIT_S:.0f} s"
    elif left.code not in codes and not _may_end_so(left, left.code):
        yield f"exit code {left.code}"
    if "Traceback" in left.text and not _is_early(left):
        lines = left.text.split("Traceback", 1)[1].splitlines()[1:]
        yield f"a traceback on the terminal: {next((x for x in lines if x[:1].strip()), '')}"


def _rows_lost(left: Left) -> int:
    if left.fault.victim == REAL_SERVER:
        return 0  # it does not write down what it finished
    sure_s = (left.struck_at or time.time()) - SURE_S
    served = [r for r in _rows(left.truth) if r["outcome"] == "served"]
    finished = sum(float(r["written_s"].split()[-1]) < sure_s for r in served if r["written_s"])
    answered = sum(not r["error"] for r in _rows(file_of(left.prefix, "requests.csv")))
    return max(finished - answered, 0)


def _is_early(left: Left) -> bool:
    """Whether it was struck before it had loaded portlap."""
    return left.fault.stage == "start" and not file_of(left.prefix, "run.json").exists()


def _may_end_so(left: Left, code: int) -> bool:
    """A process that is killed has no exit code, and none that a signal ends before portlap is loaded."""
    if left.fault.victim not in CONDUCTING:
        return False
    return code == -signal.SIGKILL if left.fault.signal == KILL else _is_early(left)


def _rows(path: Path) -> list[dict[str, str]]:
    try:
        with path.open(newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))
    except OSError:
        return []
