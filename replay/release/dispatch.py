"""The conductor's side of the protocol: sends a batch to users, wherever they run, collects the rows."""

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from gevent.event import Event

from analysis.errors import PortlapError
from analysis.files.request_record import RequestRecord
from replay.client.request import Request, row_of
from replay.client.response import Response
from replay.release.gate import ARM, ARMED, GO, LEFT, READY, ROW

LEAD_S = 0.005  # from `go` to the gate's instant, in one process
LEAD_FAR_S = 0.05  # where messages travel between processes (measured: at most 9 ms)
ARM_PATIENCE_S = 10.0  # a user that cannot connect by then leaves later than the others
ARM_GRACE_S = 5.0  # and then it has so long before its request counts as lost
MISSING = "missing"  # Locust's word for a worker whose heartbeats stopped
LOST = "no row came: the user's process ended or hangs"
ROW_GRACE_S = 10.0  # beyond the request's own timeout: then its process is gone


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
        self._runner = runner
        self._keep: Callable[[RequestRecord], None] | None = None
        self._left_users: set[tuple[int, int]] = set()
        self._armed: set[int] = set()
        self._rows: dict[int, RequestRecord] = {}
        self._written: set[int] = set()
        self._news = Event()
        self._batches = 0
        for kind, listener in (
            (READY, self._ready_came),
            (LEFT, self._left),
            (ARMED, self._arm),
            (ROW, self._row),
        ):
            runner.register_message(kind, listener)

    def begin(self, keep: Callable[[RequestRecord], None]) -> None:
        """Rows belong to a new run from now on; users that wait already stay ready."""
        self._keep = keep
        self._armed, self._rows, self._written = set(), {}, set()

    def close(self) -> None:
        """Rows that still come belong to nobody: the run is over."""
        self._keep = None

    def user_of(self, target: str, taken: Collection[ReadyUser] = ()) -> ReadyUser:
        """A user of this target that is not taken. Raises PortlapError."""
        for user in self.ready:
            if user.target == target and user not in taken and user.worker not in self.gone_workers():
                return user
        raise PortlapError(f"a user of {target} is gone: a process of portlap ended; run again")

    def gone_workers(self) -> set[int]:
        """Worker processes that Locust hears no more, by number; none where all is one process."""
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
        ids = {r.request_id for r in requests}
        self._runner.send_message(ARM, {"requests": [asdict(r) for r in requests]})
        self.wait(lambda: ids <= self._armed, ARM_PATIENCE_S)
        local = not hasattr(self._runner, "clients")
        at = time.monotonic() + (LEAD_S if local else LEAD_FAR_S)
        self._runner.send_message(GO, {"batch": requests[0].batch, "at": at})

    def collect(self, requests: Sequence[Request]) -> list[RequestRecord]:
        """The rows of these requests once all have ended; a row that never comes is written as a failure."""

        arm_until_s = time.monotonic() + ARM_GRACE_S

        def all_ended() -> bool:
            gone, late = self.gone_workers(), time.monotonic() > arm_until_s
            return all(self._has_row(r) or r.worker in gone or self._is_lost(r, late) for r in requests)

        longest_s = max(r.timeout_s + r.offset_s for r in requests)
        if requests[0].workers is not None:
            longest_s *= len(requests)  # they may wait for each other in the client's own queue
        self.wait(all_ended, longest_s + ROW_GRACE_S)
        for request in requests:
            if not self._has_row(request):
                self._accept(row_of(request, Response(end_s=time.monotonic(), error=LOST)))
        return [self._rows.pop(i) for i in sorted(r.request_id for r in requests)]

    def _has_row(self, request: Request) -> bool:
        return request.request_id in self._rows

    def _is_lost(self, request: Request, late: bool) -> bool:
        """True if its user has left without a row, or never armed it (`late`: it has had its time)."""
        left = (request.worker, request.user) in self._left_users
        return left or (late and request.request_id not in self._armed)

    @property
    def rows_came(self) -> bool:
        return bool(self._rows)

    def take_rows(self) -> list[RequestRecord]:
        """The rows that came since, for one who does not wait for particular ones."""
        rows, self._rows = list(self._rows.values()), {}
        return rows

    def wait(self, true: Callable[[], bool], patience_s: float) -> bool:
        """True as soon as `true` holds, looked at whenever news comes; False if the patience ends."""
        deadline = time.monotonic() + patience_s
        while not true():
            left_s = deadline - time.monotonic()
            if left_s <= 0:
                return False
            self._news.clear()
            self._news.wait(min(left_s, 1.0))
        return True

    def _accept(self, record: RequestRecord) -> None:
        if self._keep is None:
            return
        self._written.add(record.request_id)
        self._keep(record)
        self._rows[record.request_id] = record
        self._news.set()

    def _ready_came(self, msg: Any, **_: Any) -> None:
        user = ReadyUser(msg.data["worker"], msg.data["user"], msg.data["target"])
        self.ready.append(user)
        self._left_users.discard((user.worker, user.user))
        self._news.set()

    def _left(self, msg: Any, **_: Any) -> None:
        gone = (msg.data["worker"], msg.data["user"])
        self.ready = [u for u in self.ready if (u.worker, u.user) != gone]
        self._left_users.add(gone)
        self._news.set()

    def _arm(self, msg: Any, **_: Any) -> None:
        self._armed.add(msg.data["request_id"])
        self._news.set()

    def _row(self, msg: Any, **_: Any) -> None:
        record = RequestRecord(**msg.data)
        if record.request_id not in self._written:  # late: written as a failure
            self._accept(record)
