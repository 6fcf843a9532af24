"""Runs one command, `python -m servers.command.guard JSON`, and ends with its exit code.

The command does not know of us: this process does, and ends it, with all that it started, on SIGTERM and once
its own stdin closes.
"""

import json
import os
import signal
import subprocess
import sys
from contextlib import suppress

from servers.ready import asked_to_stop

ENDS_S = 4.0  # from SIGTERM to SIGKILL; portlap itself waits 10 s for its servers
POLL_S = 0.1


def run(words: list[str], environment: dict[str, str], folder: str) -> int:
    """Its exit code as a shell has it: 128 and the signal's number for one that a signal ended."""
    stop = asked_to_stop(until_stdin_closes=True)
    try:
        process = subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            env=os.environ | environment,
            cwd=folder,
            start_new_session=True,  # a group of its own, with all that it starts
        )
    except OSError as error:  # it is there, and cannot run: of another system, or without its interpreter
        print(f"{words[0]}: {error.strerror}", file=sys.stderr)
        return 127
    while process.poll() is None and not stop.wait(POLL_S):
        pass
    if process.poll() is None:
        _signal(process.pid, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(ENDS_S)
    _signal(process.pid, signal.SIGKILL)  # what is left of the group: workers that outlived it
    code = process.wait()
    return 128 - code if code < 0 else code


def _signal(group: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):  # all have ended
        os.killpg(group, number)


if __name__ == "__main__":
    sys.exit(run(**json.loads(sys.argv[1])))
