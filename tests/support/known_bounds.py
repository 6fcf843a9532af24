"""What is true of requests that are known, for the bounds of Locust's tables; no code of the analysis."""

from collections.abc import Sequence

from analysis.locust_rows.rows import LocustRow


def speedup(requests: Sequence[LocustRow], slots: int, from_s: float, to_s: float) -> float:
    """Requests that are worked on at solo pace, on average over the time in which one is open."""
    edges = [(max(r.send_s, from_s), 1) for r in requests if r.end_s > from_s and r.send_s < to_s]
    edges += [(min(r.end_s, to_s), -1) for r in requests if r.end_s > from_s and r.send_s < to_s]
    open_now, before_s, busy_s, work_s = 0, from_s, 0.0, 0.0
    for at_s, change in sorted(edges):
        if open_now:
            busy_s += at_s - before_s
            work_s += min(open_now, slots) * (at_s - before_s)
        open_now, before_s = open_now + change, at_s
    return work_s / busy_s if busy_s else 0.0
