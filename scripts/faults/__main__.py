"""`python -m scripts.faults [FAULTS [AFTER]]`: the matrix in random order, for at most ten minutes.

AFTER: so many of it are left out at the beginning, as an earlier run has had them.
"""

import random
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from scripts.faults.case import suffer
from scripts.faults.fault import PLACE, Fault, Outcome
from scripts.faults.places import PLACES
from scripts.faults.victims import VICTIMS
from scripts.one_server import CHECKOUT

FAULTS: Final = 370  # each cell of the matrix twice
LIMIT_S: Final = 570.0  # no fault begins later
AT_ONCE: Final = 8
PAGE: Final = CHECKOUT / "docs" / "RELIABILITY.md"
BEGIN, END = "<!-- faults -->", "<!-- /faults -->"  # around the table of the page


def matrix(faults: int) -> list[Fault]:
    """So many faults, each cell as often as the others, in random but always the same order."""
    cells = [(v, stage, s) for v, (stages, signals) in VICTIMS.items() for stage in stages for s in signals]
    cells += [(PLACE, place, "") for place in PLACES]
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
    for name, of in [
        *((v, [o for o in struck if o.fault.victim == v]) for v in (*VICTIMS, PLACE)),
        ("all", struck),
    ]:
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
    faults = int(arguments[0]) if arguments else FAULTS
    after = int(arguments[1]) if len(arguments) > 1 else 0
    outcomes = run(matrix(faults)[after:])
    found = table(outcomes)
    broken = [o for o in outcomes if o.complaints]
    late = sum(not o.struck for o in outcomes)
    print(
        f"{found}\n\n{len(broken)} of {len(outcomes)} faults broke a promise; {late} came too late to strike"
    )
    if not arguments:
        page = PAGE.read_text(encoding="utf-8")
        above, below = page.partition(BEGIN)[0], page.partition(END)[2]
        PAGE.write_text(f"{above}{BEGIN}\n{found}\n{END}{below}", encoding="utf-8")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
