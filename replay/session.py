"""One process of Locust under portlap: checks before, the run at `test_start`, its files and report after."""

import logging
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import gevent
from gevent.event import Event

from analysis.errors import PortlapError, TargetError
from analysis.run import Manifest, TargetInfo
from replay import live_log, narrate
from replay.conductor import Classes, conduct
from replay.dialects import Dialect
from replay.dispatch import Dispatch
from replay.engines import CHECKOUT, Engines
from replay.free_plan import conduct_free
from replay.options import FREE, PHASES
from replay.phase_life import Conducted
from replay.recorder import Recorder, free_prefix
from replay.scenario import Scenario, planned_phases

LOCUST_WRITES_S = 1.6  # Locust writes its CSV once a second and never once more at the end
SPAWNED_PATIENCE_S = 30.0
INTERRUPTED_CODE = 130


@dataclass
class Session:
    """State of the process that conducts: what was checked, and the run that is going on."""

    environment: Any
    runner: Any
    scenario: Scenario
    classes: Classes
    checked: Sequence[tuple[TargetInfo, Dialect]]
    engines: Engines
    headless: bool
    spawned: Event = field(default_factory=Event)
    active: Conducted | None = None
    greenlet: gevent.Greenlet | None = None
    runs: int = 0

    def listen(self) -> None:
        """Wires the life of the run to Locust's events."""
        events = self.environment.events
        events.spawning_complete.add_listener(lambda **_: self.spawned.set())
        events.test_start.add_listener(lambda **_: self.start())
        events.test_stop.add_listener(lambda **_: self.interrupt("stopped before its end"))
        events.quitting.add_listener(lambda **_: self.quitting())
        events.quit.add_listener(lambda **_: self.quit())

    def start(self) -> None:
        # careful: the conductor calls runner.start, which would kill whoever runs test_start
        self.spawned.clear()
        self.greenlet = gevent.spawn(self.run)

    def run(self) -> None:
        """The whole run, and its end: never an exception, an exit code instead."""
        code = 0
        try:
            self.spawned.wait(SPAWNED_PATIENCE_S)
            active = self.active = self.opened()
            picked = [c.target for c in self.runner.user_classes]
            if active.recorder.manifest.plan == FREE:
                conduct_free(active, picked)
            else:
                conduct(active, self.runner, self.classes, active.recorder.manifest.phases_planned)
        except TargetError as error:
            code = self.failed(str(error), 2)
        except PortlapError as error:
            code = self.failed(str(error), 1)
        except Exception as error:
            logging.getLogger("locust.portlap").exception("portlap failed")
            code = self.failed(f"portlap failed: {error!r}", 1)
        gevent.spawn(self.finish, code)  # not in here: a stop may kill this greenlet

    def opened(self) -> Conducted:
        """The files and the state of a new run."""
        options = self.environment.parsed_options
        plan = options.plan if options.plan in (PHASES, FREE) else PHASES
        picked = {c.target for c in self.runner.user_classes}
        phases = planned_phases(self.scenario, picked)
        if plan == PHASES and not phases:
            raise PortlapError("no phase has a target among the picked user classes; pick more of them")
        self.runs += 1
        manifest = Manifest(
            scenario_name=self.scenario.name,
            clock_origin_epoch_ns=0,
            plan=plan,
            scenario=self.scenario.raw,
            targets=tuple(info for info, _ in self.checked if info.name in picked),
            phases_planned=phases if plan == PHASES else (),
            budget_s=self.scenario.budget_s or None,
            locust_witness=self.runs == 1,
        )
        recorder = Recorder(free_prefix(Path(options.csv_prefix)), manifest)
        return Conducted(
            scenario=self.scenario,
            targets={t.name: t for t in self.scenario.targets},
            dialects={info.name: dialect for info, dialect in self.checked},
            infos={info.name: info for info in manifest.targets},
            recorder=recorder,
            dispatch=Dispatch(self.runner, recorder.record),
        )

    def failed(self, message: str, code: int) -> int:
        live_log.error(message)
        if self.active is not None:
            self.active.recorder.note(interrupted=message)
        return code

    def finish(self, code: int) -> None:
        """Files closed, report made, Locust ended (headless) or stopped (web UI)."""
        active, self.active = self.active, None
        if active is not None:
            gevent.sleep(LOCUST_WRITES_S)
            active.dispatch.close()
            active.recorder.note(finished=code == 0)
            active.recorder.close()
        if self.headless:
            self.engines.stop()
        if active is not None and active.recorder.records:
            told = report(active.recorder.prefix)
            code = code or told
        if self.headless:
            self.environment.process_exit_code = code
            self.runner.quit()
        else:
            self.runner.stop()

    def interrupt(self, why: str) -> None:
        """Stopped from outside: what was measured stays, and says why it ends."""
        if self.active is None or self.greenlet is None:
            return
        self.greenlet.kill(block=False)
        self.active.recorder.note(interrupted=self.active.recorder.manifest.interrupted or why)
        if not self.headless:
            gevent.spawn(self.finish_interrupted)

    def finish_interrupted(self) -> None:
        """After the users have left their rows: files closed, report of what there is."""
        active, self.active = self.active, None
        if active is None:
            return
        gevent.sleep(0.2)
        active.dispatch.close()
        active.recorder.close()
        if active.recorder.records:
            report(active.recorder.prefix)

    def quitting(self) -> None:
        if self.active is not None:
            live_log.warning("interrupted: what was measured is kept")
            self.interrupt("interrupted (Ctrl-C or SIGTERM)")
            self.environment.process_exit_code = INTERRUPTED_CODE

    def quit(self) -> None:
        self.engines.stop()
        self.finish_interrupted()


def report(prefix: Path) -> int:
    """Makes and prints the report in a process of its own; its exit code."""
    live_log.info(f"run files: {prefix}_*.csv, {prefix}_run.json; report: {prefix}_report.json, .md")
    sys.stderr.flush()
    return subprocess.run(
        [sys.executable, "-m", "analysis", "report", str(prefix.resolve())], cwd=CHECKOUT, check=False
    ).returncode


def tell_targets(checked: Sequence[tuple[TargetInfo, Dialect]]) -> None:
    for info, _ in checked:
        narrate.target_found(info)
