"""How a run ends: in which order, what is waited for, and for how long at most.

A run ends by itself (`finish`), by Stop in the web UI (Locust's `test_stop`), or from outside by Ctrl-C,
SIGTERM or a closed terminal (`quitting`, then `quit`). Always in this order:

1. no new requests: the plan is over, or its greenlet is killed (`interrupt`)
2. open requests: Locust stops its users. It kills each one at once, or lets it go on for `--stop-timeout`;
   `PinnedUser.ask` (release/users.py) then cuts the open answer (`Connection.cut`, client/connection.py),
   and what had arrived becomes a row
3. the scenario's own servers, if the process ends with the run; the monitor stops reading them first
4. Locust's CSV files: it writes them a little later
5. the run's files, and the monitor's
6. the report, by a child process (`_report`): it takes seconds, and most of the time after a Ctrl-C
7. Locust, with the exit code

A second Ctrl-C ends the process at once, wherever it waits (`signals.py`). Only step 4 always waits
(LOCUST_WRITES_S); the other numbers are limits, and lowering one loses data. Most of a stop is step 6: to
stop faster, make `analysis report` faster.
"""

from locust.runners import WORKER_REPORT_INTERVAL, MasterRunner

import json
import shlex
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import gevent
from gevent.lock import BoundedSemaphore

from analysis import exit_codes
from analysis.files.run import file_of
from replay.children import Child, run_to_its_end
from replay.options import FREE
from replay.output import log, status_line
from replay.own_servers import OwnServers
from replay.plan.run_state import RunState

# Seconds at most; steps 1 and 2 take as long as Locust needs to stop its users
SERVERS_END_S = 10.0  # step 3, own servers; then they are killed
LOCUST_WRITES_S = 1.6  # step 4: Locust writes its CSV files once a second and never once more at the end
WORKERS_REPORT_S = WORKER_REPORT_INTERVAL + 0.5  # and has counts of its workers this much later
WORKERS_LATE_S = 10.0  # or, on a busy machine, later: a finished run waits so long for the last of them
MONITOR_ENDS_S = 2.0  # step 5; then it is killed
REPORT_WITHIN_S = 600.0  # step 6; then its process is killed; a million requests take a minute
COUNT_LOOK_S = 0.1
OTHER_EXIT_S = 60.0  # step 7: a second exit of Locust waits so long for the first one


class ActiveRun:
    """A run from its start to its report."""

    def __init__(self, plan: str, conduct: Callable[["ActiveRun"], None]) -> None:
        self.plan = plan
        self.state: RunState | None = None  # until the users are there and the files open
        self.monitor: Child | None = None
        self.closed = False
        self.conductor = gevent.spawn(conduct, self)

    def is_going(self) -> bool:
        return not self.conductor.dead or (self.state is not None and not self.closed)


