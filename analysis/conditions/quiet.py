"""Was anybody else there? What servers and machine did while portlap had nothing in flight."""

from collections.abc import Sequence
from statistics import fmean

from analysis.conditions.condition import Condition
from analysis.files.request_record import BASELINE, LEVEL, RequestRecord
from analysis.files.run import Run
from analysis.files.server_samples import ServerSample
from analysis.phase.server_load import samples_within, totals
from analysis.statistics.growth import Window, rate
from analysis.thresholds import QUIET_CORES, QUIET_GPU_PERCENT, QUIET_REQUESTS, QUIET_SHARE, SETTLE_S

NAME = "quiet servers"
ONE_USER = "level-1"  # of a sweep: requests alone
LEAST_LOOKS = 2  # at a server in one window: one stale gauge is no user
LEAST_S = 0.4  # between two looks at a process: its time is counted in hundredths of a second
STEADY_USER = (
    "a steady request of another user would make a server that gains nothing read a speedup of 2N/(N+1): "
    "1.33, 1.60 and 1.78 with 2, 4 and 8 users"
)
WATCH_THEM = "run portlap on the servers' own machine, where their processes can be watched"
STOP_THEM = "stop every other user and program of these servers, then run again"


def quiet_servers(run: Run, records: Sequence[RequestRecord]) -> Condition:
    """Fails if a server's counters, its process or the GPU were at work in a window with nothing in flight.

    Unknown where nothing of it can be seen. A process counts as at work if it took QUIET_SHARE of the
    processor time that it takes for an answer alone; the GPU likewise.
    """
    windows = [(a + SETTLE_S, b) for a, b in run.manifest.quiet if b - a > SETTLE_S]
    if not windows:
        return Condition(NAME, None, f"the servers were not watched with nothing in flight; {STEADY_USER}")
    alone = [
        (r.send_s, r.end_s)
        for r in records
        if (r.kind == BASELINE or (r.kind, r.phase) == (LEVEL, ONE_USER))
        and r.send_s is not None
        and r.end_s is not None
    ]
    by_port: dict[str | None, list[ServerSample]] = {}
    for s in run.server_samples:
        if s.error is None and s.gpu is None:
            by_port.setdefault(s.base_url, []).append(s)
    seen, others = list[str](), list[str]()
    for port, samples in by_port.items():
        found = _machine(samples, windows, alone) if port is None else _port(port, samples, windows, alone)
        seen += [what for what, _ in found]
        others += [sentence for _, sentence in found if sentence]
    if others:
        return Condition(NAME, False, f"with nothing of portlap's in flight {others[0]}", STOP_THEM)
    if not seen:
        return Condition(
            NAME, None, f"nothing shows what the servers do with nothing in flight; {STEADY_USER}", WATCH_THEM
        )
    watched_s = sum(b - a for a, b in run.manifest.quiet)
    return Condition(
        NAME,
        True,
        f"with nothing in flight, {watched_s:.0f} s in all, {' and '.join(dict.fromkeys(seen))} were at rest",
    )


Found = list[tuple[str, str]]  # what could be seen, and what another user did there ("" if nothing)


def _port(
    port: str, samples: Sequence[ServerSample], windows: Sequence[Window], alone: Sequence[Window]
) -> Found:
    found: Found = []
    looks = [[(s.busy or 0) + (s.waiting or 0) for s in _counted(samples, window)] for window in windows]
    means = [fmean(n) for n in looks if len(n) >= LEAST_LOOKS]
    if means:
        most = max(means)
        sentence = f"{port} worked on {most:.1f} requests (mean of its own counters)"
        found.append(("the servers' own counters", sentence if most > QUIET_REQUESTS else ""))
    cores_alone = rate(totals(samples, lambda s: s.cpu_s), alone)
    idle = [cores for window in windows if (cores := _cores_between(samples, window)) is not None]
    if idle and cores_alone and cores_alone > QUIET_CORES:  # else another user would not show either
        most = max(idle)
        busy = most > max(QUIET_CORES, QUIET_SHARE * cores_alone)
        sentence = (
            f"the process behind {port} kept {most:.2f} cores busy, "
            f"{most / cores_alone * 100:.0f} % of what it needs for one answer"
        )
        found.append(("their processes", sentence if busy else ""))
    return found


def _cores_between(samples: Sequence[ServerSample], window: Window) -> float | None:
    """Between the first and the last look within the window: one before it may lie in an answer of ours."""
    total = totals(samples_within(samples, [window]), lambda s: s.cpu_s)
    if len(total) < LEAST_LOOKS or total[-1][0] - total[0][0] < LEAST_S:
        return None
    return (total[-1][1] - total[0][1]) / (total[-1][0] - total[0][0])


def _machine(samples: Sequence[ServerSample], windows: Sequence[Window], alone: Sequence[Window]) -> Found:
    idle, busy = _gpu(samples, windows), _gpu(samples, alone)
    if idle is None or busy is None or busy <= QUIET_GPU_PERCENT:
        return []
    there = idle > max(QUIET_GPU_PERCENT, QUIET_SHARE * busy)
    return [("the GPU", f"the GPU was {idle:.0f} % busy ({busy:.0f} % for one answer)" if there else "")]


def _gpu(samples: Sequence[ServerSample], windows: Sequence[Window]) -> float | None:
    known = [s.gpu_percent for s in samples_within(samples, windows) if s.gpu_percent is not None]
    return fmean(known) if known else None


def _counted(samples: Sequence[ServerSample], window: Window) -> list[ServerSample]:
    return [s for s in samples_within(samples, [window]) if s.busy is not None]
