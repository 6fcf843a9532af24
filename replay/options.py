"""The command line: portlap's options beside Locust's, and everything it changes in Locust's own.

The options are parsed twice: at import, as the user classes must exist before Locust parses, and by Locust.
"""

from locust.argument_parser import DEFAULT_CONFIG_FILES, LocustConfigParser
from locust.util.timespan import parse_timespan

import argparse
import logging
import sys
from typing import Any, NoReturn

import configargparse

from analysis import exit_codes
from analysis.errors import ScenarioError
from replay.output import log
from replay.output.prefix import new_prefix
from replay.plan.how_many import settings as how_many
from replay.release.worker_port import LOOPBACK, USUAL_PORT, free_port
from replay.scenario.limits import BUDGET_S
from replay.sources import DEFAULT_SCENARIO

PLANS = PHASES, FREE, HOW_MANY = "phases", "free", "how-many"

SCENARIO_HELP = (
    "what to measure: a YAML file (ready ones are in scenarios/), a bot's config-aientities.json, "
    "auto (the LLM servers found on this host) or auto:1234,1235 (those on these ports)"
)
TARGET_HELP = (
    "a server to measure instead of a scenario file; without MODEL the one in memory; give it once per server"
)
PLAN_HELP = (
    "phases: requests alone and at the same instant in turns, with a verdict (the default headless); "
    "how-many: users are added until no more are carried (the default in the web UI); "
    "free: users come and go as you set them, no verdict"
)
PROMPTS_HELP = (
    "what a long prompt does to the others (stall), whether conversations stay warm (talk), whether answers "
    "are right together (right): one or several with commas, or all; after the phases, within the budget"
)
BUDGET_HELP = (
    "longest time for the run, as 150, 90s, 20m or 1h; 0: no limit (default: the scenario's budget_s). "
    "What does not fit is left out and named"
)
COST_HELP = "what one machine costs, as 10999: the report says what the measured work costs"
CHECK_HELP = "ask each target what it is (GET only), print a table of what was found, and exit"
VERBOSE_HELP = "print the whole report at the end, not its first screen only"
DRY_RUN_HELP = (
    "show the phases, how many requests they are and the longest duration, send nothing but GET, and exit"
)


GROUP = "portlap options"
GROUP_HELP = "Requests alone and together, and a verdict: docs/COMMAND_LINE.md has more on each."


class _Parser(configargparse.ArgumentParser):  # type: ignore[misc]
    """Ends as Locust's own parser does, without a usage that lists its inner options only."""

    def error(self, message: str) -> NoReturn:
        self.exit(exit_codes.BAD_INPUT, f"{self.prog}: error: {message}\n")
        raise AssertionError


def options_at_import() -> argparse.Namespace:
    """What Locust's own parser will find later, from the same sources."""
    parser = _Parser(
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
    parser.add_argument("--master", action="store_true", env_var="LOCUST_MODE_MASTER")
    parser.add_argument("--processes", type=int, env_var="LOCUST_PROCESSES")
    parser.add_argument("--master-bind-host", default=LOOPBACK, env_var="LOCUST_MASTER_BIND_HOST")
    parser.add_argument("--master-bind-port", type=int, env_var="LOCUST_MASTER_BIND_PORT")
    parser.add_argument("--master-host", default=LOOPBACK, env_var="LOCUST_MASTER_NODE_HOST")
    parser.add_argument("--master-port", type=int, default=USUAL_PORT, env_var="LOCUST_MASTER_NODE_PORT")
    parser.add_argument("--headless", action="store_true", env_var="LOCUST_HEADLESS")
    parser.add_argument("--headful", action="store_true", env_var="LOCUST_HEADFUL")  # takes --headless back
    parser.add_argument("--autostart", action="store_true", env_var="LOCUST_AUTOSTART")
    _add_sources(parser)
    namespace: argparse.Namespace = parser.parse_known_args()[0]
    if namespace.master_bind_port is None:
        namespace.master_bind_port = free_port() if forks(namespace) else USUAL_PORT
    return namespace


def add_options(parser: Any, known: argparse.Namespace) -> None:
    """portlap's options, and its defaults for Locust's; `known` are the options as seen at import.

    Only `--plan` is shown in the web UI: a stranger must not choose targets.
    """
    parser.allow_abbrev = False  # both parsers must see the same
    ours = parser.add_argument_group(GROUP, GROUP_HELP)  # what it holds is not in the web UI
    _add_sources(ours)
    plan = ours.add_argument("--plan", choices=PLANS, default=default_plan(known), help=PLAN_HELP)
    plan.include_in_web_ui = True
    how_many.add_options(ours)
    prefix = new_prefix() if writes_files(known) else None
    parser.set_defaults(web_host=LOOPBACK, loglevel="WARNING", csv_prefix=prefix)
    parser.set_defaults(master_bind_host=LOOPBACK, master_bind_port=known.master_bind_port)
    if forks(known):
        parser.set_defaults(master_port=known.master_bind_port)  # forks meet their own master


def _add_sources(parser: Any) -> None:
    add = parser.add_argument
    add("--scenario", default=DEFAULT_SCENARIO, env_var="LOCUST_SCENARIO", help=SCENARIO_HELP)
    add("--target", action="append", metavar="URL[=MODEL]", help=TARGET_HELP)
    add("--prompts", metavar="KINDS", help=PROMPTS_HELP)
    add("--cost", metavar="PRICE", type=float, help=COST_HELP)
    add("--budget", metavar="TIME", help=BUDGET_HELP)
    add("--check", action="store_true", help=CHECK_HELP)
    add("--dry-run", action="store_true", help=DRY_RUN_HELP)
    add("--verbose", action="store_true", help=VERBOSE_HELP)


def forks(options: argparse.Namespace) -> bool:
    """Whether this process becomes the master of workers that Locust forks."""
    return bool(options.processes) and not options.worker


def default_plan(options: argparse.Namespace) -> str:
    """`phases` without a web UI or where it starts by itself, else `how-many`: START ends in an answer."""
    headless = options.headless and not options.headful
    return PHASES if headless or options.autostart else HOW_MANY


def writes_files(options: argparse.Namespace) -> bool:
    """Whether this process measures, and keeps the result."""
    return not (options.worker or options.check or options.dry_run or "--list" in sys.argv)


def settle(options: argparse.Namespace) -> None:
    """Locust's own options once they are parsed: with the phases, `-t` is the budget and stops nothing.

    `-u` and `-r` mean nothing there. Locust's summary makes room for portlap's report.
    """
    if options.how_many or options.levels:
        options.plan = HOW_MANY
    if options.plan == FREE or not (options.headless or options.autostart):
        return
    if options.num_users is not None or options.spawn_rate is not None:
        log.warning("-u and -r are ignored: the plan has its own numbers of users (--plan free uses them)")
        options.num_users = options.spawn_rate = None  # Locust would start them all before the first phase
    if options.run_time and not options.budget:
        options.budget = str(int(options.run_time))
    options.run_time = None
    if options.headless:
        logging.getLogger("locust.stats_logger").disabled = True


def budget_s(options: argparse.Namespace) -> float | None:
    """`--budget` in seconds, None if not given. Raises ScenarioError."""
    if not options.budget:
        return None
    try:
        seconds = float(parse_timespan(options.budget.strip()))
    except (ValueError, OverflowError):
        raise ScenarioError(
            f"--budget {options.budget}: not a time; write it as 150, 90s, 20m or 1h"
        ) from None
    if not seconds <= BUDGET_S:
        raise ScenarioError(f"--budget {options.budget}: at most {BUDGET_S / 86400:.0f} days; 0 = no limit")
    return seconds
