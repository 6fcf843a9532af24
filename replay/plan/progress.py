"""What the terminal shows: the plan before it begins, then the seed's lines, with the longest time left."""

from collections.abc import Mapping, Sequence
from statistics import fmean

from analysis.advice.answer import answer
from analysis.console import plural
from analysis.files.plan import PlannedPhase
from analysis.files.request_record import RequestRecord
from analysis.phase.measure import PhaseMeasured
from analysis.verdict.outcomes import Outcome
from analysis.verdict.phase_judged import PhaseJudged
from analysis.verdict.said import Verdict
from replay.output import log
from replay.plan.budget import chain_s, requests_of, smallest, total_s, warm_up_turns, worst_case_s


def describe(phases: Sequence[PlannedPhase], solo_s: Mapping[str, float], budget_s: float) -> list[str]:
    """The plan in lines for people: phases, requests, worst-case duration against the budget.

    Warm-up and chain are part of both sums.
    """
    sure = [p for p in phases if p.after is None]
    lines = [
        f"{p.name}: {p.users} users over {plural(len(set(p.deal)), 'target')}, "
        f"{_rounds(p)} rounds, {requests_of(p)} requests, at most {worst_case_s(p, solo_s):.0f} s{_idle(p)}"
        for p in sure
    ]
    lines += [
        f"{p.name}: {p.users} users, only if all requests of {p.after} overlap and the budget allows: "
        f"at most {worst_case_s(p, solo_s):.0f} s more"
        for p in phases
        if p.after is not None
    ]
    warm_up = warm_up_turns(list(dict.fromkeys(t for p in sure for t in p.deal)))
    requests = sum(requests_of(p) for p in sure) + len(warm_up) + smallest(sure).users
    warm_up_s = sum(solo_s[t] for t, _ in warm_up)
    worst_s = warm_up_s + total_s(sure, solo_s) + chain_s(sure, solo_s)
    limit = f"budget {budget_s:.0f} s" if budget_s else "no budget"
    return [
        *lines,
        f"{requests} requests in all, worst case {worst_s:.0f} s if everything is serial ({limit})",
    ]


def _rounds(p: PlannedPhase) -> str:
    return str(p.max_rounds) if p.min_rounds == p.max_rounds else f"{p.min_rounds} to {p.max_rounds}"


def _idle(p: PlannedPhase) -> str:
    idle = [t for t in p.targets if t not in p.deal]
    return f"; no user for {', '.join(idle)}: it is not measured" if idle else ""


def echoed(target: str, url: str) -> None:
    log.warning(f"a request to {target} was counted at {url} too: one server behind both ports?")


def refused(record: RequestRecord) -> None:
    log.info(f"{record.target}: refuses this kind of request ({record.error}); trying another")


def warmed_up(record: RequestRecord) -> None:
    if record.error is not None or record.latency_s is None:
        log.error(f"{record.target}: warm-up failed: {record.error}")
        return
    first = f", first token after {record.ttft_s:.2f} s" if record.ttft_s is not None else ""
    log.info(f"{record.target}: warm-up answer in {record.latency_s:.2f} s{first}")


def longest_s(plan: PlannedPhase, index: int, solo_s: Mapping[str, float], later_s: float) -> float:
    """What the rounds from this one on and `later_s` take at most."""
    return worst_case_s(plan, solo_s) * (1 - index / plan.max_rounds) + later_s


def sending(plan: PlannedPhase, index: int, left_s: float) -> None:
    how = f"{plan.spacing_s:g} s apart" if plan.spacing_s else "SIMULTANEOUSLY"
    log.info(
        f"{plan.name} round {index + 1} of {plan.max_rounds} (at most {left_s:.0f} s left): "
        f"sending {plan.users} requests {how}...",
        passing=True,
    )


def answered(records: Sequence[RequestRecord], origin_epoch_ns: int) -> None:
    """Written when the round is over, never while answers come; each line has the instant of its end."""
    for r in sorted(records, key=lambda r: r.end_s or 0.0):
        ended_s = None if r.end_s is None else origin_epoch_ns / 1e9 + r.end_s
        if r.error is not None or r.latency_s is None:
            log.error(f"{r.target}: {r.error}", ended_s)
            continue
        first = f"first token {r.ttft_s:.2f} s, " if r.ttft_s is not None else ""
        log.success(
            f"{r.target}: response received in {r.latency_s:.2f} s ({first}{_length(r)})",
            ended_s,
            passing=True,
        )


def _length(r: RequestRecord) -> str:
    return f"{r.tokens} tokens" if r.vectors is None else plural(r.vectors, "vector")


def so_far(judged: Sequence[PhaseJudged]) -> str:
    """What these phases, two at least, say of the whole run; the others may refine it."""
    *others, last = (j.plan.name for j in judged)
    found = answer(judged, swapped=False)
    return f"{', '.join(others)} and {last} say so far: {found.outcome.upper()}: {found.sentence}"


def analysed(phase: PhaseMeasured, verdict: Verdict) -> None:
    """The seed's analysis block for one phase, with the speedup that deserves the name."""
    name = phase.plan.name
    log.result(f"--- PARALLELISM ANALYSIS: {name}, {phase.plan.users} users ---")
    makespans = [r.makespan_s for r in phase.scored if r.makespan_s is not None]
    if phase.speedup is not None and phase.speedup_max is not None:
        g, wall_s = phase.speedup, fmean(makespans)
        log.result(f"Theoretical serial time: {g.value * wall_s:.2f}s")
        log.result(f"Actual wall clock time: {wall_s:.2f}s")
        log.result(
            f"Speedup: {g.value:.2f}x [{g.low():.2f}, {g.high():.2f}], 1 is serial, "
            f"{phase.speedup_max:.2f} is undisturbed"
        )
    if verdict.outcome.gains:
        log.success(f"{name}: {verdict.outcome.headline} ({verdict.outcome}): {verdict.sentence}")
        return
    hint = f"; {verdict.hint}" if verdict.outcome == Outcome.INCONCLUSIVE and verdict.hint else ""
    log.warning(f"{name}: {verdict.outcome.headline}: {verdict.sentence}{hint}")
