"""`python -m scripts.soak [MINUTES]`: both runs; with MINUTES each takes so long, and nothing is written."""

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from scripts.one_server import CHECKOUT
from scripts.soak.watched import Watched, quarters, watch

RUNS: Final = ((256, 10.0), (8, 30.0))  # users, minutes
PAGE: Final = CHECKOUT / "docs" / "RELIABILITY.md"
BEGIN, END = "<!-- soak -->", "<!-- /soak -->"
GROWS: Final = 1.1  # the last quarter may have so much more than the second one
ROOM: Final = {
    "memory, MB": 5.0,
    "descriptors": 3.0,
    "greenlets since the start": 3.0,
    "timing error p50, ms": 2.0,
}
RARE: Final = {"timing error p99, ms": 20.0}  # a busy moment of the machine is no leak


def figures(seen: Watched) -> dict[str, tuple[float, float]]:
    """By name: in the second quarter, and in the last."""
    return {
        "memory, MB": quarters([s.memory_mb for s in seen.samples]),
        "descriptors": quarters([s.descriptors for s in seen.samples]),
        "greenlets since the start": quarters(seen.greenlets),
        "timing error p50, ms": quarters(seen.timing_error_ms),
        "timing error p99, ms": quarters(seen.timing_error_ms, 0.99),
    }


def is_flat(name: str, before: float, after: float) -> bool:
    return after <= GROWS * before + (ROOM | RARE)[name]


def table(runs: Sequence[tuple[int, float, Watched]]) -> str:
    """Markdown, a line per run and figure."""
    lines = ["| run | figure | second quarter | last quarter | flat |", "|---|---|---|---|---|"]
    for users, minutes, seen in runs:
        name = f"{users} users, {minutes:g} minutes, {len(seen.timing_error_ms):,} answers"
        for what, (before, after) in figures(seen).items():
            flat = "yes" if is_flat(what, before, after) else "no"
            lines.append(f"| {name} | {what} | {before:.1f} | {after:.1f} | {flat} |")
    return "\n".join(lines)


def main(arguments: list[str]) -> int:
    """0, or 1 if a figure grew or an answer failed."""
    runs = []
    for users, minutes in RUNS:
        minutes = float(arguments[0]) if arguments else minutes
        print(f"{users} users for {minutes:g} minutes ...", flush=True)
        with tempfile.TemporaryDirectory(prefix="portlap-soak-") as folder:
            seen = watch(users, minutes, Path(folder))
        runs.append((users, minutes, seen))
        print(f"exit code {seen.code}, {seen.failed} answers failed or were cut at the end", flush=True)
    found = table(runs)
    print(found)
    if not arguments:
        page = PAGE.read_text(encoding="utf-8")
        before, after = page.partition(BEGIN)[0], page.partition(END)[2]
        PAGE.write_text(f"{before}{BEGIN}\n{found}\n{END}{after}", encoding="utf-8")
    ended_well = all(seen.code == 0 and seen.failed <= users for users, _, seen in runs)
    flat = all(is_flat(name, *pair) for _, _, seen in runs for name, pair in figures(seen).items())
    return 0 if ended_well and flat else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
