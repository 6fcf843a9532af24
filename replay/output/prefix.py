"""Where a run's files go: a prefix that is free, in a folder that can be written."""

import os
from datetime import datetime
from pathlib import Path

from analysis.errors import ScenarioError
from analysis.files.run import file_of

LOCUSTS_FILES = ("stats.csv", "stats_history.csv", "failures.csv", "exceptions.csv")


def new_prefix() -> str:
    """`runs/YYYYmmdd-HHMMSS`, where a run goes without `--csv`."""
    return f"runs/{datetime.now():%Y%m%d-%H%M%S}"


def remove_locusts_files(prefix: str | None) -> None:
    """Takes back the CSVs that Locust opens before anything is known to be measured."""
    for suffix in LOCUSTS_FILES if prefix else ():
        file_of(Path(prefix or ""), suffix).unlink(missing_ok=True)


def refuse_used_prefix(prefix: str) -> None:
    """Raises ScenarioError if files of a run have this prefix: Locust would overwrite them."""
    for suffix in ("requests.csv", "run.json", "witness.csv", *LOCUSTS_FILES):
        used = file_of(Path(prefix), suffix)
        if used.exists():
            raise ScenarioError(
                f"--csv {prefix}: {used} exists; choose another prefix, nothing is overwritten"
            )


def refuse_shut_folder(prefix: str) -> None:
    """Raises ScenarioError if the run's files cannot be written; its folder need not be there yet."""
    folder = Path(prefix).absolute().parent
    while not folder.exists():
        folder = folder.parent
    if not (folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)):
        raise ScenarioError(
            f"--csv {prefix}: {folder} is not writable for user {os.getuid()}; make it so, or give another"
        )
