"""Sends a batch of orders to users, wherever they run, and collects the rows that come back."""

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from gevent.event import Event

from analysis.errors import PortlapError
from analysis.files.request_record import RequestRecord
from replay.release.gate import ARM, ARMED, GO, LEFT, READY, ROW
from replay.release.orders import Order

LEAD_S = 0.005  # from `go` to the gate's instant, in one process
LEAD_FAR_S = 0.05  # where messages travel between processes (measured: at most 9 ms)
ARM_PATIENCE_S = 10.0  # a user that cannot connect by then is left behind
MISSING = "missing"  # Locust's word for a worker whose heartbeats stopped
ROW_GRACE_S = 10.0  # beyond the request's own timeout: then its process is gone


@dataclass(frozen=True, slots=True)
class Seat:
    """A user that waits for orders."""

    worker: int
    user: int
    target: str


class Dispatch:
    """State of the conductor's side: who is ready, who is armed, which rows came."""

    def __init__(self, runner: Any) -> None:
        self.seats: list[Seat] = []
        self._runner = runner
        self._keep: Callable[[RequestRecord], None] | None = None
        self._armed: set[int] = set()
        self._rows: dict[int, RequestRecord] = {}
        self._written: set[int] = set()
        self._news = Event()
        self._batches = 0
        for kind, listener in (
            (READY, self._ready),
            (LEFT, self._left),
            (ARMED, self._arm),
            (ROW, self._row),
        ):
            runner.register_message(kind, listener)

    def begin(self, keep: Callable[[RequestRecord], None]) -> None:
        """Rows belong to a new run from now on; users that wait already keep their seats."""
        self._keep = keep
        self._armed, self._rows, self._written = set(), {}, set()

    def close(self) -> None:
        """Rows that still come belong to nobody: the run is over."""
        self._keep = None

    def seat_of(self, target: str, taken: Collection[Seat] = ()) -> Seat:
        """A user of this target that is not taken. Raises PortlapError."""
        for seat in self.seats:
            if seat.target == target and seat not in taken and seat.worker not in self.gone_workers():
                return seat
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

    def send(self, orders: Sequence[Order]) -> None:
        """All users of the batch connect, then leave the gate at one instant."""
        ids = {o.request_id for o in orders}
        self._runner.send_message(ARM, {"orders": [asdict(o) for o in orders]})
        self.wait(lambda: ids <= self._armed, ARM_PATIENCE_S)
        local = type(self._runner).__name__ == "LocalRunner"
        at = time.monotonic() + (LEAD_S if local else LEAD_FAR_S)
        self._runner.send_message(GO, {"batch": orders[0].batch, "at": at})

    def collect(self, orders: Sequence[Order]) -> list[RequestRecord]:
        """The rows of these orders once all have ended; a row that never comes is written as a failure."""

        def all_ended() -> bool:
            open_on = {o.worker for o in orders if o.request_id not in self._rows}
            return open_on <= self.gone_workers()

        longest_s = max(o.timeout_s + o.offset_s for o in orders)
        if orders[0].workers is not None:
            longest_s *= len(orders)  # they may wait for each other in the client's own queue
        self.wait(all_ended, longest_s + ROW_GRACE_S)
        for order in orders:
            if order.request_id not in self._rows:
                self._accept(_lost(order))
        return [self._rows.pop(i) for i in sorted(o.request_id for o in orders)]

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

    def _ready(self, msg: Any, **_: Any) -> None:
        self.seats.append(Seat(msg.data["worker"], msg.data["user"], msg.data["target"]))
        self._news.set()

    def _left(self, msg: Any, **_: Any) -> None:
        gone = (msg.data["worker"], msg.data["user"])
        self.seats = [s for s in self.seats if (s.worker, s.user) != gone]
        self._news.set()

    def _arm(self, msg: Any, **_: Any) -> None:
        self._armed.add(msg.data["request_id"])
        self._news.set()

    def _row(self, msg: Any, **_: Any) -> None:
        record = RequestRecord(**msg.data)
        if record.request_id not in self._written:  # late: written as a failure
            self._accept(record)


def _lost(order: Order) -> RequestRecord:
    blank: dict[str, Any] = {name: None for name in RequestRecord.__dataclass_fields__}
    return RequestRecord(
        **blank
        | {
            "request_id": order.request_id,
            "phase": order.phase,
            "round": order.round,
            "kind": order.kind,
            "user": order.user,
            "target": order.target,
            "base_url": order.base_url,
            "model": order.model,
            "worker": order.worker,
            "end_s": round(time.monotonic() - order.origin_s, 6),
            "error": "no row came: the user's process ended or hangs",
        }
    )
