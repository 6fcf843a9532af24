"""`python -m servers find`: what was found as a table, JSON or a scenario, and the choice of a model."""

import argparse
import json
import shlex
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Final, TextIO

from analysis import exit_codes
from analysis.console import few
from analysis.errors import PortlapError
from analysis.escapes import visible
from replay.checks.find.discover import Found, as_yaml, find, scenario_of

SHOWN: Final = 3  # models per line, commands per server
DIGITS: Final = 10  # of a number that somebody types, at most
COLUMNS: Final = ("address", "kind", "models", "slots", "program")


def commands(found: Sequence[Found]) -> list[str]:
    """For each server where somebody has to name a model, commands to paste that name one."""
    return [
        f".venv/bin/locust --headless --target {shlex.quote(f'{f.base_url}={model}')}"
        for f in found
        for model in [m for m in f.choices if m.isprintable()][:SHOWN]
    ]


def choose(found: Sequence[Found], answers: TextIO, questions: TextIO) -> list[Found]:
    """The same with the models that somebody chooses by number; an empty line or the end leaves one out."""
    return [_chosen(f, answers, questions) if f.choices else f for f in found]


def _chosen(found: Found, answers: TextIO, questions: TextIO) -> Found:
    names, count = found.choices, len(found.choices)
    listed = [f"  {i:>{len(str(count))}}  {visible(name)}" for i, name in enumerate(names, 1)]
    print(f"Which model of {found.base_url}?", *listed, sep="\n", file=questions)
    while True:
        print(f"Its number, 1 to {count} (Enter: none): ", end="", file=questions, flush=True)
        try:
            line = answers.readline()
        except UnicodeDecodeError:  # not typed as a number: asked again
            continue
        if not line:  # the end: its own line end is missing
            print(file=questions)
        answer = line.strip()
        if not answer:
            return found
        if answer.isascii() and answer.isdigit() and len(answer) < DIGITS and 1 <= int(answer) <= count:
            return replace(found, models=(names[int(answer) - 1],), remark="", choices=(), slots=None)


def _table(found: Sequence[Found]) -> str:
    rows = [COLUMNS]
    for f in found:
        models = few(f.models, SHOWN) or f"{len(f.choices) or '–'}"
        models += " installed" if f.choices and not f.models else ""
        whose = f"{f.program} (pid {f.pid})" if f.program else "–"
        rows.append((f.base_url, f.kind, models, str(f.slots or "–"), whose))
    widths = [max(len(row[i]) for row in rows) for i in range(len(COLUMNS))]
    lines = ["  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip() for row in rows]
    said = [f"{f.base_url}: {f.remark or f.note}" for f in found if f.remark or f.note]
    return visible("\n".join([*lines, *said, *commands(found)]), keep="\n")


def _port(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise argparse.ArgumentTypeError(f"{text!r} is no port; give a number from 1 to 65535")
    return int(text)


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints what was found; 0, or 2 where a scenario was asked for and nothing can be measured."""
    parser = argparse.ArgumentParser(
        prog="python -m servers find", description="Lists the LLM servers on this host (loopback, GET only)."
    )
    parser.add_argument(
        "--port", type=_port, action="append", metavar="P", help="ask this port only; repeatable"
    )
    shape = parser.add_mutually_exclusive_group()
    shape.add_argument("--json", action="store_true", help="one JSON line per server")
    shape.add_argument("--yaml", action="store_true", help="a scenario that measures them")
    parser.add_argument(
        "--choose", action="store_true", help="where a model has to be named, ask which (on a terminal)"
    )
    options = parser.parse_args(arguments)
    found = find(options.port or ())
    try:
        if options.choose and sys.stdin.isatty():
            found = choose(found, sys.stdin, sys.stderr)
        if options.yaml:
            print(as_yaml(scenario_of(found)), end="")
        elif options.json:
            print("".join(json.dumps(asdict(f)) + "\n" for f in found), end="")
        elif found:
            print(_table(found))
        else:
            where = ", ".join(f"port {p}" for p in options.port or ()) or "loopback"
            print(f"no LLM server answers on {where}; is it started?", file=sys.stderr)
    except PortlapError as error:
        print(visible(str(error)), *map(visible, commands(found)), sep="\n", file=sys.stderr)
        return exit_codes.BAD_INPUT
    except KeyboardInterrupt:
        print(file=sys.stderr)
        return exit_codes.INTERRUPTED
    return 0


if __name__ == "__main__":
    sys.exit(main())
