"""One process of Locust under portlap: checks before, the run at `test_start`, its files and report after."""

from locust.runners import WORKER_REPORT_INTERVAL, MasterRunner

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import gevent
from gevent.event import Event
from gevent.lock import BoundedSemaphore

from analysis.errors import PortlapError, TargetError
from analysis.files.run import Manifest
from replay.checks.check import traces
from replay.checks.hazards import Checked
from replay.monitor.child import Sampler, watch_of_run
from replay.options import FREE, PHASES
from replay.output import log
from replay.output.prefix import remove_locusts_files
from replay.output.recorder import Recorder, free_prefix
from replay.own_servers import Engines
from replay.plan.free import conduct_free
from replay.plan.one_phase import Conducted
from replay.plan.phases import Classes, conduct
from replay.release.dispatch import Dispatch
from replay.report_child import report
from replay.scenario.load import Scenario, planned_phases
from replay.signals import INTERRUPTED_CODE
from replay.web.overlap_page import Shown

WORKERS_TELL_S = WORKER_REPORT_INTERVAL + 0.5  # what workers counted reaches Locust's CSV this late
LOCUST_WRITES_S = 1.6  # Locust writes its CSV once a second and never once more at the end
SPAWNED_PATIENCE_S = 30.0
EXIT_PATIENCE_S = 60.0


