"""The conductor's side of the protocol: sends a batch to users, wherever they run, collects the rows."""

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

from gevent.event import Event
from pydantic import TypeAdapter

from analysis.errors import PortlapError
from analysis.files.request_record import RequestRecord
from replay.client.request import Request, row_of
from replay.client.response import Response
from replay.output import log
from replay.release.gate import ARM, ARMED, GO, HANG_UP, LEFT, READY, ROW, TOLD
from replay.release.handshake import TOKEN
from replay.release.heard import Ear

LEAD_S = 0.005  # from `go` to the gate's instant, in one process
LEAD_FAR_S = 0.05  # where messages travel between processes (measured: at most 9 ms)
ARM_PATIENCE_S = 10.0  # a user that cannot connect by then leaves later than the others
ARM_GRACE_S = 5.0  # and then it has so long before its request counts as lost
MISSING = "missing"  # Locust's word for a worker whose heartbeats stopped
LOST = "no row came: the user's process ended or hangs"
ROW_GRACE_S = 10.0  # beyond the request's own timeout: then its process is gone
RECORD = TypeAdapter(RequestRecord)
Keeping = Callable[[RequestRecord], None]
Words = Callable[[], str]
Sending = Callable[[Sequence[Request], float], None]  # these leave the gate at this instant


@dataclass(frozen=True, slots=True)
class ReadyUser:
    """A user that waits for requests."""

    worker: int
    user: int
    target: str


