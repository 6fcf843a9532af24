"""The users: one class per target, pinned to its port and model. They send what they are given, no more."""

from locust import User, task
from locust.exception import RPCSendError

import keyword
import re
import time
from collections.abc import Container, Iterable
from contextlib import suppress
from typing import Any, ClassVar

import gevent
from gevent.queue import Queue

from analysis.files.request_record import STOPPED
from replay.client.connection import Connection
from replay.client.request import Request, row_of
from replay.client.response import Response
from replay.release.gate import Gate


class PinnedUser(User):
    """Sends one request after the other; whatever happens to a request that was sent becomes a row."""

    abstract = True
    target: ClassVar[str]
    gate: ClassVar[Gate]

    def on_start(self) -> None:
        self.connection = Connection()
        self.inbox: Queue
        self.number, self.inbox = self.gate.join(self.target)

    def on_stop(self) -> None:
        with suppress(RPCSendError):  # the process ends, and its socket is closed already
            self.gate.leave(self.number)
        self.connection.close()

    @task
    def carry_out(self) -> None:
        request: Request = self.inbox.get()
        try:
            self.connection.prepare(request)
        except OSError as error:
            self.gate.armed(request)
            self.report(request, Response(end_s=time.monotonic(), error=str(error)))
            return
        self.gate.armed(request)
        due_s = self.gate.wait(request) + request.offset_s
        if request.offset_s:
            gevent.sleep(max(due_s - time.monotonic(), 0))
        queue = self.gate.queue(request)
        if queue is None:
            self.ask(request, due_s, None)
        else:
            with queue:
                self.ask(request, due_s, max(time.monotonic() - due_s, 0.0))

    def ask(self, request: Request, due_s: float, queued_s: float | None) -> None:
        try:
            with self.gate.asking(request, self.connection):
                response = self.connection.ask()
        except BaseException:  # stopped (Ctrl-C, end of a phase): a request that was sent leaves a row
            self.report(request, self.connection.cut(), due_s, queued_s)
            raise
        self.report(request, response, due_s, queued_s)

    def report(
        self,
        request: Request,
        response: Response,
        due_s: float | None = None,
        queued_s: float | None = None,
    ) -> None:
        """To Locust's statistics (milliseconds) and to the run's log."""
        record = row_of(request, response, due_s, queued_s)
        latency_s = record.latency_s
        if record.error != STOPPED:  # it did not fail, nor is it an answer; it has its row
            self.environment.events.request.fire(
                request_type=record.kind,
                name=f"{record.phase}/{record.target}",
                response_time=None if latency_s is None else latency_s * 1e3,
                response_length=response.size_bytes,
                exception=None if record.error is None else RequestFailed(record.error),
                context={},
            )
        with suppress(RPCSendError):  # this worker ends: what never comes becomes a row that failed
            self.gate.report(request, record, response)


class RequestFailed(Exception):
    """What Locust lists under failures: the error of the row."""


def user_classes(
    targets: Iterable[str], gate: Gate, module: str, taken: Container[str] = ()
) -> dict[str, type[PinnedUser]]:
    """One class per target, by class name, in the targets' order; Locust finds them in `module`.

    `taken`: names that the module uses itself.
    """
    classes: dict[str, type[PinnedUser]] = {}
    for target in targets:
        name = class_name(target)
        while name in classes or name in taken:  # `A-1` and `A 1` are two targets
            name += "_"
        attributes: dict[str, Any] = {"__module__": module, "target": target, "gate": gate}
        classes[name] = type(name, (PinnedUser,), attributes)
    return classes


def class_name(target: str) -> str:
    """The target's name with every character that no class name may have as `_`."""
    name = re.sub(r"\W", "_", target)
    return f"Target_{name}" if not name.isidentifier() or keyword.iskeyword(name) else name
