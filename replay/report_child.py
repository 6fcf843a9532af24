"""The report, by a process of its own: pandas and charts are nothing that a measuring process should load."""

import subprocess
import sys
from pathlib import Path

from replay import live_log
from replay.engines import CHECKOUT


def report(prefix: Path) -> int:
    """Makes and prints the report in a process of its own; its exit code."""
    live_log.info(f"run files: {prefix}_*.csv, {prefix}_run.json; report: {prefix}_report.html, .md, .json")
    sys.stderr.flush()
    return subprocess.run(
        [sys.executable, "-m", "analysis", "report", str(prefix.resolve())], cwd=CHECKOUT, check=False
    ).returncode
