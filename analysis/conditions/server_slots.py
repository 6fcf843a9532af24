"""Does the server's own count of its work agree with what the client saw at the same instant?"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from itertools import pairwise
from statistics import median

from analysis.conditions.condition import Condition
from analysis.files.request_record import RequestRecord
from analysis.files.server_samples import ServerSample
from analysis.phase.intervals import within
from analysis.phase.measure import PhaseMeasured
from analysis.phase.overlap import decode_intervals
from analysis.phase.server_load import ServerLoad
from analysis.thresholds import MAX_FAULTY, MIN_CONTRADICTIONS, SETTLE_S, SURPLUS_STREAMS

NAME = "server's slots"


def servers_slots(
    phase: PhaseMeasured,
    samples: Sequence[ServerSample],
    records: Sequence[RequestRecord],
    load: ServerLoad | None,
) -> Condition:
    """Fails if a server surely worked on fewer requests than streamed here, or on more than were asked.

    A sample is compared with the streams that were open all around it and the requests that were in
    flight at any time around it, of the whole run's `records`: between the two every count is possible.
    """
    ports = set(phase.ports)
    rounds = within(
        [(r.start_s, r.end_s) for r in phase.scored if r.start_s is not None and r.end_s is not None]
    )
    reporting = [s for s in samples if s.busy is not None and s.base_url in ports]
    inside = [s for s in reporting if rounds(s.asked_s, s.at_s)]
    if not inside:
        return Condition(NAME, None, "no server reports how many requests it works on")
    if (several := next((p for p in phase.ports if _takes_turns(samples, p)), None)) is not None:
        return Condition(
            NAME,
            None,
            f"several servers answer at {several}: its counters go back and forth, and show one at a time",
            "measure each server at an address of its own",
        )
    client = {port: _seen_here([r for r in records if r.base_url == port]) for port in phase.ports}
    compared = [(s, *client[s.base_url or ""](s)) for s in inside]
    together = [(s, streams) for s, streams, _ in compared if streams >= 2]
    fewer = [(s, streams) for s, streams in together if (s.busy or 0) < streams]
    # a server may count each text of a request for embeddings
    texts = max((t.texts or 1 for t in phase.targets.values()), default=1)
    more = [(s, asked) for s, _, asked in compared if (s.busy or 0) > asked * texts]
    if _too_many(len(fewer), len(together)):
        sample, streams = fewer[len(fewer) // 2]
        return Condition(
            NAME,
            False,
            f"{streams} streams were open here while {sample.base_url} worked on {sample.busy} "
            f"(in {len(fewer)} of {len(together)} samples)",
            "something in between holds answers back or splits them: measure the server itself",
        )
    if _too_many(len(more), len(compared)):
        sample, asked = more[len(more) // 2]
        return Condition(
            NAME,
            False,
            f"{sample.base_url} worked on {sample.busy} requests while portlap had {asked} open "
            f"(in {len(more)} of {len(compared)} samples)",
            "another program is using this server: stop it, then run again",
        )
    held = _held_back(phase, load)
    return held or _agree(inside, [streams for _, streams, _ in compared])


def _takes_turns(samples: Sequence[ServerSample], port: str) -> bool:
    """Whether a total shrank again and again: one server's only grows, and a restart sets it back once."""
    totals = [s.decodes for s in samples if s.base_url == port and s.decodes is not None]
    return sum(b < a for a, b in pairwise(totals)) >= MIN_CONTRADICTIONS


def _seen_here(records: Sequence[RequestRecord]) -> Callable[[ServerSample], tuple[int, int]]:
    """Of one port's requests: (streams surely open, requests in flight at most) around a sample of it."""
    decodes = sorted(decode_intervals(records))
    starts, ends = [start for start, _ in decodes], sorted(end for _, end in decodes)
    sent = sorted(r.send_s for r in records if r.send_s is not None)
    ended = sorted(r.end_s for r in records if r.send_s is not None and r.end_s is not None)

    def around(sample: ServerSample) -> tuple[int, int]:
        first, last = sample.asked_s - SETTLE_S, sample.at_s + SETTLE_S
        begun = bisect_right(starts, first)
        in_between = decodes[begun : bisect_left(starts, last)]
        over = bisect_left(ends, last) - sum(end < last for _, end in in_between)
        return begun - over, bisect_right(sent, last) - bisect_left(ended, first)

    return around


def _too_many(faulty: int, of: int) -> bool:
    return faulty >= MIN_CONTRADICTIONS and faulty > MAX_FAULTY * of


def _held_back(phase: PhaseMeasured, load: ServerLoad | None) -> Condition | None:
    """A server that decodes more streams at once than ever arrived together: who holds them back?"""
    for port, own in (load.ports if load else {}).items():
        peak = phase.per_port.get(port)
        if peak is None or peak.streams is None or own.busy_per_decode is None:
            continue
        if own.busy_per_decode > peak.streams + SURPLUS_STREAMS:
            return Condition(
                NAME,
                False,
                f"{port} decoded {own.busy_per_decode:.1f} requests at once, {peak.streams} streamed here",
                "something in between hands answers on one by one: measure the server itself",
            )
    return None


def _agree(inside: Sequence[ServerSample], streams: Sequence[int]) -> Condition:
    busy = max(s.busy or 0 for s in inside)
    took_ms = median(s.at_s - s.asked_s for s in inside) * 1e3
    return Condition(
        NAME,
        True,
        f"streams open at once here on one port: up to {max(streams)}; busy slots there: up to {busy} "
        f"({len(inside)} samples, each answered in {took_ms:.1f} ms)",
    )
