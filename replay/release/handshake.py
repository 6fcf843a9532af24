"""Who takes part in a run: a worker is admitted once its version and its scenario are the master's.

Locust gives users, options and prompts to every process that reaches its port. Here a worker stays outside
until it has introduced itself, and every later message carries the run's token:

    worker  -> master   hello     version, scenario, digest, token,   once a second until there is an answer
                                  room: open files and free memory
    master  -> worker   welcome   token                               from now on it is given users
    master  -> worker   refused   why                                 it ends with this line and exit code 2

With `--processes` the workers are forks and have inherited the token: no other process is admitted.
"""

import hashlib
import json
import secrets
from argparse import Namespace
from collections.abc import Callable
from dataclasses import astuple, dataclass, fields
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import gevent

from analysis import exit_codes
from analysis.files.request_record import RequestRecord
from replay.checks.capacity import Room, beyond, own_room
from replay.children import has_lost_a_fork
from replay.client.request import Request
from replay.output import log
from replay.scenario.schema import Scenario

HELLO, WELCOME, REFUSED = (f"portlap_{name}" for name in ("hello", "welcome", "refused"))
TOKEN = secrets.token_hex(16)  # made at import: forked workers inherit it
HELLO_EVERY_S = 1.0
WAITING_EVERY_S = 5.0  # how often a master without workers says what it waits for
WORKERS_PATIENCE_S = 600.0  # then it ends
MASTER_PATIENCE_S = 120.0  # then a worker ends
FORKS_PATIENCE_S = 20.0  # for those of --processes, which join within a second


@dataclass(frozen=True, slots=True)
class Introduction:
    """What has to be equal in all processes of a run."""

    version: str
    scenario: str  # its name and its file, for people
    digest: str  # of all that the scenario says

    def differs(self, other: "Introduction") -> str | None:
        """Why `other` cannot work for this master; None if it can."""
        if other.version != self.version:
            return f"it has portlap {other.version:.40}, the master {self.version}: install the same version"
        if other.digest != self.digest:
            return f"it has {other.scenario:.200}, the master {self.scenario}: start it with the same"
        return None


def introduction(options: Namespace, scenario: Scenario) -> Introduction:
    """This process, as it says hello."""
    source = ", ".join(options.target) if options.target else options.scenario
    content = hashlib.sha256(scenario.model_dump_json().encode("utf-8", "replace")).hexdigest()
    return Introduction(_version(), f"scenario {scenario.name!r} ({source})", content)


def _version() -> str:
    """The release, and a few characters that change with what travels between processes."""
    travelling = json.dumps([[f.name for f in fields(kind)] for kind in (Request, RequestRecord)])
    try:
        release = version("portlap")
    except PackageNotFoundError:  # run from a checkout that is not installed
        release = "?"
    return f"{release}-{hashlib.sha256(travelling.encode()).hexdigest()[:6]}"


def admit(runner: Any, mine: Introduction, *, only_forks: bool, share: int = 0) -> None:
    """The master's side: Locust hears of a worker once it is admitted, and of no other process at all.

    `share`: the users that one of the expected workers has to hold.
    """
    handle = runner.handle_message
    admitted: set[str] = set()
    outside: dict[str, Any] = {}  # how each that waits has reported to Locust

    def guard(client_id: str, msg: Any) -> None:
        if msg.node_id != client_id:
            return
        if client_id in admitted:
            if msg.type != HELLO:  # it says hello once more if our answer was slow
                handle(client_id, msg)
        elif msg.type == "client_ready":
            outside[client_id] = msg
            runner.send_message("ack", client_id=client_id)  # then it starts, and says hello
        elif msg.type == HELLO and client_id in outside:
            meet(client_id, msg.data)

    def meet(client_id: str, data: Any) -> None:
        ready, why = outside.pop(client_id), _refusal(data, mine, only_forks, share)
        if why is not None:
            log.error(f"a worker is refused: {why}")
            runner.send_message(REFUSED, {"why": why}, client_id)
            return
        admitted.add(client_id)
        # careful: before Locust gives it users, because these speak with the token
        runner.send_message(WELCOME, {"token": TOKEN}, client_id)
        handle(client_id, ready)

    runner.handle_message = guard  # the one place where messages arrive