class Dispatch:
    """State of the conductor's side: who is ready, who is armed, which rows came."""

    def __init__(self, runner: Any) -> None:
        self.ready: list[ReadyUser] = []
        self.workers_lost: dict[int, str] = {}  # of this run, that ended: in words
        self.dropped = 0  # messages that belong to no run, or rows that were not ordered
        self._runner = runner
        self._keep: Keeping | None = None
        self._sent: Sending = lambda *_: None
        self._left_users: set[tuple[int, int]] = set()
        self._armed: set[int] = set()
        self._rows: dict[int, RequestRecord] = {}
        self._open: dict[int, Request] = {}  # sent, and no row yet
        self.ear, self._began_s = Ear(), 0.0
        self._seen: set[int] = set()  # workers of this run
        self._news, self._batches = Event(), 0
        for kind, listener in (
            (READY, self._ready_came),
            (LEFT, self._left_came),
            (ARMED, self._armed_came),
            (ROW, self._row_came),
            (TOLD, self._told_came),
        ):
            runner.register_message(kind, partial(self._take, listener))

    def begin(self, keep: Keeping, sent: Sending = lambda *_: None, ear: Ear | None = None) -> None:
        """Rows belong to a new run from now on; users that wait already stay ready."""
        self._keep, self._sent, self._began_s, self.ear = keep, sent, time.monotonic(), ear or Ear()
        self._armed, self._rows, self._open, self.workers_lost = set(), {}, {}, {}
        self._seen = set(getattr(self._runner, "worker_indexes", {}).values()) - self.gone_workers()

    def close(self) -> None:
        """Rows that still come belong to no run: this one is over."""
        self._keep = None

    def user_of(self, target: str, taken: Collection[ReadyUser] = ()) -> ReadyUser:
        """A user of this target that is not taken. Raises PortlapError."""
        self.notice_lost_workers()
        for user in self.ready:
            if user.target == target and user not in taken:
                return user
        raise PortlapError(f"a user of {target} is gone: a process of portlap ended; run again")

    def notice_lost_workers(self) -> None:
        """Workers that Locust hears no more: their users are not ready, their open requests are lost."""
        gone = self.gone_workers()
        if not gone:
            return
        for worker in sorted((gone & self._seen) - self.workers_lost.keys()):
            after_s = time.monotonic() - self._began_s
            self.workers_lost[worker] = f"worker {worker} ended or hung {after_s:.0f} s after the run began"
            log.warning(f"{self.workers_lost[worker]}: what it had open is lost, the others go on")
        self.ready = [u for u in self.ready if u.worker not in gone]
        for request in [r for r in self._open.values() if r.worker in gone]:
            self._lose(request)

    def gone_workers(self) -> set[int]:
        """By number; none where all is one process."""
        clients = getattr(self._runner, "clients", None)
        if clients is None:
            return set()
        here = {name for name, node in clients.items() if node.state != MISSING}
        return {number for name, number in self._runner.worker_indexes.items() if name not in here}

    def next_batch(self) -> int:
        self._batches += 1
        return self._batches

    def send(self, requests: Sequence[Request]) -> None:
        """All users of the batch connect, then leave the gate at one instant."""
        self.expect(requests)
        self._tell(ARM, {"requests": [asdict(r) for r in requests]})
        self.wait(
            lambda: all(r.request_id in self._armed or self._is_over(r) for r in requests),
            ARM_PATIENCE_S,
            lambda: "users to connect",
        )
        at = time.monotonic() + (LEAD_FAR_S if hasattr(self._runner, "clients") else LEAD_S)
        self._tell(GO, {"batch": requests[0].batch, "at": at})
        self._sent(requests, at)

    def expect(self, requests: Sequence[Request]) -> None:
        """Rows of these requests are taken, from the workers of their users."""
        self._open |= {r.request_id: r for r in requests}
        self.ear.sent(requests)

    def collect(self, requests: Sequence[Request]) -> list[RequestRecord]:
        """The rows of these requests once all have ended; a row that never comes is written as a failure."""
        arm_until_s = time.monotonic() + ARM_GRACE_S

        def all_ended() -> bool:
            late = time.monotonic() > arm_until_s
            return all(self._is_over(r, late) for r in requests)

        longest_s = max(r.timeout_s + r.offset_s for r in requests)
        if requests[0].workers is not None:
            longest_s *= len(requests)  # they may wait for each other in the client's own queue
        self.wait(all_ended, longest_s + ROW_GRACE_S, lambda: self._answers_of(requests))
        for request in requests:
            self._lose(request)
        return [self._rows.pop(i) for i in sorted(r.request_id for r in requests)]

    def _answers_of(self, requests: Sequence[Request]) -> str:
        missing = [r.target for r in requests if r.request_id in self._open]
        return f"{len(missing)} of {len(requests)} answers ({', '.join(dict.fromkeys(missing))})"

    def _is_over(self, request: Request, late: bool = False) -> bool:
        """True if it has its row, its user has left without one, or never armed it (`late`: in its time)."""
        if request.request_id not in self._open or (request.worker, request.user) in self._left_users:
            return True
        return late and request.request_id not in self._armed

    def _lose(self, request: Request) -> None:
        """Its row is a failure, unless it has one."""
        if request.request_id in self._open:
            self._accept(row_of(request, Response(end_s=time.monotonic(), error=LOST)), {})

    def hang_up(self, requests: Sequence[Request]) -> None:
        """Those that are still open end where they are; their rows come as of any other."""
        self._tell(HANG_UP, {"request_ids": [r.request_id for r in requests]})

    def has_told(self, request: Request) -> bool:
        """Whether the tokens have come that it was to tell at, or it is over without them."""
        return request.request_id in self.ear.told or request.request_id not in self._open

    def in_flight(self) -> bool:
        return bool(self._open)

    @property
    def rows_came(self) -> bool:
        return bool(self._rows)

    def take_rows(self) -> list[RequestRecord]:
        """The rows that came since."""
        rows, self._rows = list(self._rows.values()), {}
        return rows

    def wait(self, true: Callable[[], bool], patience_s: float, what: Words | None = None) -> bool:
        """True as soon as `true` holds, looked at whenever news comes; False if the patience ends.

        `what` is waited for: named on the terminal as `log.named_wait` does.
        """
        began_s = time.monotonic()
        deadline_s, name_at_s = began_s + patience_s, began_s + log.NAME_AFTER_S
        while True:
            self.notice_lost_workers()
            if true():
                return True
            now_s = time.monotonic()
            if now_s >= deadline_s:
                return False
            if what is not None and now_s >= name_at_s:
                log.waiting(what(), now_s - began_s, deadline_s - now_s)
                name_at_s = now_s + log.NAME_EVERY_S
            self._news.clear()
            self._news.wait(min(deadline_s - now_s, 1.0))

    def _tell(self, kind: str, data: dict[str, Any]) -> None:
        self._runner.send_message(kind, data | {"token": TOKEN})

    def _accept(self, record: RequestRecord, data: Mapping[str, Any]) -> None:
        record = self.ear.row_came(self._open[record.request_id], record, data)
        del self._open[record.request_id]
        self._armed.discard(record.request_id)
        if self._keep is None:
            return
        self._keep(record)
        self._rows[record.request_id] = record
        self._news.set()

    def _take(self, listener: Callable[[dict[str, Any]], None], msg: Any, **_: Any) -> None:
        """Hands on what has the run's token and all its parts; the rest is counted."""
        try:
            if msg.data["token"] != TOKEN:
                raise ValueError("not of this run")
            listener(msg.data)
        except (KeyError, TypeError, ValueError):  # pydantic's ValidationError too
            self.dropped += 1
        self._news.set()

    def _ready_came(self, data: dict[str, Any]) -> None:
        user = ReadyUser(data["worker"], data["user"], data["target"])
        self.ready.append(user)
        self._seen.add(user.worker)
        self._left_users.discard((user.worker, user.user))

    def _left_came(self, data: dict[str, Any]) -> None:
        gone = (data["worker"], data["user"])
        self.ready = [u for u in self.ready if (u.worker, u.user) != gone]
        self._left_users.add(gone)

    def _armed_came(self, data: dict[str, Any]) -> None:
        self._armed.add(self._ordered(data, data["request_id"]).request_id)

    def _told_came(self, data: dict[str, Any]) -> None:
        self.ear.told.add(self._ordered(data, data["request_id"]).request_id)

    def _row_came(self, data: dict[str, Any]) -> None:
        self._ordered(data, data["row"]["request_id"])
        self._accept(RECORD.validate_python(data["row"]), data)

    def _ordered(self, data: dict[str, Any], request_id: int) -> Request:
        """The open request of this batch and worker. Raises KeyError: late (it is lost), or never sent."""
        request = self._open[request_id]
        if (request.worker, request.batch) != (data["worker"], data["batch"]):
            raise KeyError(request_id)
        return request
