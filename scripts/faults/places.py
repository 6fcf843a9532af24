"""Where a run may go and when it may be: odd folders and names, a full disk, a clock that is set."""

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from analysis import exit_codes
from scripts.one_server import CHECKOUT

MEASURED: Final = (exit_codes.OK, exit_codes.INCONCLUSIVE)
REFUSED: Final = (exit_codes.BAD_INPUT,)
ENDED: Final = (exit_codes.OK, exit_codes.FAULT, exit_codes.BAD_INPUT, exit_codes.INCONCLUSIVE)
FULL_BYTES: Final = 40_960  # of a disk that holds the first rows and not the last
NO_FILE_BEYOND: Final = ("bash", "-c", 'ulimit -f 3 && exec "$@"', "bash")  # kB: as if the disk were full
STEP_AFTER_S: Final = 4.0
CLOCK: Final = """import time
began, shown, shown_ns = time.monotonic(), time.time, time.time_ns
def step():
    return {step_s} if time.monotonic() - began > {after_s} else 0
time.time = lambda: shown() + step()
time.time_ns = lambda: shown_ns() + step() * 1_000_000_000
"""


@dataclass(frozen=True)
class Place:
    """Where the files go, how the run is started there, and the exit codes that are right."""

    prefix: Path
    codes: Sequence[int]
    env: Mapping[str, str] = field(default_factory=dict)
    before: Sequence[str] = ()  # of the command
    takes_all_rows: bool = True


PLACES: Final = (
    *("disk full", "read-only folder", "below a file", "folder not there yet", "name not UTF-8"),
    *("prefix too long", "clock an hour ahead", "clock an hour back"),
)


@contextmanager
def place_of(name: str, folder: Path) -> Iterator[Place]:
    """The place of that name, in this folder."""
    prefix = folder / "run"
    match name:
        case "disk full":
            with _mounted(folder / "disk", f"size={FULL_BYTES}") as disk:
                if disk is not None:
                    yield Place(disk / "run", ENDED, takes_all_rows=False)
                else:
                    yield Place(prefix, ENDED, before=NO_FILE_BEYOND, takes_all_rows=False)
        case "read-only folder":
            with _mounted(folder / "disk", "ro") as disk:
                shut = disk or folder / "shut"
                if disk is None:
                    shut.mkdir(mode=0o500)
                yield Place(shut / "run", REFUSED)
        case "below a file":
            (folder / "file").touch()
            yield Place(folder / "file" / "run", REFUSED)
        case "folder not there yet":
            yield Place(folder / "new" / "newer" / "run", MEASURED)
        case "name not UTF-8":
            yield Place(Path(os.fsdecode(os.fsencode(folder) + b"/f\xff\xfe")) / "run", MEASURED)
        case "prefix too long":
            yield Place(folder / ("x" * 240), REFUSED)
        case _:
            step_s = 3600 if name.endswith("ahead") else -3600
            (folder / "clock").mkdir()
            code = CLOCK.format(step_s=step_s, after_s=STEP_AFTER_S)
            (folder / "clock" / "sitecustomize.py").write_text(code)
            yield Place(prefix, MEASURED, {"PYTHONPATH": f"{folder / 'clock'}:{CHECKOUT}"})


@contextmanager
def _mounted(folder: Path, options: str) -> Iterator[Path | None]:
    """A small disk; None without the right to mount one."""
    folder.mkdir()
    mount = shutil.which("mount")
    made = (
        mount is not None
        and not subprocess.run(
            [mount, "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], capture_output=True, check=False
        ).returncode
    )
    try:
        yield folder if made else None
    finally:
        if made:
            subprocess.run(["umount", "-l", str(folder)], capture_output=True, check=False)