def _refusal(data: Any, mine: Introduction, only_forks: bool, share: int) -> str | None:
    try:
        other = Introduction(*(str(data[name]) for name in ("version", "scenario", "digest")))
        if only_forks and data["token"] != TOKEN:
            return "with --processes a master takes its own processes only"
    except (TypeError, KeyError, ValueError):
        return "it does not introduce itself as a worker of portlap"
    return mine.differs(other) or _too_small(data.get("room"), share)


def _too_small(room: Any, share: int) -> str | None:
    """Why the worker cannot hold its share of the users; a fork's machine has been asked already."""
    known = room if isinstance(room, list) and len(room) == 2 else (None, None)
    files, memory = (v if type(v) is int else None for v in known)
    why = beyond(share, 0, Room(files, memory))
    return None if why is None else f"{why}, or more workers: --expect-workers"


def join(runner: Any, mine: Introduction, welcomed: Callable[[str], None]) -> None:
    """The worker's side: says hello until the master answers."""
    main = gevent.get_hub().parent

    def say_hello() -> None:
        while True:
            data: dict[str, Any] = {
                "version": mine.version,
                "scenario": mine.scenario,
                "digest": mine.digest,
                "token": TOKEN,
            }
            data |= {"room": list(astuple(own_room()))}
            runner.send_message(HELLO, data)
            gevent.sleep(HELLO_EVERY_S)

    def welcome(msg: Any, **_: Any) -> None:
        greeting.kill(block=False)
        welcomed(msg.data["token"])

    def refused(msg: Any, **_: Any) -> None:
        greeting.kill(block=False)
        log.error(f"the master refuses this worker: {msg.data['why']}")
        gevent.kill(main, SystemExit(exit_codes.BAD_INPUT))

    runner.register_message(WELCOME, welcome)
    runner.register_message(REFUSED, refused)
    greeting = gevent.spawn(say_hello)


def wait_for_workers(runner: Any, options: Namespace, give_up: Callable[[], None]) -> None:
    """Names what a master waits for until its workers are here; gives up after its patience."""

    def watch() -> None:
        waited_s, patience_s = 0.0, FORKS_PATIENCE_S if options.processes else WORKERS_PATIENCE_S
        while (here := len(runner.clients)) < options.expect_workers:
            if waited_s >= patience_s or (options.processes and has_lost_a_fork()):
                log.error(f"only {here} of {options.expect_workers} workers came: nothing was measured")
                give_up()
                return
            if waited_s:
                start = "" if options.processes else f"; start one with: {worker_command(options)}"
                log.info(
                    f"waiting for workers: {here} of {options.expect_workers} are here "
                    f"(at most {patience_s - waited_s:.0f} s more){start}"
                )
            gevent.sleep(WAITING_EVERY_S)
            waited_s += WAITING_EVERY_S

    gevent.spawn(watch)


def wait_for_master(options: Namespace) -> Callable[[], None]:
    """Names the master that a worker waits for, before Locust knows it; gives up after its patience.

    Returns what ends the wait.
    """
    main = gevent.get_hub().parent
    where = f"a master at {options.master_host}:{options.master_port}"

    def watch() -> None:
        with log.named_wait(where, MASTER_PATIENCE_S):
            gevent.sleep(MASTER_PATIENCE_S)
        log.error(f"{where} does not answer; start it with --master, or name another with --master-host")
        gevent.kill(main, SystemExit(exit_codes.BAD_INPUT))

    watching = gevent.spawn(watch)
    return lambda: watching.kill(block=False)


def worker_command(options: Namespace) -> str:
    targets = " ".join(f"--target {t}" for t in options.target or ())
    source = targets or f"--scenario {options.scenario}"
    return f"locust --worker --master-port {options.master_bind_port} {source}"
