"""`python -m scripts.engines [WORD …]`: the set-ups whose names hold one of the words, else all of them.

`how-many` is the word for the sweeps.
"""

import platform
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Final

import psutil

from scripts.engines import how_many
from scripts.engines.measure import Measured, measure
from scripts.engines.prompts import SETUPS as PROMPTS
from scripts.engines.prompts import measure_prompts, prompts_table
from scripts.engines.setups import CHECKOUT, SETUPS

PAGE: Final = CHECKOUT / "docs" / "ENGINES.md"
BEGIN, END = "<!-- engines -->", "<!-- /engines -->"  # around the table of the page


def table(measured: Sequence[Measured]) -> str:
    """Markdown, a line per set-up."""
    lines = [
        "| set-up | users | recognised as | verdict | speedup | streams at once | right |",
        "|---|---|---|---|---|---|---|",
    ]
    for m in measured:
        if m.skipped:
            cells = [m.setup.name, m.setup.users, "–", "–", "–", "–", f"skipped: {m.skipped}"]
        else:
            speedup = "–" if m.speedup is None else f"{m.speedup:.2f}"
            right = "; ".join(m.complaints) or ("not decided" if m.undecided else "yes")
            cells = [
                m.setup.name,
                m.setup.users,
                m.kind,
                f"`{m.verdict}`",
                speedup,
                "–" if m.peak is None else m.peak,
                right,
            ]
        lines.append(f"| {' | '.join(map(str, cells))} |")
    return "\n".join(lines)


@contextmanager
def own_folder() -> Iterator[Path]:
    """An empty folder for one set-up."""
    with tempfile.TemporaryDirectory(prefix="portlap-engine-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def sweeps(words: Sequence[str]) -> list[how_many.Swept]:
    """All of them, or those of the word `how-many`."""
    if words and "how-many" not in words:
        return []
    swept = []
    for slots in how_many.SLOTS:
        for _ in range(how_many.TIMES):
            with own_folder() as folder:
                swept.append(how_many.sweep(slots, folder))
            print(how_many.how_many_table(swept[-1:]).splitlines()[-1], flush=True)
    return swept


def main(words: Sequence[str]) -> int:
    """0, or 1 if a set-up gave another verdict than it must."""
    measured = []
    for setup in SETUPS:
        if words and not any(word in setup.name for word in words):
            continue
        with own_folder() as folder:
            measured.append(measure(setup, folder))
        print(table(measured[-1:]).splitlines()[-1], flush=True)
    prompts = []
    for asked in PROMPTS:
        if words and not any(word in asked.name for word in words):
            continue
        with own_folder() as folder:
            prompts.append(measure_prompts(asked, folder))
        print(prompts_table(prompts[-1:]).splitlines()[-1], flush=True)
    swept = sweeps(words)
    if not words:
        page = PAGE.read_text(encoding="utf-8")
        before, after = page.partition(BEGIN)[0], page.partition(END)[2]
        machine = f"{platform.system()} {platform.machine()}, {psutil.cpu_count()} cores, no GPU looked for"
        tables = [table(measured), prompts_table(prompts), how_many.how_many_table(swept)]
        text = "\n\n".join([f"Measured on {date.today()}: {machine}.", *tables])
        PAGE.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8")
    wrong = any(m.complaints for m in measured) or any(m.complaint for m in prompts)
    wrong = wrong or any(s.complaint for s in swept) or bool(how_many.disagreements(swept))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
