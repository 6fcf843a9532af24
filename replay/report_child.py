"""The report, by a process of its own: pandas and charts are nothing that a measuring process should load."""

import atexit
import json
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from analysis.files.run import file_of
from replay.output import log
from replay.own_servers import CHECKOUT

FAULT, BAD_INPUT = 1, 2


def report(prefix: Path) -> int:
    """Makes and prints the report in a process of its own; the run's exit code."""
    sys.stderr.flush()
    child = subprocess.Popen(
        [sys.executable, "-m", "analysis", "report", str(prefix.resolve())],
        cwd=CHECKOUT,
        start_new_session=True,  # the Ctrl-C that ends the run must not end its report
    )
    atexit.register(child.kill)  # a second one may: it ends this process, wherever it waits
    code = child.wait()
    atexit.unregister(child.kill)
    _sum_up(prefix)
    return FAULT if code == BAD_INPUT else code  # the input is our own


def _sum_up(prefix: Path) -> None:
    """Last on the screen: the verdict, whose report has scrolled away, and where to find everything."""
    with suppress(OSError, ValueError):  # no report: its process has said why
        told = json.loads(file_of(prefix, "report.json").read_text(encoding="utf-8"))
        verdict = f"{told['verdict'].upper()}: " if told["verdict"] else ""
        log.result(f"{verdict}{told['answer']}")
    log.info(f"run files: {prefix}_*.csv, {prefix}_run.json; report: {prefix}_report.html, .md, .json")
