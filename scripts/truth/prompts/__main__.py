"""`python -m scripts.truth.prompts [EACH] [WORD …]`: EACH real Locust runs of every row, 20 by default.

With words only the rows whose names hold one of them, and docs/truth.md stays as it is.
"""

import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Final

import psutil

from scripts.truth.prompts.rows import ROWS, Row, farm_of
from scripts.truth.prompts.section import TITLE, with_section
from scripts.truth.words import table
from tests.support.locusts import report_of, running, scenario

EACH: Final = 20
RUN_S: Final = 300.0  # of one run, at most
CORES_EACH: Final = 1  # of one run: it waits for its servers most of the time
NOT_DECIDED: Final = ("inconclusive", "unknown")
PAGE: Final = Path(__file__).parents[3] / "docs" / "truth.md"
HEADER: Final = ("server", "must be said", "runs", "said", "not decided", "wrong")
INTRO: Final = """{} runs of each server by a real Locust against simulated servers, each run with another
pace (0.8 to 1.25) and scatter (3 % of a request's time, unless the row says otherwise); {:.0f} min."""


def run_once(row: Row, seed: int) -> str:
    """What the report says; why there is none, in brackets."""
    with tempfile.TemporaryDirectory(prefix="portlap-truth-") as folder:
        path = scenario(
            Path(folder),
            servers=[{"kind": "simulator", "farm": farm_of(row, seed)}],
            targets=[{"name": "AB"[i], "server": i} for i in range(row.ports)],
            phases=list(row.phases),
        )
        prefix = Path(folder) / "run"
        with running("--headless", "--csv", str(prefix), "--scenario", str(path)) as process:
            try:
                _, err = process.communicate(timeout=RUN_S)
            except subprocess.TimeoutExpired:
                return f"(longer than {RUN_S:.0f} s)"
        if process.returncode not in (0, 3):
            return f"(exit code {process.returncode}: {err.strip().splitlines()[-1][:120]})"
        return row.said(report_of(prefix))


def is_undecided(said: str) -> bool:
    return said.split(",")[0] in NOT_DECIDED


def line(row: Row, said: Sequence[str]) -> tuple[str, ...]:
    """A row of the table."""
    counts = Counter(said)
    right = counts[row.must]
    open_ = sum(n for text, n in counts.items() if text != row.must and is_undecided(text))
    wrong = [f"{n} × {text}" for text, n in counts.items() if text != row.must and not is_undecided(text)]
    return row.name, row.must, str(len(said)), str(right), str(open_ or ""), "; ".join(wrong)


def main(arguments: Sequence[str]) -> int:
    """0, or 1 if a row got another word than the true one, or fewer than nine in ten runs decided."""
    numbers = [int(a) for a in arguments if a.isdecimal()]
    words = [a for a in arguments if not a.isdecimal()]
    each, begun = (numbers or [EACH])[0], time.monotonic()
    rows, lines, failed = [r for r in ROWS if not words or any(w in r.name for w in words)], [], False
    at_once = max((psutil.cpu_count() or 1) // CORES_EACH, 1)
    with ThreadPoolExecutor(at_once) as pool:
        for row in rows:
            row_begun = time.monotonic()
            said = list(pool.map(partial(run_once, row), range(each)))
            lines.append(line(row, said))
            *_, right, _, wrong = lines[-1]
            failed |= bool(wrong) or int(right) < 0.9 * each
            print(f"{' | '.join(lines[-1])} ({time.monotonic() - row_begun:.0f} s)", flush=True)
    section = "\n\n".join([TITLE, INTRO.format(each, (time.monotonic() - begun) / 60), table(HEADER, lines)])
    if not words:
        PAGE.write_text(with_section(PAGE.read_text(encoding="utf-8"), section), encoding="utf-8")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
