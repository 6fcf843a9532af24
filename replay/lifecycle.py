"""The life of the runs of one process, wired to Locust's events. How a run ends is in `shutdown.py`.

`listen` names the events in the order in which they come. A run: Locust starts its users (`test_start`) →
`start` spawns the conductor → `_conduct` waits for the users, opens the files, carries out the plan →
`shutdown.finish`. In the web UI the next run may follow, under a prefix of its own.
"""

from locust.stats import RequestStats

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import gevent
from gevent.event import Event

from analysis import exit_codes
from analysis.errors import PortlapError, ServersGone, TargetError
from analysis.files.plan import PlannedSweep
from analysis.files.request_record import RequestRecord
from analysis.files.run import Manifest, Prices
from replay.checks.check import request_counters
from replay.checks.hazards import Checked
from replay.monitor.child import start_monitor, watch_of_run
from replay.options import FREE, HOW_MANY, PHASES
from replay.output import log, status_line
from replay.output.prefix import remove_locusts_files
from replay.output.recorder import Recorder, free_prefix
from replay.own_servers import OwnServers
from replay.plan import LOCUST_SPAWNS_S
from replay.plan.free import conduct_free
from replay.plan.how_many.conduct import conduct_how_many
from replay.plan.live import LiveRun
from replay.plan.phases import PHASES_SHARE, conduct, conduct_within
from replay.plan.run_state import RunState
from replay.prompts.conduct import conduct_prompts
from replay.recall.watch import Watch
from replay.release.dispatch import Dispatch
from replay.release.heard import Ear
from replay.release.seats import Classes, Seats
from replay.scenario.load import with_budget
from replay.scenario.phases import planned_phases, planned_prompts
from replay.scenario.schema import Scenario
from replay.shutdown import ActiveRun, Shutdown


