"""What the analysis costs: processor time and memory of `python -m analysis`, from 100 to 10⁶ requests.

`make bench` runs it. The runs are made up: two servers with two slots each, 8 users, a sample of each server
every 250 ms, none in the largest one. A report of 100 shall take less than 1 s, of 10,000 less than 3 s.
"""

import resource
import subprocess
import sys
import tempfile
from dataclasses import replace
from itertools import chain
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(CHECKOUT))

from analysis.files.request_record import BURST, RequestRecord  # noqa: E402
from analysis.files.run import Run  # noqa: E402
from tests.support.farm import farm, phase  # noqa: E402
from tests.support.runs import watched, write_run  # noqa: E402

REPORTS = {100: 1.0, 3_000: None, 10_000: 3.0}  # requests: seconds of processor time, at most
LARGE = 1_000_000
BLOCK = 5_000  # requests that are simulated; the larger run holds them many times, one after another


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        for requests, goal_s in REPORTS.items():
            run = watched(made(requests), slots=2)
            measure(Path(folder), f"of-{requests}", run, "report", "--quiet", goal_s=goal_s)
        measure(Path(folder), "large", repeated(made(BLOCK), LARGE // BLOCK), "check")


def made(requests: int) -> Run:
    each = requests // 18
    return farm("slots", [phase(8, 2, each, "phase3"), phase(8, 1, each, "control")], jitter=0.02)


def repeated(run: Run, times: int) -> Run:
    """The same phases with so many times as many rounds."""
    last_s = max(r.end_s or 0.0 for r in run.log.records) + 1.0
    plans = run.manifest.phases_planned
    again = (
        shifted(r, i, i * last_s, plans[0].max_rounds)
        for i in range(1, times)
        for r in run.log.records
        if r.phase in {p.name for p in plans} and (r.kind == BURST or r.round != plans[0].max_rounds)
    )
    records = tuple(replace(r, request_id=n) for n, r in enumerate(chain(run.log.records, again)))
    grown = tuple(replace(p, min_rounds=times * p.max_rounds, max_rounds=times * p.max_rounds) for p in plans)
    return replace(
        run, log=replace(run.log, records=records), manifest=replace(run.manifest, phases_planned=grown)
    )


def shifted(r: RequestRecord, block: int, by_s: float, rounds: int) -> RequestRecord:
    times = ("scheduled_s", "send_s", "first_token_s", "last_token_s", "end_s")
    moved = {name: getattr(r, name) + by_s for name in times}
    return replace(r, round=(r.round or 0) + block * rounds, **moved)


def measure(folder: Path, name: str, run: Run, *command: str, goal_s: float | None = None) -> None:
    prefix = folder / name
    write_run(prefix, run, locust=False)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    words = [sys.executable, "-m", "analysis", command[0], str(prefix), *command[1:]]
    done = subprocess.run(words, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    unit = 1 if sys.platform == "darwin" else 1024  # ru_maxrss: bytes there, kilobytes here
    goal = "" if goal_s is None else f" (goal {goal_s:.0f} s: {'kept' if cpu_s < goal_s else 'missed'})"
    n, samples = len(run.log.records), len(run.server_samples)
    print(
        f"analysis {command[0]} of {n:,} requests and {samples:,} samples: {cpu_s:.1f} s of "
        f"processor time{goal}, "
        f"at most {after.ru_maxrss * unit / 1e9:.2f} GB, exit code {done.returncode}"
    )
    print(done.stderr[-500:], end="", file=sys.stderr)


if __name__ == "__main__":
    main()
