"""The door: names the scenario, makes one pinned user class per target, wires Locust's events."""

from locust import events

from typing import Any

import replay.signals  # noqa: F401  first: from now on Ctrl-C shows no traceback
from replay import start
from replay.options import add_options, default_plan, options_at_import, writes_files
from replay.output.prefix import new_prefix
from replay.release.gate import Gate
from replay.release.users import user_classes

OPTIONS = options_at_import()
SCENARIO = start.at_import(OPTIONS)
GATE = Gate()
OWN_NAMES = ("CLASSES", "add_arguments", "wire")  # of what follows
CLASSES = user_classes((t.name for t in SCENARIO.targets), GATE, __name__, {*globals(), *OWN_NAMES})
globals().update(CLASSES)  # where Locust, its web UI and its workers look for them


@events.init_command_line_parser.add_listener
def add_arguments(parser: Any, **_: Any) -> None:
    parser.allow_abbrev = False  # what is known at import and what Locust parses must be the same
    add_options(parser, default_plan(OPTIONS))
    prefix = new_prefix() if writes_files(OPTIONS) else None
    parser.set_defaults(web_host="127.0.0.1", loglevel="WARNING", csv_prefix=prefix)


@events.init.add_listener
def wire(environment: Any, runner: Any, web_ui: Any, **_: Any) -> None:
    classes = {c.target: c for c in CLASSES.values()}
    start.at_init(environment, runner, web_ui, OPTIONS, SCENARIO, GATE, classes)
