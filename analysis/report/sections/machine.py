"""The machine, the limit and the pairs as sentences and rows, the same in every report."""

from collections.abc import Mapping, Sequence

from analysis.assess import Assessment
from analysis.machine.model import Machine, Prediction
from analysis.machine.tables import STREAMS
from analysis.machine.throughput import Throughput
from analysis.phase.measure import Peak
from analysis.report.figures.run import MachineFigures, RunFigures
from analysis.report.words import NONE, interval, number, percent
from analysis.statistics.estimates import LogEstimate
from analysis.verdict.limit import APART, Pair, groups

THROUGHPUT_HEADER = ("requests in flight", "responses/min", "output tokens/s", "all at once take, s")
PAIRS_HEADER = ("together", "apart by", "G of at most", "verdict", "found")


def machine_sentences(figures: RunFigures) -> list[str]:
    """What is known of the machine, each with its interval, and why the rest is not."""
    machine = figures.machine.model
    if machine.fitted is None:
        return [f"not identifiable: {machine.why_not}"] if figures.phases else []
    return [
        *_slots(machine),
        *_tables(machine),
        *_predictions(machine.predictions),
        *_workers(figures.machine),
        *_more(figures.machine),
        *_law(figures.machine),
    ]


def throughput_rows(figures: MachineFigures) -> list[tuple[str, ...]]:
    """1, 2, 4, 8 … requests in flight, the recommended number and the most that was measured."""
    shown = {figures.recommended_workers, figures.throughputs[-1].workers} if figures.throughputs else set()
    usual = [r for r in figures.throughputs if r.workers in shown or r.workers.bit_count() == 1]
    return [_row(r) for r in usual if r.measured]


def _row(r: Throughput) -> tuple[str, ...]:
    tokens = None if r.output_tokens_per_s is None else r.output_tokens_per_s.estimate()
    walls = (r.responses_per_min.estimate(), tokens, r.wall_s.estimate())
    return (str(r.workers), *(interval(e) for e in walls))


def limit_sentences(assessment: Assessment) -> list[str]:
    limit = assessment.limit
    if not limit.compared:
        return []
    missing = [APART[s] for s in limit.missing]
    more = (
        [f"to narrow it down, compare also: {', '.join(missing)} (scenarios/limit.yaml)"] if missing else []
    )
    return [limit.sentence, *more]


def pair_rows(pairs: Sequence[Pair]) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for p in pairs:
        g = p.phase.speedup.estimate() if p.phase.speedup else None
        of = f"{interval(g)} of {number(p.phase.speedup_max)}"
        rows.append((f"{p.a} + {p.b}", p.separation, of, p.outcome, p.sentence))
    return rows


def pair_sentences(pairs: Sequence[Pair]) -> list[str]:
    names = {name for p in pairs for name in (p.a, p.b)}
    every = len(names) * (len(names) - 1) // 2
    some = [f"{len(pairs)} of {every} pairs were measured"] if pairs and len(pairs) < every else []
    return groups(pairs) + some


def _slots(machine: Machine) -> list[str]:
    seen, each = machine.slots, machine.slots.each_port
    said = []
    if each.streams is not None:
        said.append(f"slots per port: {_how_many(each)}")
    elif any(p.streams is not None for p in seen.per_port.values()):
        ports = ", ".join(f"{port} {_how_many(p)}" for port, p in seen.per_port.items())
        said.append(f"slots per port: {ports}")
    else:
        said.append("slots: not identifiable, because answers do not stream or the rounds do not agree")
    if seen.total.streams is not None:
        said.append(f"requests answered at once in all: {_how_many(seen.total)}")
    if seen.limit is not None:
        said.append(f"the machine admits {seen.limit} at once, fewer than its ports together")
    return said


def _how_many(peak: Peak) -> str:
    if peak.streams is None:
        return NONE
    return f"{peak.streams}" if peak.exact else f"at least {peak.streams}"


