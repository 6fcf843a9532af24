"""The locustfile: reads the scenario, makes one user class per target, and wires Locust's events."""

from locust import events

from typing import Any

import replay.signals  # noqa: F401  first: from now on Ctrl-C shows no traceback
from replay import start
from replay.options import add_options, options_at_import
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
    add_options(parser, OPTIONS)


@events.init.add_listener
def wire(environment: Any, **_: Any) -> None:
    classes = {c.target: c for c in CLASSES.values()}
    start.at_init(environment, OPTIONS, SCENARIO, GATE, classes)
