"""The users: one class per target, pinned to its port and model. They do what orders say, no more."""

from locust import User, task

import keyword
import re
import time
from collections.abc import Container, Iterable
from typing import Any, ClassVar

import gevent
from gevent.queue import Queue

from analysis.files.request_record import RequestRecord
from replay.client.connection import Connection
from replay.client.response import Answer
from replay.release.gate import Gate
from replay.release.orders import Order


class PinnedUser(User):
    """Carries out one order after the other; whatever happens to a sent request becomes a row."""

    abstract = True
    target: ClassVar[str]
    gate: ClassVar[Gate]

    def on_start(self) -> None:
        self.connection = Connection()
        self.inbox: Queue
        self.number, self.inbox = self.gate.join(self.target)

    def on_stop(self) -> None:
        self.gate.leave(self.number)
        self.connection.close()

    @task
    def carry_out(self) -> None:
        order: Order = self.inbox.get()
        try:
            self.connection.prepare(order.chat())
        except OSError as error:
            self.gate.armed(order)
            self.report(failed(order, self.gate.worker(), str(error)))
            return
        self.gate.armed(order)
        due_s = self.gate.wait(order) + order.offset_s
        gevent.sleep(max(due_s - time.monotonic(), 0)) if order.offset_s else None
        queue = self.gate.queue(order)
        if queue is None:
            self.ask(order, due_s, None)
        else:
            with queue:
                self.ask(order, due_s, max(time.monotonic() - due_s, 0.0))

    def ask(self, order: Order, due_s: float, queued_s: float | None) -> None:
        try:
            answer = self.connection.ask()
        except BaseException:  # stopped (Ctrl-C, end of a phase): a request that was sent leaves a row
            self.report(record_of(order, self.gate.worker(), self.connection.cut(), due_s, queued_s))
            raise
        self.report(record_of(order, self.gate.worker(), answer, due_s, queued_s))

    def report(self, record: RequestRecord) -> None:
        """To Locust's statistics (milliseconds) and to the run's log."""
        latency_s = record.latency_s
        self.environment.events.request.fire(
            request_type=record.kind,
            name=f"{record.phase}/{record.target}",
            response_time=None if latency_s is None else latency_s * 1e3,
            response_length=0,
            exception=None if record.error is None else RequestFailed(record.error),
            context={},
        )
        self.gate.report(record)


class RequestFailed(Exception):
    """What Locust lists under failures: the error of the row."""


def failed(order: Order, worker: int, error: str) -> RequestRecord:
    """The row of a request that could not be sent."""
    nothing = Answer(end_s=time.monotonic(), error=error)
    return record_of(order, worker, nothing, None, None)


def record_of(
    order: Order, worker: int, answer: Answer, due_s: float | None, queued_s: float | None
) -> RequestRecord:
    """The row of one answer: all instants since the run's start, to the microsecond."""

    def since_start(instant_s: float | None) -> float | None:
        return None if instant_s is None else round(instant_s - order.origin_s, 6)

    def span(duration_s: float | None) -> float | None:
        return None if duration_s is None else round(duration_s, 6)

    return RequestRecord(
        request_id=order.request_id,
        phase=order.phase,
        round=order.round,
        kind=order.kind,
        user=order.user,
        target=order.target,
        base_url=order.base_url,
        model=order.model,
        scheduled_s=since_start(due_s),
        queued_s=span(queued_s),
        send_s=since_start(answer.send_s),
        first_token_s=since_start(answer.first_token_s),
        last_token_s=since_start(answer.last_token_s),
        end_s=since_start(answer.end_s),
        prompt_tokens=answer.prompt_tokens,
        cached_tokens=answer.cached_tokens,
        output_tokens=answer.output_tokens,
        chunks=answer.chunks,
        longest_gap_s=span(answer.longest_gap_s),
        stamp=answer.stamp,
        http_status=answer.http_status,
        finish_reason=answer.finish_reason,
        error=answer.error,
        answered_model=answer.answered_model,
        server_queue_s=span(answer.server_queue_s),
        server_prefill_s=span(answer.server_prefill_s),
        server_decode_s=span(answer.server_decode_s),
        server_load_s=span(answer.server_load_s),
        worker=worker,
        clock_error_s=span(answer.lateness_s),
    )


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
