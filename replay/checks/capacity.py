"""Whether this machine gives what a plan needs: open files and memory, asked before anything is taken."""

from collections.abc import Sequence
from contextlib import suppress

import psutil

from analysis.errors import ScenarioError
from analysis.files.plan import PlannedPhase

OWN_FILES = 100  # of Locust, the log, the web UI and the monitor
USER_BYTES = 200_000  # a greenlet with its connection and the answer it holds
REQUEST_BYTES = 4_000  # a row, in the run and once more in the analysis


def refuse_beyond_machine(phases: Sequence[PlannedPhase]) -> None:
    """Raises ScenarioError where open files or free memory do not suffice for the largest phase."""
    users = max((p.users for p in phases), default=0)
    most_files = _most_open_files()
    if most_files is not None and users + OWN_FILES > most_files:
        raise ScenarioError(
            f"{users} users need {users + OWN_FILES} open files, and this process may have {most_files}; "
            f"allow more with `ulimit -n {users + OWN_FILES}`, or take fewer users"
        )
    requests = sum(p.max_rounds * (p.users + 1) for p in phases)
    needed, free = users * USER_BYTES + requests * REQUEST_BYTES, _free_bytes()
    if free is not None and needed > free:
        raise ScenarioError(
            f"{users} users and {requests:,} requests need about {needed / 1e9:.1f} GB of memory, and "
            f"{free / 1e9:.1f} GB are free; take fewer users or rounds"
        )


def _most_open_files() -> int | None:
    """What a process may have open; None where the system sets no limit that can be asked for."""
    with suppress(ImportError, OSError, ValueError):
        import resource  # not on Windows

        soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        return None if soft == resource.RLIM_INFINITY else soft
    return None


def _free_bytes() -> int | None:
    with suppress(Exception):  # careful: without /proc psutil raises what it likes; the run goes on
        return int(psutil.virtual_memory().available)
    return None
