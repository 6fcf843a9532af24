"""Before a run: the scenario is read at import; at Locust's `init` targets are checked and events wired.

What is refused ends the process with one line and exit code 2.
"""

from locust.runners import MasterRunner, Runner, WorkerRunner

import math
import sys
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn, TextIO

import gevent
import psutil

from analysis import exit_codes
from analysis.console import plural
from analysis.errors import PortlapError, ScenarioError, TargetError
from analysis.files.plan import PlannedSweep
from analysis.files.run import keep_files_private
from replay import signals
from replay.checks import check_table
from replay.checks.capacity import (
    free_memory,
    memory_hazards,
    most_users,
    own_hazard,
    refuse_beyond_machine,
    whole_load,
)
from replay.checks.check import check_targets
from replay.checks.hazards import Checked, hazards_of
from replay.children import end_with_parent, terminate_workers
from replay.lifecycle import RunLifecycle
from replay.options import HOW_MANY, budget_s, forks, settle, writes_files
from replay.output import locust_csv, log
from replay.output.prefix import new_prefix, refuse_shut_folder, refuse_used_prefix, remove_locusts_files
from replay.own_servers import OwnServers, with_urls
from replay.plan.budget import AIM_S
from replay.plan.how_many.settings import described, sweep_of
from replay.plan.progress import describe
from replay.release import handshake, worker_port
from replay.release.gate import Gate
from replay.release.seats import Classes
from replay.scenario.load import with_budget, with_cost, with_prompts
from replay.scenario.phases import planned_phases, planned_prompts
from replay.scenario.schema import Scenario
from replay.shutdown import SERVERS_END_S
from replay.sources import scenario_from
from replay.web import access, locust_page, start_form
from replay.web.overlap.pages import add_overlap_page


def at_import(options: Namespace) -> Scenario:
    """The scenario, or the end of the process."""
    keep_files_private()
    try:
        if options.csv_prefix and not options.worker:
            refuse_used_prefix(options.csv_prefix)
        if writes_files(options):
            refuse_shut_folder(options.csv_prefix or new_prefix())
        if options.master or forks(options):
            worker_port.refuse_taken(options)
        _let_locust_run_without_proc()
        locust_csv.amend_locust()
        scenario = with_prompts(scenario_from(options), options.prompts)
        if options.worker:
            options.master_came = handshake.wait_for_master(options)
        return scenario
    except PortlapError as error:
        refuse(error)


def _let_locust_run_without_proc() -> None:
    """Its own look at its processor time would end it where a container hides the processes."""

    def look_at_nothing(_: Runner) -> NoReturn:  # careful: Locust runs for as long as this does
        while True:
            gevent.sleep(3600)

    try:
        psutil.Process().cpu_percent()
    except (psutil.Error, OSError):
        Runner.monitor_cpu_and_memory = look_at_nothing  # type: ignore[method-assign, assignment]


def refuse(error: PortlapError) -> NoReturn:
    log.error(str(error))
    sys.exit(exit_codes.BAD_INPUT)


def at_init(environment: Any, known: Namespace, scenario: Scenario, gate: Gate, classes: Classes) -> None:
    """Every process joins the gate; the conducting one is checked, guarded and wired.

    `known`: the options as seen at import.
    """
    runner = environment.runner
    gate.connect(runner)
    main = gevent.get_hub().parent
    leave_sigterm = signals.take(main)
    options = environment.parsed_options
    try:
        if (options.scenario, options.target) != (known.scenario, known.target):
            raise ScenarioError("--scenario and --target: write these options in full, not abbreviated")
        if options.host:
            raise ScenarioError(f"--host {options.host}: portlap names servers with --target {options.host}")
        mine = handshake.introduction(options, scenario)
        if isinstance(runner, WorkerRunner):
            end_with_parent()
            if known.worker:
                known.master_came()
            gevent.spawn(leave_sigterm)
            handshake.join(runner, mine, gate.welcomed)
            return
        if isinstance(runner, MasterRunner):
            share = math.ceil(most_users(planned_phases(scenario)) / max(options.expect_workers, 1))
            handshake.admit(runner, mine, only_forks=bool(options.processes), share=share)
        servers = _prepare(environment, scenario, classes)
        if isinstance(runner, MasterRunner) and (options.headless or options.autostart):

            def give_up() -> None:
                servers.stop(SERVERS_END_S)
                remove_locusts_files(options.csv_prefix)
                terminate_workers(kill=True)  # one that hangs would hold up Locust's own end
                gevent.kill(main, SystemExit(exit_codes.FAULT))

            handshake.wait_for_workers(runner, options, give_up)
        elif isinstance(runner, MasterRunner) and not options.processes:
            log.info(f"start workers with: {handshake.worker_command(options)}")
        if environment.web_ui is not None:
            gevent.spawn(leave_sigterm)  # runs once Locust waits, its own handler set
        else:  # careful: not before the start, for a master waits for its workers without that handler
            environment.events.test_start.add_listener(lambda **_: leave_sigterm())
    except BaseException as error:  # Ctrl-C and the exits of --check and --dry-run too
        remove_locusts_files(options.csv_prefix)
        if options.processes:
            terminate_workers()
        if isinstance(error, PortlapError):
            refuse(error)
        if isinstance(error, KeyboardInterrupt):
            log.warning("interrupted before anything was sent")
            sys.exit(exit_codes.INTERRUPTED)
        raise


