"""The command line: portlap's options beside Locust's, known at import and again when Locust parses."""

from locust.argument_parser import DEFAULT_CONFIG_FILES, LocustConfigParser

import argparse
import os
import re
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import configargparse

from analysis.errors import ScenarioError

PHASES, FREE = "phases", "free"
LOCUSTS_FILES = ("stats.csv", "stats_history.csv", "failures.csv", "exceptions.csv")
DEFAULT_SCENARIO = "scenarios/default.yaml"

HELP = {
    "scenario": "scenario file (YAML, or config-aientities.json); auto: the LLM servers found on this host",
    "target": "a server to measure instead of a scenario file, URL or URL=MODEL; repeatable",
    "plan": "phases: solos and rounds with a verdict (default headless); free: interactive ramp-up (web UI)",
    "budget": "longest time for the run, as 150, 90s, 20m or 1h; 0 = no limit (default: the scenario's)",
    "check": "check the targets' health (GET only) and exit",
    "dry-run": "show the plan, its requests and its duration, send nothing but GET, and exit",
}


def add_options(parser: Any, plan: str) -> None:
    """portlap's options. Only `--plan` is shown in the web UI: a stranger must not choose targets."""
    _add_sources(parser, include_in_web_ui=False)
    parser.add_argument("--plan", choices=[PHASES, FREE], default=plan, help=HELP["plan"])


def _add_sources(parser: Any, **hidden: Any) -> None:
    add = parser.add_argument
    add("--scenario", default=DEFAULT_SCENARIO, env_var="LOCUST_SCENARIO", help=HELP["scenario"], **hidden)
    add("--target", action="append", metavar="URL[=MODEL]", help=HELP["target"], **hidden)
    add("--budget", metavar="TIME", help=HELP["budget"], **hidden)
    add("--check", action="store_true", help=HELP["check"], **hidden)
    add("--dry-run", action="store_true", help=HELP["dry-run"], **hidden)


def options_at_import() -> argparse.Namespace:
    """What Locust's own parser will say later, from the same sources: the classes are made before it runs."""
    parser = configargparse.ArgumentParser(
        add_help=False,
        allow_abbrev=False,
        default_config_files=DEFAULT_CONFIG_FILES,
        config_file_parser_class=LocustConfigParser,
        add_env_var_help=False,
        add_config_file_help=False,
    )
    parser.add_argument("--config", is_config_file_arg=True)
    parser.add_argument("--csv", dest="csv_prefix", env_var="LOCUST_CSV")
    parser.add_argument("--worker", action="store_true", env_var="LOCUST_MODE_WORKER")
    parser.add_argument("--headless", action="store_true", env_var="LOCUST_HEADLESS")
    parser.add_argument("--headful", action="store_true", env_var="LOCUST_HEADFUL")  # takes --headless back
    parser.add_argument("--autostart", action="store_true", env_var="LOCUST_AUTOSTART")
    _add_sources(parser)
    namespace: argparse.Namespace = parser.parse_known_args()[0]
    return namespace


def default_plan(options: argparse.Namespace) -> str:
    """`phases` where nobody clicks, `free` in the web UI."""
    headless = options.headless and not options.headful
    return PHASES if headless or options.autostart else FREE


def writes_files(options: argparse.Namespace) -> bool:
    """Whether this process is going to measure, and keep what it measured."""
    return not (options.worker or options.check or options.dry_run or "--list" in sys.argv)


def new_prefix() -> str:
    """`runs/YYYYmmdd-HHMMSS`, where a run goes without `--csv`."""
    return f"runs/{datetime.now():%Y%m%d-%H%M%S}"


def remove_locusts_files(prefix: str | None) -> None:
    """Takes back the CSVs that Locust opens before anything is known to be measured."""
    for suffix in LOCUSTS_FILES if prefix else ():
        path = Path(prefix or "")
        path.with_name(f"{path.name}_{suffix}").unlink(missing_ok=True)


def refuse_used_prefix(prefix: str) -> None:
    """Raises ScenarioError if files of a run have this prefix: Locust would overwrite them."""
    path = Path(prefix)
    for suffix in ("requests.csv", "run.json", "witness.csv", *LOCUSTS_FILES):
        used = path.with_name(f"{path.name}_{suffix}")
        if used.exists():
            raise ScenarioError(
                f"--csv {prefix}: {used} exists; choose another prefix, nothing is overwritten"
            )


def refuse_shut_folder(prefix: str) -> None:
    """Raises ScenarioError if the run's files cannot be written; its folder need not be there yet."""
    folder = Path(prefix).absolute().parent
    while not folder.exists():
        folder = folder.parent
    if not (folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)):
        raise ScenarioError(
            f"--csv {prefix}: {folder} is not writable for user {os.getuid()}; make it so, or give another"
        )


def seconds_of(text: str) -> float:
    """`90`, `90s`, `20m`, `1h`, `1h30m` in seconds. Raises ScenarioError."""
    parts = re.fullmatch(r"(?:(\d{1,9})h)?(?:(\d{1,9})m)?(?:(\d{1,9})s?)?", text.strip(), re.ASCII)
    if not text.strip() or parts is None:
        raise ScenarioError(f"--budget {text}: not a time; write it as 150, 90s, 20m or 1h")
    hours, minutes, seconds = (int(p or 0) for p in parts.groups())
    return float(3600 * hours + 60 * minutes + seconds)
