"""One round as lanes: of each request its spans of waiting, prefill and decode, grouped by port."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from analysis.files.request_record import RequestRecord
from analysis.phase.measure import PhaseMeasured
from analysis.phase.rounds import Round

QUEUED, WAITING, PREFILL, DECODE = "client's queue", "waiting", "prefill", "decode"
FIRST_PART, WHOLE = "waiting or prefill", "sent to ended"  # where the server or the stream tells no more
SEGMENT_KINDS = (QUEUED, WAITING, FIRST_PART, PREFILL, DECODE, WHOLE)


@dataclass(frozen=True, slots=True)
class Segment:
    kind: str
    start_s: float  # since the round's start
    end_s: float


@dataclass(frozen=True, slots=True)
class Lane:
    """One request of the round, cut where its state changed; the segments touch and follow one another."""

    base_url: str
    target: str
    user: int | None
    latency_s: float | None
    segments: tuple[Segment, ...]
    failed: bool
    error: str | None = None
    request_id: int | None = None


def representative_round(phase: PhaseMeasured) -> Round | None:
    """The round with the (lower) median makespan; of the scored ones where there are any."""
    timed = [r for r in (phase.scored or phase.rounds) if r.makespan_s is not None]
    ordered = sorted(timed, key=lambda r: r.makespan_s or 0.0)
    return ordered[(len(ordered) - 1) // 2] if ordered else None


def lanes(a_round: Round, ports: Sequence[str]) -> list[Lane]:
    """The round's requests by port in the order given, each port's by first token: a queue is a staircase.

    What failed stands last.
    """
    origin_s = a_round.start_s or 0.0
    ordered = sorted(
        a_round.requests,
        key=lambda r: (
            ports.index(r.base_url),
            math.inf if (first_s := r.first_token_s or r.end_s) is None or r.error else first_s,
            r.scheduled_s or 0.0,
            r.user or 0,
        ),
    )
    return [
        Lane(
            r.base_url,
            r.target,
            r.user,
            r.latency_s,
            tuple(_segments(r, origin_s)),
            r.error is not None,
            r.error,
            r.request_id,
        )
        for r in ordered
    ]


def _segments(r: RequestRecord, origin_s: float) -> list[Segment]:
    """Empty for a request that was never sent; a segment without length is left out."""
    if r.send_s is None or r.end_s is None or r.start_s is None:
        return []
    cuts = [(QUEUED, r.start_s, r.send_s)]
    if r.first_token_s is None:
        cuts.append((WHOLE, r.send_s, r.end_s))
    elif r.server_prefill_s is None:
        cuts.append((FIRST_PART, r.send_s, r.first_token_s))
    else:
        prefill_from_s = max(r.first_token_s - r.server_prefill_s, r.send_s)
        cuts += [(WAITING, r.send_s, prefill_from_s), (PREFILL, prefill_from_s, r.first_token_s)]
    if r.first_token_s is not None:
        cuts.append((DECODE, r.first_token_s, r.last_token_s or r.end_s))
    return [Segment(kind, a - origin_s, b - origin_s) for kind, a, b in cuts if b > a]
