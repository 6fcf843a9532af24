"""The requests that the page shows as lanes: the open ones grow, those that have ended are exact.

Shown are the requests of one round, or the last ones of users who ask when they like.
"""

from collections.abc import Callable, Container, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from analysis.files.request_record import BASELINE, FREE, LEVEL, RECALL, TURN, WARMUP, RequestRecord
from analysis.lanes import lanes
from analysis.phase.rounds import Round
from replay.client.request import Request, row_of
from replay.client.response import Response

AS_THEY_LIKE = (FREE, LEVEL, TURN, RECALL)  # kinds of requests that come in no rounds
ALONE = (WARMUP, BASELINE)
LAST = 20  # of those


@dataclass(slots=True)
class Sent:
    """A request whose row has not come; instants on time.monotonic()."""

    request: Request
    send_s: float
    first_s: float | None = None  # as far as somebody has looked


@dataclass
class LiveLanes:
    """State: what is open, and what of the same round has ended.

    `first_token_s`: of an open request, where its user is in this process.
    """

    first_token_s: Callable[[int], float | None] | None = None
    open: dict[int, Sent] = field(default_factory=dict)
    ended: list[RequestRecord] = field(default_factory=list)
    latest: Request | None = None
    ports: dict[str, None] = field(default_factory=dict)  # in the order in which they were first asked

    def sent(self, requests: Sequence[Request], at_s: float) -> None:
        """They leave the gate at `at_s`."""
        if self.latest is None or _group(self.latest) != _group(requests[0]):
            self.ended = []
        self.latest = requests[0]
        self.ports |= dict.fromkeys(r.base_url for r in requests)
        self.open |= {r.request_id: Sent(r, at_s + r.offset_s) for r in requests}

    def answered(self, record: RequestRecord) -> None:
        sent = self.open.pop(record.request_id, None)
        if sent is None or self.latest is None or _group(sent.request) != _group(self.latest):
            return
        self.ended.append(record)
        if record.kind in AS_THEY_LIKE:
            del self.ended[:-LAST]

    @property
    def alone(self) -> bool:
        return self.latest is not None and self.latest.kind in ALONE

    def shown(self, now_s: float) -> dict[str, Any] | None:
        """As JSON for the page; None before the first request. `now_s` on time.monotonic()."""
        if self.latest is None:
            return None
        rolling = self.latest.kind in AS_THEY_LIKE
        ended = self.ended[-max(LAST - len(self.open), 1) :] if rolling else self.ended
        records = ended + [self._so_far(sent, now_s) for sent in self.open.values()]
        a_round = Round(self.latest.phase, self.latest.round or 0, tuple(records))
        return {
            "phase": self.latest.phase,
            "round": None if rolling else self.latest.round,
            "alone": self.alone,
            "open": len(self.open),
            **drawn(a_round, list(self.ports), self.open),
        }

    def _so_far(self, sent: Sent, now_s: float) -> RequestRecord:
        """The row as it would be if all ended now: not sent, waiting or decoding."""
        if sent.first_s is None and self.first_token_s is not None:
            sent.first_s = self.first_token_s(sent.request.request_id)
        if sent.send_s > now_s:
            return row_of(sent.request, Response())
        first_s = sent.first_s
        if first_s is None and self.first_token_s is not None:
            first_s = now_s
        return row_of(sent.request, Response(sent.send_s, first_s, first_s and now_s, now_s), sent.send_s)


def drawn(a_round: Round, ports: Sequence[str], open_ids: Container[int] = ()) -> dict[str, Any]:
    """The lanes of a round, by port in this order, and the time that they span."""
    found = lanes(a_round, ports)
    return {
        "span_s": a_round.makespan_s or 0.0,
        "lanes": [asdict(lane) | {"open": lane.request_id in open_ids} for lane in found],
    }


def _group(request: Request) -> tuple[object, ...]:
    """Requests that are shown together."""
    if request.kind in AS_THEY_LIKE:
        return (request.kind,)
    return (request.phase, request.round, request.kind in ALONE)