def _prepare(environment: Any, scenario: Scenario, classes: Classes) -> OwnServers:
    """Everything that the conducting process does before the first run. Raises PortlapError."""
    options, web_ui = environment.parsed_options, environment.web_ui
    if web_ui is not None:
        access.check_options(options)
        access.guard(web_ui.app, options)
        if options.web_login:
            access.add_login(web_ui, options)
    settle(options)
    if (budget := budget_s(options)) is not None:
        scenario = scenario.model_copy(update={"budget_s": budget})
    if options.cost is not None:
        scenario = with_cost(scenario, options.cost)
    sweep = sweep_of(scenario.how_many, options, scenario.time_scale)
    sweeps = options.plan == HOW_MANY
    swept = with_budget(scenario, sweep) if sweeps else scenario
    phases = planned_phases(scenario) if sweep.both or not sweeps else ()
    load = whole_load(phases, planned_prompts(scenario), sweep if sweeps else None)
    refuse_beyond_machine(load, options.processes or (0 if options.master else 1))
    if options.dry_run:
        dry_run(swept, sweep if sweeps else None)
        sys.exit(0)
    servers = OwnServers()
    try:
        if scenario.servers:
            _warn_of_large_models(scenario)
            log.info(f"starting {plural(len(scenario.servers), 'server')} of the scenario")
            prefix = Path(options.csv_prefix) if options.csv_prefix else None
            embeds = scenario.request.embeddings is not None
            urls = servers.start(scenario.servers, scenario.time_scale, prefix, embeds)
            scenario = with_urls(scenario, urls)
        checked = _check(scenario, sys.stdout if options.check else sys.stderr)
        if options.check:
            sys.exit(0)
    except BaseException:
        servers.stop(SERVERS_END_S)
        raise
    prefix = Path(options.csv_prefix)
    lifecycle = RunLifecycle(environment, scenario, classes, checked, servers, sweep, prefix)
    lifecycle.listen()
    if web_ui is not None:
        start_form.settle(web_ui.app, lifecycle, options.web_base_path)
        environment.host = f"targets of {scenario.name}"  # only shown; without it the form asks for one
        locust_page.extend(web_ui, lifecycle, options.web_base_path)
        add_overlap_page(web_ui, lambda: lifecycle.opened, options.web_base_path)
        page = access.address(options)
        log.info(f"web UI: {page}, requests as they go: {page}overlap (Ctrl-C ends it)")
    return servers


def _warn_of_large_models(scenario: Scenario) -> None:
    if why := own_hazard(scenario.servers, free_memory()):
        log.warning(why)


def _check(scenario: Scenario, table_to: TextIO) -> Sequence[Checked]:
    """Shows the table, on stderr only if all is well. Raises TargetError with the last failure.

    With `--check` the table on stdout names all failures; the error only counts them.
    """
    checked, problems = check_targets(scenario.targets, scenario.request)
    hazards = hazards_of(checked, scenario.targets, planned_phases(scenario), scenario.request)
    hazards += memory_hazards(checked, free_memory())
    if table_to is sys.stdout or not problems:
        check_table.show(scenario.targets, checked, problems, hazards, table_to)
    if problems and table_to is sys.stdout:
        raise TargetError(f"{len(problems)} of {len(scenario.targets)} targets failed the check")
    if problems:
        *others, last = problems.values()
        for problem in others:
            log.error(problem)
        raise TargetError(last)
    return checked


def dry_run(scenario: Scenario, sweep: PlannedSweep | None = None) -> None:
    """Shows the plan and what answers now; the servers that the run would start are not started."""
    standing = tuple(t for t in scenario.targets if t.base_url is not None)
    if standing:
        _check(scenario.model_copy(update={"targets": standing}), sys.stderr)
    if scenario.servers:
        _warn_of_large_models(scenario)
        log.info(
            f"would start {plural(len(scenario.servers), 'server')}: "
            f"{', '.join(s.kind for s in scenario.servers)}"
        )
    if sweep is not None:
        for line in described(sweep, scenario.budget_s):
            log.info(line)
        return
    solo_s = {t.name: AIM_S for t in scenario.targets}
    phases, prompts = planned_phases(scenario), planned_prompts(scenario)
    for line in describe(phases, solo_s, scenario.budget_s) if phases else ():
        log.info(line)
    for plan in prompts:
        log.info(f"{plan.name}: {plan.kind}, as far as the budget goes; how long it takes the warm-up shows")
    log.info(f"Estimated at {AIM_S:.0f} s per answer; the warm-up will measure it.")
