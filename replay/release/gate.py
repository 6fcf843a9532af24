"""The gate of one process: its users wait here and all leave at one instant (see the package's protocol)."""

import gc
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

import gevent
from gevent.event import AsyncResult
from gevent.lock import BoundedSemaphore
from gevent.queue import Queue

from analysis.files.request_record import FREE, RequestRecord
from replay.client.connection import Connection
from replay.client.request import Request
from replay.client.response import Response
from replay.release.handshake import TOKEN
from replay.release.heard import heard_of, shows_more

ARM, GO, READY, LEFT, ARMED, ROW, TOLD, HANG_UP = (
    f"portlap_{name}" for name in ("arm", "go", "ready", "left", "armed", "row", "told", "hang_up")
)
SPIN_S = 0.002  # a sleep may end this late; the rest is waited for by looking at the clock


class Gate:
    """State of one process: the inbox of each of its users and the gates that are not open yet."""

    def __init__(self) -> None:
        self._runner: Any = None
        self._token = TOKEN
        self._inboxes: dict[int, Queue] = {}
        self._instants: dict[int, AsyncResult] = {}  # batch: the instant its gate opens
        self._queues: dict[int, BoundedSemaphore] = {}  # batch: the client's own queue
        self._asking: dict[int, Connection] = {}  # by request
        self._joined = 0
        self._open: set[int] = set()  # requests of this process that hold up the garbage collector

    def connect(self, runner: Any) -> None:
        """Listens to the conductor. Called once the process knows its runner."""
        self._runner = runner
        runner.register_message(ARM, self._arm)
        runner.register_message(GO, self._go)
        runner.register_message(HANG_UP, self._hang_up)

    def welcomed(self, token: str) -> None:
        """The master has admitted this worker: the run's token, for all messages."""
        self._token = token

    def join(self, target: str) -> tuple[int, Queue]:
        """A number of its own for a new user of this target, and the inbox for its requests."""
        number, self._joined = self._joined, self._joined + 1
        inbox = self._inboxes[number] = Queue()
        self._tell(READY, {"user": number, "target": target})
        return number, inbox

    def leave(self, number: int) -> None:
        if self._inboxes.pop(number, None) is not None:
            self._tell(LEFT, {"user": number})
        if not self._inboxes:
            gc.enable()
            self._joined = 0  # each phase counts its users from 0

    def armed(self, request: Request) -> None:
        self._tell(ARMED, {"batch": request.batch, "request_id": request.request_id})

    def wait(self, request: Request) -> float:
        """Returns the gate's instant (monotonic), right after it."""
        return float(self._instant(request.batch).get())

    def queue(self, request: Request) -> BoundedSemaphore | None:
        """The client's own queue of this batch; None if nothing limits it."""
        if request.workers is None:
            return None
        return self._queues.setdefault(request.batch, BoundedSemaphore(request.workers))

    @contextmanager
    def asking(self, request: Request, connection: Connection) -> Iterator[None]:
        """While the answer is waited for: the plan hears of its tokens, and may hang up."""
        if request.tell_at is not None:
            told = {"batch": request.batch, "request_id": request.request_id}
            connection.when_told(request.tell_at, lambda: self._tell(TOLD, told))
        self._asking[request.request_id] = connection
        try:
            yield
        finally:
            del self._asking[request.request_id]

    def report(self, request: Request, record: RequestRecord, response: Response) -> None:
        heard = asdict(heard_of(request, response)) if shows_more(request, response) else None
        self._tell(ROW, {"batch": request.batch, "row": asdict(record), "heard": heard})
        self._open.discard(record.request_id)
        if not self._open:
            gc.enable()

    def first_token_s(self, request_id: int) -> float | None:
        """When the text began of an answer that goes on in this process; None: not yet, or not here."""
        connection = self._asking.get(request_id)
        return None if connection is None else connection.first_text_s()

    def worker(self) -> int:
        return int(self._runner.worker_index)

    def _tell(self, kind: str, data: dict[str, Any]) -> None:
        self._runner.send_message(kind, data | {"worker": self.worker(), "token": self._token})

    def _instant(self, batch: int) -> AsyncResult:
        return self._instants.setdefault(batch, AsyncResult())

    def _arm(self, msg: Any, **_: Any) -> None:
        if msg.data["token"] != self._token:
            return
        self._forget_old()
        mine = [r for data in msg.data["requests"] if (r := Request(**data)).worker == self.worker()]
        mine = [request for request in mine if request.user in self._inboxes]
        if mine and mine[0].kind != FREE:  # those always overlap: the collector would never run
            self._hold_collector(mine)
        for request in mine:
            self._inboxes[request.user].put(request)

    def _hold_collector(self, requests: Sequence[Request]) -> None:
        """No garbage collection from here to their rows: a full one stalls every stream for 40 ms.

        What lives long is set aside once. A request that leaves no row is forgotten with the next batch.
        """
        if gc.get_freeze_count() == 0:
            gc.collect()
            gc.freeze()
        gc.disable()
        self._open = {request.request_id for request in requests}

    def _go(self, msg: Any, **_: Any) -> None:
        if msg.data["token"] != self._token:
            return
        # careful: a message listener must not block, or heartbeats stop
        gevent.spawn(self._release, msg.data["batch"], msg.data["at"])

    def _hang_up(self, msg: Any, **_: Any) -> None:
        if msg.data["token"] == self._token:
            for request_id in msg.data["request_ids"]:
                if request_id in self._asking:
                    self._asking[request_id].hang_up()

    def _release(self, batch: int, at: float) -> None:
        gevent.sleep(max(at - time.monotonic() - SPIN_S, 0))
        while time.monotonic() < at:
            pass
        self._instant(batch).set(at)

    def _forget_old(self) -> None:
        for batch in sorted(self._instants)[:-100]:
            self._instants.pop(batch)
            self._queues.pop(batch, None)