@dataclass
class RunLifecycle:
    """What was settled at the start, and the run that is going on."""

    environment: Any  # Locust's, with its runner
    scenario: Scenario
    classes: Classes
    checked: Sequence[Checked]
    servers: OwnServers
    sweep: PlannedSweep
    prefix: Path  # as given at the start: the web UI cannot change it
    next_budget_s: float | None = None  # of the next run, where the start form has one
    run: ActiveRun | None = None  # that was started last
    opened: list[RunState] = field(default_factory=list)  # the runs that have files
    refused: str | None = None  # what the web UI wanted last of the run that goes on, and may not
    spawned: Event = field(default_factory=Event)

    def __post_init__(self) -> None:
        self.dispatch = Dispatch(self.environment.runner)
        self.shutdown = Shutdown(self.environment, self.servers)

    def listen(self) -> None:
        """Wires the life of the run to Locust's events."""
        events = self.environment.events
        events.reset_stats.add_listener(lambda **_: self.disown_locusts_files())
        events.test_start.add_listener(lambda **_: self.start())
        events.spawning_complete.add_listener(lambda **_: self.spawned.set())
        # careful: at test_stop the users are gone already, and the conductor would miss them
        events.test_stopping.add_listener(lambda **_: self.shutdown.stopping(self.run))
        events.test_stop.add_listener(lambda **_: self.users_stopped())
        events.quitting.add_listener(lambda **_: self.shutdown.quitting(self.run))
        events.quit.add_listener(lambda **_: self.quit())

    def start(self) -> None:
        """A run begins: nothing of the one before is left over."""
        self.spawned.clear()
        self.dispatch.ready.clear()
        for user_class in self.classes.values():
            user_class.fixed_count = 0
        # careful: the conductor calls runner.start, which would kill the greenlet that runs test_start
        self.run = run = ActiveRun(self.environment.parsed_options.plan, self._conduct)
        if status_line.possible() and not self.environment.parsed_options.verbose:
            gevent.spawn(status_line.follow, lambda: self.live().status(), run.is_going)

    def is_running(self) -> bool:
        return self.run is not None and self.run.is_going()

    def busy(self) -> str | None:
        """Why nothing can be started or changed now; None if it can."""
        if self.shutdown.is_closing:
            return "the report of the last run is being made; start again in a moment"
        if self.run is not None and self.is_running() and self.run.plan != FREE:
            return f"the plan {self.run.plan} starts its own users; stop it first"
        return None

    def live(self) -> LiveRun:
        """What the page Overlap shows: the run that was opened last."""
        return self.opened[-1].live if self.opened else LiveRun()

    def _conduct(self, run: ActiveRun) -> None:
        """The whole run, and its end: never an exception, an exit code instead."""
        code = 0
        try:
            if run.plan != FREE:
                with log.named_wait("Locust to start", LOCUST_SPAWNS_S):
                    self.spawned.wait(LOCUST_SPAWNS_S)
            run.state = state = self._open(run.plan)
            infos = tuple(state.infos.values())
            run.monitor = start_monitor(watch_of_run(state.recorder, infos, state.targets))
            if run.plan == FREE:
                conduct_free(state, list(state.infos), self._all_here)
            elif run.plan == HOW_MANY:
                seats = Seats(self.environment.runner, self.classes, self.dispatch)
                if phases := state.recorder.manifest.phases_planned:
                    state = conduct_within(state, seats, phases, PHASES_SHARE)
                conduct_how_many(state, seats, self.sweep, list(state.infos))
            else:
                manifest = state.recorder.manifest
                seats = Seats(self.environment.runner, self.classes, self.dispatch)
                if manifest.phases_planned:
                    state = conduct(state, seats, manifest.phases_planned)
                conduct_prompts(state, seats, manifest.prompts_planned)
            state.recorder.raise_problem()
        except TargetError as error:
            code = self._failed(run, str(error), exit_codes.BAD_INPUT)
        except ServersGone as error:
            code = self._failed(run, str(error), exit_codes.INCONCLUSIVE)
        except PortlapError as error:
            code = self._failed(run, str(error), exit_codes.FAULT)
        except Exception as error:
            logging.getLogger("locust.portlap").exception("portlap failed")
            code = self._failed(run, f"portlap failed: {error!r}", exit_codes.FAULT)
        self.shutdown.note_workers(run)
        gevent.spawn(self.shutdown.finish, run, code)  # not in here: a stop may kill this greenlet

    def _failed(self, run: ActiveRun, message: str, code: int) -> int:
        log.error(message)
        if run.state is not None:
            run.state.recorder.update(interrupted=message)
        return code

    def _all_here(self) -> bool:
        """Whether every user that was asked for is ready."""
        wanted = int(self.environment.runner.target_user_count)
        return self.spawned.is_set() and len(self.dispatch.ready) >= wanted

    def _open(self, plan: str) -> RunState:
        """A new run with its files. Raises PortlapError."""
        scenario = self.scenario
        if plan == HOW_MANY:
            scenario = with_budget(scenario, self.sweep)
        if self.next_budget_s is not None:
            scenario = scenario.model_copy(update={"budget_s": self.next_budget_s})
        picked = [c.target for c in self.environment.runner.user_classes]
        both = plan == HOW_MANY and self.sweep.both
        phases = planned_phases(scenario, set(picked)) if both or plan == PHASES else ()
        prompts = planned_prompts(scenario, set(picked)) if plan == PHASES else ()
        if plan == PHASES and not (phases or prompts):
            raise PortlapError("no phase has a target among the picked user classes; pick more of them")
        self.disown_locusts_files()
        infos = {c.info.name: c.info for c in self.checked if c.info.name in picked}
        manifest = Manifest(
            scenario_name=scenario.name,
            clock_origin_epoch_ns=0,
            plan=plan,
            scenario=scenario.raw,
            targets=tuple(infos.values()),
            phases_planned=phases,
            prompts_planned=prompts,
            sweep=None if plan == PHASES else self.sweep,
            budget_s=scenario.budget_s or None,
            time_scale=scenario.time_scale,
            prices=Prices(**scenario.costs.model_dump()) if scenario.costs else None,
            locust_witness=not self.opened and not self.environment.reset_stats,
        )
        state = RunState(
            scenario=scenario,
            targets={t.name: t for t in scenario.targets},
            endpoints={c.info.name: c.endpoints for c in self.checked},
            infos=infos,
            recorder=Recorder(free_prefix(self.prefix), manifest),
            dispatch=self.dispatch,
            answered_at=partial(request_counters, self.checked, scenario.targets),
        )
        live, recorder = state.live, state.recorder
        live.scenario, live.plan = scenario.name, plan
        if not hasattr(self.environment.runner, "clients"):  # else the users are in other processes
            live.lanes.first_token_s = next(iter(self.classes.values())).gate.first_token_s
        live.statistics = None if self.shutdown.headless else RequestStats()
        self.opened.append(state)

        def keep(record: RequestRecord) -> None:
            recorder.record(record)
            live.answered(record)

        self.dispatch.begin(keep, live.sent, Ear(Watch(state.seed, recorder.keep_evidence)))
        return state

    def disown_locusts_files(self) -> None:
        """Locust's statistics start again from nothing: its files no longer hold the run so far."""
        if self.opened and self.opened[-1].recorder.exists():
            self.opened[-1].recorder.update(locust_witness=False)

    def users_stopped(self) -> None:
        """The users have left their rows; without a web UI the process is about to end."""
        if not self.shutdown.headless:
            gevent.spawn(self.shutdown.close, self.run)

    def quit(self) -> None:
        self.shutdown.quit(self.run)
        if not self.opened:  # a web UI in which nothing was measured
            remove_locusts_files(str(self.prefix))
