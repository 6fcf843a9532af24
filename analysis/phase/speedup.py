"""The three speedups of a phase: of latency (G), net of overhead, and of decode; and the ceiling Gmax, N*."""

from collections.abc import Callable, Mapping, Sequence

from analysis.files.plan import PlannedPhase
from analysis.files.request_record import RequestRecord
from analysis.phase.intervals import Interval, busy_s, covered_s, peak, union
from analysis.phase.overlap import decode_intervals
from analysis.phase.rounds import Round, SoloJob, ideal_s, ideal_starts, serial_s
from analysis.phase.solos import Alone, jobs_of_round, planned_jobs, streamed
from analysis.statistics.estimates import LogEstimate
from analysis.statistics.fit import Fit, Timed, fit_speedup
from analysis.thresholds import HELD_SHARE, UNSEEN_OVERHEAD


def fit_latency(
    plan: PlannedPhase,
    solos: Sequence[RequestRecord],
    rounds: Sequence[Round],
    alone: Mapping[str, Alone],
) -> Fit | None:
    """G = S / W: solos against makespans, each makespan normalised to answers as long as the solos."""
    full_s = serial_s(planned_jobs(plan, alone))

    def replay(solo_s: Mapping[str, float]) -> float:
        return serial_s([SoloJob(i * plan.spacing_s, 0.0, solo_s[t]) for i, t in enumerate(plan.deal)])

    makespans = [
        Timed(None, _middle_s(r), _makespan_s(r) * full_s / serial_s(jobs_of_round(r, alone))) for r in rounds
    ]
    return fit_speedup(
        _timed(plan, solos, lambda s: alone[s.target].normalised_latency_s(s)), makespans, replay
    )


def net_of_overhead(
    plan: PlannedPhase, speedup: LogEstimate, alone: Mapping[str, Alone], streams: bool
) -> LogEstimate | None:
    """(S − (N−1)·o) / W: rounds overlap the time that needs no compute, and that is not gain.

    Without streams the overhead is unknown; then a share is assumed that few servers exceed.
    """
    serial = serial_s(planned_jobs(plan, alone))
    each = [alone[t].overhead_s if streams else UNSEEN_OVERHEAD * alone[t].latency_s for t in plan.deal]
    overhead = sum(each) * (plan.users - 1) / plan.users
    return speedup.times((serial - overhead) / serial) if overhead < serial else None


def fit_decode(
    plan: PlannedPhase,
    solos: Sequence[RequestRecord],
    rounds: Sequence[Round],
    alone: Mapping[str, Alone],
) -> LogEstimate | None:
    """Solo time of all decoding over the union of the round's decode intervals, for the length of the solos.

    Prefill that ran within that union, while others decoded, counts as work done there.
    """
    seen = [s for s in solos if streamed(s)]
    decodes_alone = [alone[t].decode_for(alone[t].tokens) for t in plan.deal]
    if min(decodes_alone) <= 0 or not set(plan.deal) <= {s.target for s in seen}:
        return None
    full_s = sum(decodes_alone)
    unions = []
    for r in rounds:
        decodes = decode_intervals(r.requests)
        busy = busy_s(decodes)
        decoded_s = sum(alone[q.target].decode_for(q.tokens) for q in r.requests)
        if busy <= 0 or decoded_s <= 0:
            return None
        worked_s = decoded_s + _prefilled_meanwhile_s(r, alone, decodes, decoded_s)
        unions.append(Timed(None, _middle_s(r), busy * full_s / worked_s))

    def replay(solo_s: Mapping[str, float]) -> float:
        return sum(solo_s[t] for t in plan.deal)

    alone_s = _timed(plan, seen, lambda s: alone[s.target].normalised_decode_s(s))
    fit = fit_speedup(alone_s, unions, replay)
    return fit.speedup if fit else None


def _prefilled_meanwhile_s(
    a_round: Round, alone: Mapping[str, Alone], decodes: Sequence[Interval], decoded_s: float
) -> float:
    """Solo time of the prefill that servers tell of, as far as it ran while other requests decoded.

    Never more than the prefill of a solo (a cache may spare it), and at the pace at which the round decodes
    (who shares compute takes longer, and does no more).
    """
    parts = union(decodes)
    slowdown = max(sum(end - start for start, end in decodes) / decoded_s, 1.0)
    found_s = 0.0
    for r in a_round.requests:
        own_s, took_s, first_s = alone[r.target].prefill_s, r.server_prefill_s, r.first_token_s
        if own_s is None or took_s is None or took_s <= 0 or first_s is None:
            continue
        found_s += covered_s((first_s - took_s, first_s), parts) * min(1 / slowdown, own_s / took_s)
    return found_s


def speedup_max(plan: PlannedPhase, rounds: Sequence[Round], alone: Mapping[str, Alone]) -> float:
    """Gmax: serial over ideal replay of the rounds as they were sent, mean over the rounds."""
    ratios = [
        serial_s(jobs) / ideal_s(jobs, plan.workers) for jobs in (jobs_of_round(r, alone) for r in rounds)
    ]
    return sum(ratios) / len(ratios)


def ideal_peak(plan: PlannedPhase, alone: Mapping[str, Alone], streams: bool) -> int:
    """N*: streams that would be open together if no request disturbed another, by the rule that K obeys.

    Without streams (no streaming, or answers in one lump) the whole answers count instead.
    """
    jobs = planned_jobs(plan, alone)
    starts = ideal_starts(jobs, plan.workers)
    decodes = [
        (s + (j.ttft_s if streams else 0.0), s + j.latency_s) for s, j in zip(starts, jobs, strict=True)
    ]
    lengths = sorted(end - start for start, end in decodes)
    return peak(decodes, HELD_SHARE * lengths[len(lengths) // 2])


def _middle_s(measured: Round | RequestRecord) -> float:
    assert measured.start_s is not None and measured.end_s is not None  # scored: all are whole
    return (measured.start_s + measured.end_s) / 2


def _makespan_s(a_round: Round) -> float:
    assert a_round.makespan_s is not None
    return a_round.makespan_s


def _timed(
    plan: PlannedPhase, solos: Sequence[RequestRecord], duration_s: Callable[[RequestRecord], float]
) -> list[Timed]:
    return [Timed(s.target, _middle_s(s), duration_s(s)) for s in solos if s.target in plan.deal]
