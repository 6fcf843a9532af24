"""What happens at Locust's `init`: options agree, the web UI is guarded, targets checked; or exit code 2."""

from locust.runners import WorkerRunner

import logging
import os
import sys
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn, TextIO

import gevent
import psutil

from analysis.errors import PortlapError, ScenarioError, TargetError
from replay import parent, signals
from replay.checks import table as check_table
from replay.checks.check import check_targets
from replay.checks.discover import ports_of
from replay.checks.hazards import Checked, findings
from replay.lifecycle import Session
from replay.options import DEFAULT_SCENARIO, PHASES, seconds_of, writes_files
from replay.output import log
from replay.output.prefix import new_prefix, refuse_shut_folder, refuse_used_prefix, remove_locusts_files
from replay.own_servers import CHECKOUT, Engines, with_urls
from replay.plan.budget import AIM_S, describe
from replay.plan.phases import Classes
from replay.release.gate import Gate
from replay.scenario.load import Scenario, load_scenario, planned_phases, scenario_of_urls
from replay.signals import INTERRUPTED_CODE
from replay.sources import scenario_of_entities, scenario_of_this_host
from replay.web import access, start_form
from replay.web.overlap_page import add_overlap_page

BAD_INPUT = 2


def scenario_from(options: Namespace) -> Scenario:
    """The scenario that the command line names. Raises ScenarioError."""
    if options.target:
        if options.scenario != DEFAULT_SCENARIO:
            log.warning(f"--target is given: {options.scenario} is not read")
        return scenario_of_urls(options.target)
    ports = ports_of(options.scenario)
    if ports is not None and options.worker:  # it would look on its own host; the targets are the master's
        raise ScenarioError(
            "--scenario auto: not for --worker; write it: python -m servers find --yaml > FILE"
        )
    if ports is not None:
        return scenario_of_this_host(options.scenario, ports)
    if options.scenario.endswith(".json"):
        return scenario_of_entities(Path(options.scenario))
    path = Path(options.scenario)
    if options.scenario == DEFAULT_SCENARIO and not path.exists():  # started in another folder
        path = CHECKOUT / DEFAULT_SCENARIO
    return load_scenario(path, os.environ)


def at_import(options: Namespace) -> Scenario:
    """The scenario, or the end of the process: one line and exit code 2."""
    try:
        if options.csv_prefix and not options.worker:
            refuse_used_prefix(options.csv_prefix)
        if writes_files(options):
            refuse_shut_folder(options.csv_prefix or new_prefix())
        return scenario_from(options)
    except PortlapError as error:
        refuse(error)


def refuse(error: PortlapError) -> NoReturn:
    log.error(str(error))
    sys.exit(BAD_INPUT)


def at_init(
    environment: Any,
    runner: Any,
    web_ui: Any,
    at_import: Namespace,
    scenario: Scenario,
    gate: Gate,
    classes: Classes,
) -> None:
    """Every process joins the gate; the conducting one is checked, guarded and wired."""
    gate.connect(runner)
    leave_sigterm = signals.take(gevent.get_hub().parent)
    options = environment.parsed_options
    try:
        if (options.scenario, options.target) != (at_import.scenario, at_import.target):
            raise ScenarioError("--scenario and --target: write these options in full, not abbreviated")
        if isinstance(runner, WorkerRunner):
            parent.end_with_parent()
            gevent.spawn(leave_sigterm)
            return
        if web_ui is not None:
            _guard_web_ui(web_ui, options)
        session = _conducting(environment, runner, scenario, classes)
        session.listen()
        if web_ui is not None:
            start_form.settle(web_ui.app, session, options.web_base_path)
            environment.host = f"targets of {scenario.name}"  # shown; without it the form asks for one
            add_overlap_page(web_ui, lambda: session.shown, options.web_base_path)
            page = access.address(options)
            log.info(f"web UI: {page}, rounds as they end: {page}overlap (Ctrl-C ends it)")
            gevent.spawn(leave_sigterm)  # runs once Locust waits, its own handler set
        else:  # careful: not before the start, for a master waits for its workers without that handler
            environment.events.test_start.add_listener(lambda **_: leave_sigterm())
    except BaseException as error:  # Ctrl-C and the exits of --check and --dry-run too
        remove_locusts_files(options.csv_prefix)
        if options.processes:
            _end_workers()
        if isinstance(error, PortlapError):
            refuse(error)
        if isinstance(error, KeyboardInterrupt):
            log.warning("interrupted before anything was sent")
            sys.exit(INTERRUPTED_CODE)
        raise