@dataclass
class Session:
    """State of the process that conducts: what was checked, and the run that is going on."""

    environment: Any
    runner: Any
    scenario: Scenario
    classes: Classes
    checked: Sequence[Checked]
    engines: Engines
    prefix: Path  # as given at the start: the web UI cannot change it
    headless: bool
    spawned: Event = field(default_factory=Event)
    plan: str = PHASES  # of the run that was started last
    budget_s: float | None = None  # of the next run, where the start form has one
    active: Conducted | None = None
    greenlet: gevent.Greenlet | None = None
    closing: bool = False
    has_quit: bool = False
    one_closes: BoundedSemaphore = field(default_factory=BoundedSemaphore)
    recorders: list[Recorder] = field(default_factory=list)
    shown: Shown = field(default_factory=Shown)  # on the live page, of the run that was started last

    def __post_init__(self) -> None:
        self.dispatch = Dispatch(self.runner)

    def listen(self) -> None:
        """Wires the life of the run to Locust's events."""
        events = self.environment.events
        events.spawning_complete.add_listener(lambda **_: self.spawned.set())
        events.test_start.add_listener(lambda **_: self.start())
        # careful: at test_stop the users are gone already, and the conductor would miss them
        events.test_stopping.add_listener(lambda **_: self.interrupt("stopped before its end"))
        events.test_stop.add_listener(lambda **_: self.stopped())
        events.reset_stats.add_listener(lambda **_: self.lose_witness())
        events.quitting.add_listener(lambda **_: self.quitting())
        events.quit.add_listener(lambda **_: self.quit())

    def start(self) -> None:
        """A run begins: nothing of the one before is left over."""
        self.spawned.clear()
        self.dispatch.seats.clear()
        for user_class in self.classes.values():
            user_class.fixed_count = 0
        self.plan = self.environment.parsed_options.plan
        # careful: the conductor calls runner.start, which would kill whoever runs test_start
        self.greenlet = gevent.spawn(self.run)

    def running(self) -> bool:
        return self.active is not None or (self.greenlet is not None and not self.greenlet.dead)

    def busy(self) -> str | None:
        """Why nothing can be started or changed now; None if it can."""
        if self.closing:
            return "the report of the last run is being made; start again in a moment"
        if self.running() and self.plan == PHASES:
            return "the phases seat their own users; stop them first"
        return None

    def run(self) -> None:
        """The whole run, and its end: never an exception, an exit code instead."""
        code = 0
        try:
            if self.plan == PHASES:
                self.spawned.wait(SPAWNED_PATIENCE_S)
            active = self.active = self.opened()
            if self.plan == FREE:
                conduct_free(active, [c.target for c in self.runner.user_classes], self.all_here)
            else:
                conduct(active, self.runner, self.classes, active.recorder.manifest.phases_planned)
            active.recorder.raise_problem()
        except TargetError as error:
            code = self.failed(str(error), 2)
        except PortlapError as error:
            code = self.failed(str(error), 1)
        except Exception as error:
            logging.getLogger("locust.portlap").exception("portlap failed")
            code = self.failed(f"portlap failed: {error!r}", 1)
        gevent.spawn(self.finish, code)  # not in here: a stop may kill this greenlet

    def all_here(self) -> bool:
        """Whether every user that was asked for waits for orders."""
        return self.spawned.is_set() and len(self.dispatch.seats) >= int(self.runner.target_user_count)

    def opened(self) -> Conducted:
        """The files and the state of a new run."""
        scenario = self.scenario
        if self.budget_s is not None:
            scenario = scenario.model_copy(update={"budget_s": self.budget_s})
        picked = {c.target for c in self.runner.user_classes}
        phases = planned_phases(scenario, picked)
        if self.plan == PHASES and not phases:
            raise PortlapError("no phase has a target among the picked user classes; pick more of them")
        self.lose_witness()
        manifest = Manifest(
            scenario_name=scenario.name,
            clock_origin_epoch_ns=0,
            plan=self.plan,
            scenario=scenario.raw,
            targets=tuple(c.info for c in self.checked if c.info.name in picked),
            phases_planned=phases if self.plan == PHASES else (),
            budget_s=scenario.budget_s or None,
            time_scale=scenario.time_scale,
            locust_witness=not self.recorders and not self.environment.reset_stats,
        )
        recorder = Recorder(free_prefix(self.prefix), manifest)
        self.recorders.append(recorder)
        self.shown = Shown()
        self.dispatch.begin(recorder.record)
        targets = {t.name: t for t in self.scenario.targets}
        return Conducted(
            scenario=scenario,
            targets=targets,
            ways={c.info.name: c.ways for c in self.checked},
            traces=partial(traces, self.checked, self.scenario.targets),
            infos={info.name: info for info in manifest.targets},
            recorder=recorder,
            dispatch=self.dispatch,
            sampler=Sampler(watch_of_run(recorder, manifest.targets, targets)),
            shown=self.shown,
        )

    def lose_witness(self) -> None:
        """Locust's files no longer tell of the run so far: its statistics start again from nothing."""
        if self.recorders and self.recorders[-1].exists():
            self.recorders[-1].note(locust_witness=False)

    def failed(self, message: str, code: int) -> int:
        log.error(message)
        if self.active is not None:
            self.active.recorder.note(interrupted=message)
        return code

    def finish(self, code: int) -> None:
        """The run is over by itself: closed, Locust ended (headless) or stopped (web UI)."""
        if self.headless:
            self.end_servers()
        told = self.close(finished=code == 0)
        if self.headless:
            self.environment.process_exit_code = code or told
            self.runner.quit()
            return
        self.runner.stop()
        options = self.environment.parsed_options
        if options.autostart and options.autoquit >= 0:
            self.environment.process_exit_code = code or told
            gevent.sleep(options.autoquit)
            self.environment.web_ui.stop()

    def close(self, **outcome: Any) -> int:
        """Files closed and report made; its exit code, 0 where there was nothing to report."""
        with self.one_closes:
            active, self.active = self.active, None
            if active is None:
                return 0
            self.closing = True
            try:
                gevent.sleep(
                    LOCUST_WRITES_S + (WORKERS_TELL_S if isinstance(self.runner, MasterRunner) else 0)
                )
                self.dispatch.close()
                if active.sampler is not None:
                    active.sampler.end()
                active.recorder.note(**outcome)
                active.recorder.close()
                return report(active.recorder.prefix) if active.recorder.records else 0
            finally:
                self.closing = False

    def interrupt(self, why: str) -> None:
        """Stopped from outside: what was measured stays, and says why it ends. A free run ends so."""
        if self.greenlet is None:
            return
        self.greenlet.kill()
        self.greenlet = None
        if self.active is not None:
            said = {"finished": True} if self.plan == FREE else {"interrupted": why}
            self.active.recorder.note(**said)

    def stopped(self) -> None:
        """The users have left their rows."""
        if not self.headless:
            gevent.spawn(self.close)

    def quitting(self) -> None:
        if self.environment.process_exit_code is not None or not (self.running() or self.closing):
            return
        if self.plan == PHASES:
            log.warning("interrupted: what was measured is kept")
        self.interrupt("Ctrl-C, SIGTERM or a closed terminal")
        self.environment.process_exit_code = INTERRUPTED_CODE if self.plan == PHASES else 0

    def quit(self) -> None:
        # careful: after SIGTERM Locust shuts down twice at once. The first to be through ends the process,
        # the other waits for that here: its own sys.exit in the middle of it would print a traceback
        if self.has_quit:
            gevent.sleep(EXIT_PATIENCE_S)
        self.has_quit = True
        self.end_servers()
        self.close()
        if not self.recorders:  # a web UI in which nothing was measured
            remove_locusts_files(str(self.prefix))

    def end_servers(self) -> None:
        """The scenario's own; first nobody asks them any more."""
        if self.active is not None and self.active.sampler is not None:
            self.active.sampler.stop()
        self.engines.stop()
