"""To put beside a locustfile of a test: all Locusts begin when BEGIN_FILE is there, so that none starts while
another one measures. Each says with a file of its own that it waits."""

from locust import events
from locust.runners import WorkerRunner

import os
import time
from pathlib import Path
from typing import Any

PATIENCE_S = 120.0


@events.init.add_listener
def wait_for_the_others(environment: Any, runner: Any, **_: Any) -> None:
    begin = os.environ.get("BEGIN_FILE")
    if begin is None or isinstance(runner, WorkerRunner):
        return
    Path(f"{environment.parsed_options.csv_prefix}.ready").touch()
    deadline = time.monotonic() + PATIENCE_S
    while not Path(begin).exists() and time.monotonic() < deadline:
        time.sleep(0.1)