def _tables(machine: Machine) -> list[str]:
    assert machine.fitted is not None
    streams = machine.fitted.kind == STREAMS
    where = "in all, whichever port" if streams else "on one port"
    said = []
    if machine.gains:
        said.append(f"pace by streams {where} (one alone is 1): {_entries(machine.gains)}")
    elif not machine.factors:
        said.append("pace of several streams: not identifiable, because never two were answered together")
    if machine.factors:
        said.append(f"what each port keeps of its pace, by busy ports: {_entries(machine.factors)}")
    elif len(machine.ports) < 2:
        said.append("factor over busy ports: not identifiable, because one port was measured")
    elif streams:
        said.append("it counts how many streams there are, not on which port")
    return said


def _entries(table: Mapping[int, LogEstimate | None]) -> str:
    unknown = "not identifiable, because only its product with a factor was measured"
    return ", ".join(
        f"{n}: {unknown if e is None else interval(e.estimate())}" for n, e in sorted(table.items())
    )


def _predictions(predictions: Sequence[Prediction]) -> list[str]:
    told = [
        f"{p.phase} {number(p.predicted_s.value)} s, measured {number(p.wall_s.value)} s "
        f"({percent(p.residual, '+')})"
        for p in predictions
        if p.predicted_s is not None
    ]
    why_not = [f"{p.phase} cannot be: {p.why_not}" for p in predictions if p.predicted_s is None]
    return [f"wall clock predicted from the other phases: {'; '.join(told + why_not)}"]


def _workers(figures: MachineFigures) -> list[str]:
    best = next((r for r in figures.throughputs if r.workers == figures.recommended_workers), None)
    if best is None:
        return ["throughput over requests in flight: not stated, because the phases contradict each other"]
    more = "; the best lies at the most that was measured, more may bring more" * figures.more_may_help
    return [
        f"requests in flight worth having (maxConcurrentWorkers): {best.workers}, with "
        f"{interval(best.responses_per_min.estimate())} responses per minute: "
        f"the fewest with 95 % of the best{more}",
        *_simulated(best, figures.time_scale),
    ]


def _simulated(best: Throughput, time_scale: float) -> list[str]:
    """The same in the time of simulated servers that run faster than they say."""
    if time_scale == 1:
        return []
    per_min = number(best.responses_per_min.value * time_scale)
    return [f"in the time of the simulated servers: {per_min} responses per minute"]


def _more(figures: MachineFigures) -> list[str]:
    if not figures.throughputs:
        return []
    best = max(figures.throughputs, key=lambda r: r.pace.log).responses_per_min.value
    ports = len(figures.model.ports)
    beyond = f"beyond {ports} port{'s' * (ports > 1)} nothing is identifiable but this bound"
    factor = figures.another_port
    if factor is None or factor.high() < 1.05:
        flying = f"for up to {figures.throughputs[-1].workers} requests in flight"
        said = [
            f"another port on this machine: brings nothing {flying}, "
            f"if it brings no more than the last; {beyond}"
        ]
    else:
        said = [
            f"another port on this machine: at most {number(best * max(factor.value, 1.0))} responses "
            f"per minute (now {number(best)}), if it brings no more than the last; {beyond}"
        ]
    measured = figures.second_machine
    if measured is None or measured.phase.speedup is None:
        return said
    g = interval(measured.phase.speedup.estimate())
    return [*said, f"a second machine: speedup {g} of {number(measured.phase.speedup_max)}, measured"]


def _law(figures: MachineFigures) -> list[str]:
    law = figures.scalability
    if law is None:
        return []
    peak = "never falls" if law.peak_users is None else f"is highest near {number(law.peak_users)} users"
    return [
        f"cross-check, Universal Scalability Law over {law.points} numbers of users: σ = {law.sigma:.3f}, "
        f"κ = {law.kappa:.4f}, throughput {peak}; "
        f"the farthest measured speedup is off by {percent(law.farthest)}"
    ]
