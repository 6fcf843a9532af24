"""The health checks as a table: one line per target, and a remedy per problem."""

from collections.abc import Mapping, Sequence
from typing import TextIO

from rich.console import Console
from rich.table import Table

from analysis.console import printed
from replay.checks.hazards import Checked, Hazard
from replay.scenario.schema import Target

WIDE = 200  # where no terminal would break the lines
ROOMY = 100  # columns from which the table has two blanks between its own
OK, CARE, FAILED = "ok", "see below", "FAILED"


def show(
    targets: Sequence[Target],
    checked: Sequence[Checked],
    problems: Mapping[str, str],
    hazards: Sequence[Hazard],
    stream: TextIO,
) -> None:
    """Writes the table, then what is wrong and what to do."""
    width = None if stream.isatty() else WIDE
    stream.write(printed(lambda console: _draw(console, targets, checked, problems, hazards), stream, width))
    stream.flush()


def _draw(
    console: Console,
    targets: Sequence[Target],
    checked: Sequence[Checked],
    problems: Mapping[str, str],
    hazards: Sequence[Hazard],
) -> None:
    gap = 2 if console.width >= ROOMY else 1
    table = Table(box=None, pad_edge=False, padding=(0, gap, 0, 0), header_style="bold")
    for title in ("target", "address", "kind", "model", "loaded", "slots", "context", "check"):
        table.add_column(title, overflow="fold", no_wrap=title == "address")
    by_name = {c.info.name: c for c in checked}
    careful = {f.target for f in hazards}
    for target in targets:
        c = by_name.get(target.name)
        url = target.base_url.removeprefix("http://") if target.base_url else None
        address = url or f"server {target.server} of the scenario"
        if c is None:
            state = FAILED if target.name in problems else "not started"
            table.add_row(target.name, address, *("–",) * 5, state)
            continue
        model = c.model
        table.add_row(
            target.name,
            address,
            c.info.kind,
            c.info.model or "–",
            {True: "yes", False: "no", None: "?"}[model.loaded if model else None],
            "?" if c.info.slots is None else str(c.info.slots),
            "?" if model is None or model.context is None else str(model.context),
            CARE if target.name in careful else OK,
        )
    console.print(table)
    for problem in problems.values():
        console.print(f"✗ {problem}", soft_wrap=True)
    for f in hazards:
        console.print(f"! {f.target}: {f.sentence}; {f.remedy}", soft_wrap=True)