class Shutdown:
    """The ends of this process's runs, and of the process."""

    def __init__(self, environment: Any, servers: OwnServers) -> None:
        self.environment = environment
        self.servers = servers
        self.headless = environment.web_ui is None
        self.is_closing = False
        self.closed_s: float | None = None  # when the last run was closed, on time.monotonic()
        self.has_quit = False
        self._one_closes = BoundedSemaphore()

    def finish(self, run: ActiveRun, code: int) -> None:
        """The plan is over: the run is closed, Locust ends (headless) or stops (web UI)."""
        if self.headless:
            self.end_servers(run)
        verdict_code = self.close(run, finished=code == 0)
        code = code or verdict_code
        options = self.environment.parsed_options
        if self.headless:
            self.environment.process_exit_code = code
            self.environment.runner.quit()
            return
        self.environment.runner.stop()
        if options.autostart and options.autoquit >= 0:
            self.environment.process_exit_code = code
            gevent.sleep(options.autoquit)
            self.environment.web_ui.stop()

    def stopping(self, run: ActiveRun | None) -> None:
        """Locust stops its users: because someone asked it to, or because its last worker has ended."""
        runner = self.environment.runner
        if (
            isinstance(runner, MasterRunner)
            and not runner.worker_count
            and run is not None
            and run.is_going()
        ):
            log.error("the last worker ended: everything measured so far is kept")
            self.environment.process_exit_code = exit_codes.FAULT
            self.interrupt(run, "the last worker ended")
            if self.headless:
                gevent.spawn(runner.quit)  # where a worker was killed Locust itself goes on for ever
        else:
            self.interrupt(run, "stopped before its end")

    def note_workers(self, run: ActiveRun) -> None:
        """Workers that ended meanwhile: Locust's statistics lack what they had not yet reported."""
        if run.state is None:
            return
        run.state.dispatch.notice_lost_workers()
        lost = tuple(run.state.dispatch.workers_lost.values())
        if lost != run.state.recorder.manifest.workers_lost:
            run.state.recorder.update(workers_lost=lost)

    def interrupt(self, run: ActiveRun | None, why: str) -> None:
        """Stopped from outside: what was measured stays, with the first reason. A free run ends this way."""
        if run is None:
            return
        run.conductor.kill()
        if run.state is None or run.closed or run.state.recorder.manifest.interrupted is not None:
            return
        if run.plan == FREE:
            run.state.recorder.update(finished=True)
        else:
            run.state.recorder.update(interrupted=why)

    def quitting(self, run: ActiveRun | None) -> None:
        """Locust is about to stop its users and to end, for whatever reason."""
        if self.environment.process_exit_code is not None or run is None:
            return
        if not (run.is_going() or self.is_closing):
            return
        if run.plan != FREE:
            log.warning("interrupted: everything measured so far is kept")
        self.interrupt(run, "Ctrl-C, SIGTERM or a closed terminal")
        self.environment.process_exit_code = 0 if run.plan == FREE else exit_codes.INTERRUPTED

    def quit(self, run: ActiveRun | None) -> None:
        """The users are gone, the process ends after this."""
        # careful: after SIGTERM Locust shuts down twice at once. The first to be through ends the process;
        # the other waits for that here: its own sys.exit in the middle of it would print a traceback
        if self.has_quit:
            gevent.sleep(OTHER_EXIT_S)
        self.has_quit = True
        self.end_servers(run)
        self.close(run)

    def end_servers(self, run: ActiveRun | None) -> None:
        """The scenario's own; before that the monitor stops reading their counters."""
        if run is not None and run.monitor is not None:
            run.monitor.ask_to_end()
        with log.named_wait("the scenario's servers to end", SERVERS_END_S):
            self.servers.stop(SERVERS_END_S)

    def _until_counted(self, rows: int, within_s: float) -> None:
        """Until Locust's statistics have as many requests: its workers tell of theirs every few seconds."""
        end_s = time.monotonic() + within_s
        while self.environment.stats.total.num_requests < rows and time.monotonic() < end_s:
            gevent.sleep(COUNT_LOOK_S)

    def close(self, run: ActiveRun | None, finished: bool = False) -> int:
        """Files closed and report made; its exit code, 0 where there was nothing to report."""
        status_line.end()
        with self._one_closes, log.named_wait("the last figures and the report", REPORT_WITHIN_S):
            if run is None or run.state is None or run.closed:
                return 0
            run.closed = self.is_closing = True
            recorder, live = run.state.recorder, run.state.live
            live.ended = "all is sent; the last figures and the report are being made"
            try:
                if finished:
                    self.note_workers(run)
                if isinstance(self.environment.runner, MasterRunner):
                    whole = finished and not recorder.manifest.workers_lost
                    self._until_counted(recorder.rows, WORKERS_LATE_S if whole else WORKERS_REPORT_S)
                gevent.sleep(LOCUST_WRITES_S)
                if finished:
                    self.note_workers(run)
                run.state.dispatch.close()
                if dropped := run.state.dispatch.dropped:
                    log.warning(
                        f"{dropped} messages were dropped: they were late, or of no worker of this run"
                    )
                if run.monitor is not None:
                    run.monitor.end(MONITOR_ENDS_S)
                if finished:
                    recorder.update(finished=True)
                recorder.close()
                form = "--long" if self.environment.parsed_options.verbose else "--short"
                code, live.report = _report(recorder.prefix, form) if recorder.rows else (0, None)
                live.ended = (
                    "finished" if recorder.manifest.finished else recorder.manifest.interrupted or "ended"
                )
                return code
            finally:
                self.is_closing, self.closed_s = False, time.monotonic()


def _report(prefix: Path, form: str) -> tuple[int, dict[str, Any] | None]:
    """The run's exit code, and report.json.

    A process of its own makes the report: pandas and charts are not for this one.
    """
    code = run_to_its_end("analysis", "report", str(prefix.resolve()), form, within_s=REPORT_WITHIN_S)
    if code not in exit_codes.OF_A_REPORT:
        end = f"by signal {-code}" if code < 0 else f"with code {code}"
        log.error(
            f"the report was not written (its process ended {end}); "
            f"write it with: python -m analysis report {shlex.quote(str(prefix))}"
        )
        log.info(f"run files: {prefix}_*.csv, {prefix}_run.json")
        return exit_codes.FAULT, None
    report = None
    with suppress(OSError, ValueError):  # no report: its process has printed why
        report = json.loads(file_of(prefix, "report.json").read_text(encoding="utf-8"))
        word = f"{report['headline'].upper()}: " if report["headline"] else ""
        log.result(f"{word}{report['answer']}")  # last on the screen: the report itself has scrolled away
    log.info(f"run files: {prefix}_*.csv, {prefix}_run.json; report: {prefix}_report.html, .md, .json")
    return code, report
