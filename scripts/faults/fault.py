"""One fault and what it cost: the types that all of this tool shares."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

LIMIT_S: Final = 90.0  # a run takes about ten seconds; one that takes this long hangs
STOPPED_S: Final = 1.5  # between SIGSTOP and SIGCONT
KILL, TERM, INT, HUP, STOP = "SIGKILL", "SIGTERM", "SIGINT", "SIGHUP", "SIGSTOP"
PLACE: Final = "place"  # no process is struck: the files go somewhere odd, or the clock is set
REAL_SERVER: Final = "real server"


@dataclass(frozen=True)
class Fault:
    """Who is struck when by what; `seed` draws the instant. Of a place: which one is the `stage`."""

    victim: str
    stage: str
    signal: str
    seed: int


@dataclass(frozen=True)
class Left:
    """A run that has ended, however it did."""

    fault: Fault
    prefix: Path
    truth: Path
    code: int | None  # None: it hung
    struck_at: float | None  # seconds since 1970; None: the stage was over before the signal
    orphans: tuple[str, ...]  # by their names
    text: str  # all that it printed
    silence_s: float


@dataclass(frozen=True)
class Outcome:
    """What a fault cost; `complaints` is empty if every promise held."""

    fault: Fault
    struck: bool
    code: int | None
    verdict: str | None
    rows_lost: int
    orphans: int
    silence_s: float
    complaints: tuple[str, ...]
