"""What sampling costs: processor time of the sampler, and what it does to answers of a real llama.cpp server.

`make bench` runs it. Solos with and without the sampler take turns, so that a drift hits both alike.
"""

import http.client
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import fmean, stdev

import psutil

CHECKOUT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(CHECKOUT))

from replay.monitor.process import Watch, WatchedPort  # noqa: E402

PAIRS, TOKENS, IDLE_S = 12, 96, 20.0


def main() -> None:
    command = [sys.executable, "-m", "servers", "llamacpp", "--port", "0", "--port", "0", "--oversubscribe"]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, cwd=CHECKOUT, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True
    ) as child:
        try:
            assert child.stdout is not None
            lines = [json.loads(line) for line in iter(child.stdout.readline, '{"ready": true}\n')]
            ports = tuple(WatchedPort(line["base_url"], "llamacpp", line["pid"]) for line in lines)
            measure(ports)
        finally:
            child.terminate()


def measure(ports: tuple[WatchedPort, ...]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        sampler = started(ports, Path(folder) / "idle.csv")
        before = busy_s(sampler.pid)
        time.sleep(IDLE_S)
        share = (busy_s(sampler.pid) - before) / IDLE_S
        end(sampler)
        print(f"sampler of {len(ports)} servers: {share:.2%} of one core (limit: 1 %)")
        walls, works = [], []
        for i in range(PAIRS):
            took = {}
            for sampled in (i % 2 == 0, i % 2 == 1):
                beside = started(ports, Path(folder) / f"{i}-{sampled}.csv") if sampled else None
                time.sleep(1.0)  # in both cases: a machine that has rested answers otherwise
                worked = busy_s(ports[0].pid)
                took[sampled] = (solo_s(ports[0].base_url), busy_s(ports[0].pid) - worked)
                if beside:
                    end(beside)
            walls.append(took[True][0] / took[False][0])
            works.append(took[True][1] / took[False][1])
        print("a solo with the sampler over one without, mean ± standard error:")
        for what, ratios in (("time", walls), ("the server's processor time", works)):
            print(f"  {what}: {fmean(ratios):.3f} ± {stdev(ratios) / PAIRS**0.5:.3f} (n = {PAIRS})")


def started(ports: tuple[WatchedPort, ...], path: Path) -> subprocess.Popen[bytes]:
    watch = Watch(str(path), time.monotonic(), ports, machine=True).to_json()
    child = subprocess.Popen(
        [sys.executable, "-m", "replay.monitor.process", watch], cwd=CHECKOUT, stdin=subprocess.PIPE
    )
    time.sleep(1.0)  # its start is not its work
    return child


def end(sampler: subprocess.Popen[bytes]) -> None:
    assert sampler.stdin is not None
    sampler.stdin.close()
    sampler.wait()


def busy_s(pid: int | None) -> float:
    times = psutil.Process(pid).cpu_times()
    return times.user + times.system


def solo_s(url: str) -> float:
    """One answer of fixed length, its prompt never seen before."""
    connection = http.client.HTTPConnection(url.removeprefix("http://"))
    content = f"{time.monotonic_ns()} Tell me of the sea."
    body = {"messages": [{"role": "user", "content": content}], "max_tokens": TOKENS, "ignore_eos": True}
    start_s = time.monotonic()
    connection.request(
        "POST",
        "/v1/chat/completions",
        json.dumps(body | {"cache_prompt": False}),
        {"Content-Type": "application/json"},
    )
    connection.getresponse().read()
    connection.close()
    return time.monotonic() - start_s


if __name__ == "__main__":
    main()
