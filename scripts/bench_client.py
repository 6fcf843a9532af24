"""What measuring costs the client: processor time of a run of 8 users × 3 rounds, and of one more chunk.

`make bench` runs it. The servers are simulated, in processes of their own that are not counted. The run is
all of `locust` and what it starts, the report too. A chunk is the difference of 32 streams with 100 and with
1,100 tokens each, 4 ms apart, read by the connections that a run uses.
"""

import csv
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import NamedTuple

CHECKOUT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(CHECKOUT))

import gevent  # noqa: E402

from replay.client.connection import Connection  # noqa: E402
from replay.client.request import Request  # noqa: E402
from scripts.one_server import one_server  # noqa: E402

REPEATS = 3
RUN_GOAL_S, CHUNK_GOAL_S = 2.0, 30e-6
STREAMS, FEW, MANY = 32, 100, 1100
SIMULATED = ("simulate", "--policy", "parallel", "--ttft-s", "0.02", "--tpot-s", "0.004", "--port", "0")


class Cost(NamedTuple):
    cpu_s: float
    answers: int
    chunks: int


def main() -> None:
    with one_server(*SIMULATED) as (_, first), one_server(*SIMULATED) as (_, second):
        measure([first, second])


def measure(urls: list[str]) -> None:
    few, many = ([streams(urls[0], tokens) for _ in range(REPEATS)] for tokens in (FEW, MANY))
    each = [1e6 * (b.cpu_s - a.cpu_s) / (b.chunks - a.chunks) for a, b in zip(few, many, strict=True)]
    print(
        f"one more chunk, {STREAMS} streams: {median(each):.1f} µs [{min(each):.1f}, {max(each):.1f}] "
        f"of processor time (goal {1e6 * CHUNK_GOAL_S:.0f} µs)"
    )
    with tempfile.TemporaryDirectory() as folder:
        whole = [run(Path(folder) / f"run-{i}", urls, users=8, rounds=3) for i in range(REPEATS)]
    took = [cost.cpu_s for cost in whole]
    print(
        f"a run of 8 users × 3 rounds ({whole[0].answers} requests) with its report: "
        f"{median(took):.2f} s [{min(took):.2f}, {max(took):.2f}] of processor time (goal {RUN_GOAL_S:.0f} s)"
    )


def streams(url: str, tokens: int) -> Cost:
    """So many answers at once in this process."""
    body = {"messages": [{"role": "user", "content": "Tell me of the sea."}], "max_tokens": tokens}
    connections = [Connection() for _ in range(STREAMS)]
    for i, connection in enumerate(connections):
        connection.prepare(Request(url, body | {"stream": True}, 60.0, request_id=i))
    began_s = time.process_time()
    asking = [gevent.spawn(connection.ask) for connection in connections]
    gevent.joinall(asking, raise_error=True)
    cpu_s = time.process_time() - began_s
    for connection in connections:
        connection.close()
    return Cost(cpu_s, STREAMS, sum(greenlet.value.chunks or 0 for greenlet in asking))


def run(prefix: Path, urls: list[str], *, users: int, rounds: int) -> Cost:
    """A whole `locust` process and all that it starts; its table of requests tells the chunks."""
    scenario = {
        "targets": [{"base_url": url} for url in urls],
        "request": {"max_tokens": FEW},
        "phases": [{"name": "phase1", "users": users, "rounds": rounds}],
    }
    file = prefix.with_suffix(".yaml")
    file.write_text(json.dumps(scenario), encoding="utf-8")
    words = ("-m", "locust", "--headless", "--scenario", str(file), "--csv", str(prefix))
    quiet = subprocess.DEVNULL
    with subprocess.Popen((sys.executable, *words), cwd=CHECKOUT, stdout=quiet, stderr=quiet) as child:
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    with prefix.with_name(f"{prefix.name}_requests.csv").open(encoding="utf-8") as log:
        rows = list(csv.DictReader(log))
    return Cost(used.ru_utime + used.ru_stime, len(rows), sum(int(row["chunks"] or 0) for row in rows))


if __name__ == "__main__":
    main()