def _end_workers() -> None:
    """Locust's forked workers would wait a minute for a conductor that is gone."""
    for child in psutil.Process().children():
        child.terminate()


def _guard_web_ui(web_ui: Any, options: Namespace) -> None:
    access.check_options(options)
    access.guard(web_ui.app, options)
    if options.web_login:
        access.add_login(web_ui, options)


def _conducting(environment: Any, runner: Any, scenario: Scenario, classes: Classes) -> Session:
    """The session that waits for the start. Raises PortlapError."""
    options = environment.parsed_options
    scenario = _with_budget(scenario, options)
    if options.dry_run:
        dry_run(scenario)
    engines = Engines()
    try:
        if scenario.servers:
            log.info(f"starting {_servers(scenario)} of the scenario")
            scenario = with_urls(scenario, engines.start(scenario.servers, scenario.time_scale))
        checked = _check(scenario, sys.stdout if options.check else sys.stderr)
    except BaseException:
        engines.stop()
        raise
    if options.check:
        engines.stop()
        sys.exit(0)
    if options.headless and options.plan == PHASES:
        logging.getLogger("locust.stats_logger").disabled = True  # our report is the summary
    prefix, headless = Path(options.csv_prefix), bool(options.headless)
    return Session(environment, runner, scenario, classes, checked, engines, prefix, headless)


def _servers(scenario: Scenario) -> str:
    return f"{len(scenario.servers)} server{'s' if len(scenario.servers) > 1 else ''}"


def _check(scenario: Scenario, told_to: TextIO) -> Sequence[Checked]:
    """Shows the table, on stderr only if all is well. Raises TargetError with the last failure.

    With `--check` the table on stdout has told them all: then the error only counts them.
    """
    checked, problems = check_targets(scenario.targets, scenario.request)
    found = findings(checked, scenario.targets, planned_phases(scenario), scenario.request)
    if told_to is sys.stdout or not problems:
        check_table.show(scenario.targets, checked, problems, found, told_to)
    told = list(problems.values())
    if told and told_to is sys.stdout:
        raise TargetError(f"{len(told)} of {len(scenario.targets)} targets failed the check")
    for problem in told[:-1]:
        log.error(problem)
    if told:
        raise TargetError(told[-1])
    return checked


def _with_budget(scenario: Scenario, options: Namespace) -> Scenario:
    """The budget of the command line; `-t` is one too with the phases, `-u` and `-r` mean nothing there."""
    if options.plan == PHASES and (options.headless or options.autostart):
        if options.num_users is not None or options.spawn_rate is not None:
            log.warning(
                "-u and -r are ignored: each phase has its own number of users (--plan free obeys them)"
            )
        if options.run_time and not options.budget:
            options.budget = str(int(options.run_time))
        options.run_time = None
    if not options.budget:
        return scenario
    return scenario.model_copy(update={"budget_s": seconds_of(options.budget)})


def dry_run(scenario: Scenario) -> NoReturn:
    """The plan, and what answers now; the servers that the run would start itself are not started."""
    standing = [t for t in scenario.targets if t.base_url is not None]
    if standing:
        _check(scenario.model_copy(update={"targets": tuple(standing)}), sys.stderr)
    if scenario.servers:
        log.info(f"would start {_servers(scenario)}: {', '.join(s.kind for s in scenario.servers)}")
    phases = planned_phases(scenario)
    solo_s = {t.name: AIM_S for t in scenario.targets}
    for line in describe(phases, solo_s, scenario.budget_s):
        log.info(line)
    log.info(f"reckoned with {AIM_S:.0f} s per answer alone; the warm-up measures it, the budget may cut it")
    sys.exit(0)
