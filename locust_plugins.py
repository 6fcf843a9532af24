"""portlap's options in `locust --help`, which Locust prints before it reads the locustfile.

Locust imports a module of this name when it starts, if there is one, "to allow for registering custom
arguments". The package locust-plugins, where it is installed, comes first: then only the locustfile itself
adds our options. This module does nothing but when help is asked for portlap's own locustfile.
"""

from locust import events

import argparse
import os
from pathlib import Path
from typing import Any

OURS = Path(__file__).resolve().with_name("locustfile.py")


def asks_for_our_help() -> bool:
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("-h", "--help", action="store_true")
    parser.add_argument("-f", "--locustfile", default=os.environ.get("LOCUST_LOCUSTFILE", "locustfile.py"))
    given, _ = parser.parse_known_args()
    return given.help and any(Path(name).resolve() == OURS for name in given.locustfile.split(","))


if asks_for_our_help():

    @events.init_command_line_parser.add_listener
    def add_arguments(parser: Any, **_: Any) -> None:
        from replay.options import add_options, options_at_import

        add_options(parser, options_at_import())
