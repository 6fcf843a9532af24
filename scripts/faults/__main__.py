"""`python -m scripts.faults [FAULTS]`: the matrix in random order, for at most ten minutes."""

import random
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from scripts.faults.case import CHECKOUT, INT, KILL, STOP, TERM, Fault, Outcome, suffer

SIGNALS: Final = (KILL, TERM, INT, STOP)
STAGES_OF: Final = {
    "conductor": ("start", "warm-up", "rounds", "report"),
    "master": ("start", "warm-up", "rounds", "report"),
    "worker": ("start", "warm-up", "rounds", "report"),
    "server": ("start", "warm-up", "rounds"),
    "own servers": ("start", "warm-up", "rounds"),
    "monitor": ("warm-up", "rounds"),
    "analysis": ("report",),
}
FAULTS: Final = 336  # each cell of the matrix four times
LIMIT_S: Final = 570.0  # no fault begins later
AT_ONCE: Final = 5
PAGE: Final = CHECKOUT / "docs" / "RELIABILITY.md"
INTRO: Final = """# What a fault costs

`make faults` ends, stops or interrupts one process of a small run at a random instant, and looks at what is
left. The server is a simulator that answers one request at a time and writes down what it finished. Every
fault is judged by the same rules:

- each answer that the server finished half a second before the fault is a row of the log;
- the files can be read, and the verdict is *serial* or *inconclusive*;
- the exit code is one of [the table](COMMAND_LINE.md). A conductor that is killed has none, and neither has
  one that a signal ends before portlap is loaded; only then Python may show a traceback;
- no process is left over, and nothing is silent for more than ten seconds.

SIGSTOP is followed by SIGCONT after 1.5 s. *start* is the first two seconds, with the check of the targets;
*rounds* are solos, the gate, open streams and the time between rounds.
"""


def matrix(faults: int) -> list[Fault]:
    """So many faults, each cell as often as the others, in random but always the same order."""
    cells = [(v, stage, s) for v, stages in STAGES_OF.items() for stage in stages for s in SIGNALS]
    drawn = [Fault(*cells[i % len(cells)], seed=i // len(cells)) for i in range(faults)]
    random.Random(7).shuffle(drawn)
    return drawn


def run(faults: Sequence[Fault]) -> list[Outcome]:
    """Those that begin in time, as they end."""
    began_s = time.monotonic()

    def one(fault: Fault) -> Outcome | None:
        if time.monotonic() - began_s > LIMIT_S:
            return None
        with tempfile.TemporaryDirectory(prefix="portlap-fault-", ignore_cleanup_errors=True) as folder:
            outcome = suffer(fault, Path(folder))
        for complaint in outcome.complaints:
            print(f"{fault.victim}, {fault.stage}, {fault.signal}, {fault.seed}: {complaint}", flush=True)
        return outcome

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return [outcome for outcome in pool.map(one, faults) if outcome is not None]


def table(outcomes: Sequence[Outcome]) -> str:
    """Markdown, a line per victim."""
    struck = [o for o in outcomes if o.struck]
    lines = [
        "| struck | faults | finished rows lost | wrong verdicts | other exit codes | orphans "
        "| longest silence, s | any promise broken |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, of in [*((v, [o for o in struck if o.fault.victim == v]) for v in STAGES_OF), ("all", struck)]:
        if of:
            counts = [
                sum(o.rows_lost for o in of),
                sum(any(c.startswith("verdict") for c in o.complaints) for o in of),
                sum(any(c.startswith(("exit", "it hung")) for c in o.complaints) for o in of),
                sum(o.orphans for o in of),
            ]
            longest, broken = max(o.silence_s for o in of), sum(bool(o.complaints) for o in of)
            cells = (name, len(of), *counts, f"{longest:.1f}", broken)
            lines.append(f"| {' | '.join(map(str, cells))} |")
    return "\n".join(lines)


def main(arguments: list[str]) -> int:
    """0, or 1 if a fault broke a promise."""
    outcomes = run(matrix(int(arguments[0]) if arguments else FAULTS))
    found = table(outcomes)
    broken = [o for o in outcomes if o.complaints]
    late = sum(not o.struck for o in outcomes)
    print(
        f"{found}\n\n{len(broken)} of {len(outcomes)} faults broke a promise; {late} came too late to strike"
    )
    if not arguments:
        PAGE.write_text(f"{INTRO}\n{found}\n", encoding="utf-8")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
