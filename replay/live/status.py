"""Where a run is, in one sentence: the page *Overlap* and the terminal show the same."""

from dataclasses import dataclass

from analysis.console import plural
from analysis.files.request_record import WARMUP
from replay.live.lanes import AS_THEY_LIKE, LiveLanes


@dataclass(frozen=True, slots=True)
class Where:
    """The phase that goes on, of so many as are planned now."""

    phase: str
    number: int
    of: int
    rounds: int | None = None


def status(
    where: Where | None, lanes: LiveLanes, answered: int, now_s: float, ends_s: float | None = None
) -> str:
    """`phase1 (1 of 4), round 2 of 5: 1 of 2 open for 3 s; at most 75 s left`.

    `ends_s`: when the run is over at the latest; this and `now_s` on time.monotonic().
    """
    left = "" if ends_s is None else f"; at most {max(ends_s - now_s, 0.0):.0f} s left"
    return _where(where, lanes, answered, now_s) + left


def _where(where: Where | None, lanes: LiveLanes, answered: int, now_s: float) -> str:
    request = lanes.latest
    if request is None:
        return "starting"
    if request.kind in AS_THEY_LIKE and (where is None or where.phase != request.phase):
        return f"{request.phase}: {len(lanes.open)} open, {plural(answered, 'answer')} so far"
    if request.kind == WARMUP and (lanes.open or where is None):
        return f"warm-up, {request.target}{_open(lanes, now_s)}"
    name = request.phase if lanes.open or where is None else where.phase
    here = where is not None and where.phase == name
    parts = [f"{name} ({where.number} of {where.of})" if where is not None and here else name]
    if not lanes.open:
        parts.append("nothing open")
    elif lanes.alone:
        parts.append(f"{request.target} alone")
    elif request.round is not None and where is not None and where.rounds is not None:
        parts.append(f"round {request.round + 1} of {where.rounds}")
    return ", ".join(parts) + _open(lanes, now_s)


def _open(lanes: LiveLanes, now_s: float) -> str:
    """How many are open, and for how long."""
    if not lanes.open:
        return ""
    since_s = max(now_s - min(sent.send_s for sent in lanes.open.values()), 0.0)
    of = len(lanes.open) + len(lanes.ended)
    return f": {len(lanes.open)} of {of} open for {since_s:.0f} s"
