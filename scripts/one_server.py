"""One server of ours beside what a script watches: `python -m servers …`, with its address."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent


@contextmanager
def one_server(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """(its process, its base URL) once it is ready; it is killed afterwards."""
    with subprocess.Popen(
        [sys.executable, "-m", "servers", *arguments, "--until-stdin-closes"],
        cwd=CHECKOUT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        url = str(json.loads(process.stdout.readline())["base_url"])
        process.stdout.readline()  # ready
        yield process, url
        process.kill()
