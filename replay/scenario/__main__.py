"""`make scenarios`: every scenario that is shipped, the question that it answers, and what it needs."""

import re
import sys
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from analysis.console import printed, to_stdout
from replay.children import CHECKOUT
from replay.scenario.yaml_file import fill, read_yaml, unset

RATIOS: Final = {"file": None, "question": 3, "needs": 2}
STARTED: Final = {
    "llamacpp": "real llama.cpp servers",
    "simulator": "simulated servers",
    "command": "servers by your own command",
}


def main() -> int:
    """Prints the table. Raises ScenarioError: a file that is no YAML."""
    rows = [(str(p.relative_to(CHECKOUT)), question(p), needs(p)) for p in files()]
    to_stdout(printed(lambda console: show(console, rows), sys.stdout))
    return 0


def files() -> list[Path]:
    return sorted((CHECKOUT / "scenarios").glob("*.yaml"))


def show(console: Console, rows: list[tuple[str, str, str]]) -> None:
    grid = Table(box=None, padding=(0, 2, 1, 0), pad_edge=False, header_style="bold")
    for name in ("file", "question", "needs"):
        grid.add_column(name, no_wrap=name == "file", ratio=RATIOS[name])
    for row in rows:
        grid.add_row(*row)
    console.print(grid)


def question(path: Path) -> str:
    """The first sentence of the file's head that asks."""
    head = takewhile(lambda line: line.strip("# \n"), path.read_text(encoding="utf-8").splitlines())
    text = " ".join(line.strip("# ") for line in head)
    asked = re.search(r"(?:^|(?<=\. ))[^?]*?\?", text)
    found = asked[0] if asked else text.partition(". ")[0]
    return re.split(r"(?<=[.]) (?=[A-Z])", found)[-1]


def needs(path: Path) -> str:
    """Servers that must run already, and variables that must be set."""
    written = read_yaml(path)
    return "; ".join((*_servers(written), *_variables(written)))


def _servers(written: dict[str, Any]) -> Iterator[str]:
    kinds = [s["kind"] for s in written.get("servers", [])]
    for kind in dict.fromkeys(kinds):
        yield f"nothing: starts {STARTED[kind]}"
    shown = {name: f"${name}" for _, name in unset(written, {})}
    urls = (str(fill(t["base_url"], shown)[0]) for t in written["targets"] if t.get("base_url"))
    if ports := list(dict.fromkeys(url.removeprefix("http://") for url in urls)):
        yield f"servers at {', '.join(ports)}"


def _variables(written: dict[str, Any]) -> Iterator[str]:
    if names := list(dict.fromkeys(name for _, name in unset(written, {}) if name)):
        yield f"export {', '.join(names)}"


if __name__ == "__main__":
    sys.exit(main())
