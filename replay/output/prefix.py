"""Where a run's files go: a prefix that is free, in a folder that can be written."""

import os
import tempfile
from datetime import datetime
from pathlib import Path

from analysis.errors import ScenarioError
from analysis.files.run import file_of

LOCUSTS_FILES = ("stats.csv", "stats_history.csv", "failures.csv", "exceptions.csv")
WINDOWS_LONGEST_NAME = 255
LONGEST_SUFFIX = "stats_history.csv.part"


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
        try:
            is_there = used.exists()
        except (OSError, ValueError) as error:  # ENAMETOOLONG; a null byte
            raise ScenarioError(f"--csv {_short(prefix)}: no name of a file ({_reason(error)})") from None
        if is_there:
            raise ScenarioError(
                f"--csv {prefix}: {used} exists; choose another prefix, nothing is overwritten"
            )


def refuse_shut_folder(prefix: str) -> None:
    """Raises ScenarioError if the run's files cannot be written; its folder need not be there yet."""
    path = Path(prefix).absolute()
    folder = path.parent
    while not folder.exists():
        folder = folder.parent
    try:
        with tempfile.TemporaryFile(dir=folder):  # careful: /proc says that root may write there
            longest = _longest_name(folder) - len(f"_{LONGEST_SUFFIX}")
    except OSError as error:
        raise ScenarioError(
            f"--csv {_short(prefix)}: {folder} is not writable{_user()} ({_reason(error)}); "
            "make it so, or give another"
        ) from None
    if len(os.fsencode(path.name)) > longest:
        raise ScenarioError(f"--csv {_short(prefix)}: a name of more than {longest} bytes; shorten it")


def _longest_name(folder: Path) -> int:
    """In bytes. Raises OSError."""
    return os.pathconf(folder, "PC_NAME_MAX") if hasattr(os, "pathconf") else WINDOWS_LONGEST_NAME


def _user() -> str:
    return f" for user {os.getuid()}" if hasattr(os, "getuid") else ""


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)


def _short(prefix: str) -> str:
    return prefix if len(prefix) <= 100 else f"{prefix[:99]}…"
