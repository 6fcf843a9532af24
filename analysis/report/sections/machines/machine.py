"""The machine, its throughput, the limit and the hardware, as sentences and rows."""

from collections.abc import Sequence

from analysis.assess import Assessment
from analysis.console import plural
from analysis.costs.figures import cost_of
from analysis.costs.words import cost_sentences
from analysis.machine.gain_tables import BY_STREAM
from analysis.report.figures.hardware import HardwareFigures
from analysis.report.figures.machine import MachineFigures, PortFactor, PredictedPhase, ThroughputFigures
from analysis.report.figures.phase import PhaseFigures
from analysis.report.figures.run import RunFigures
from analysis.report.sections.section import VERDICT, Section, Table, section, sentences
from analysis.report.words import NONE, interval, number, percent, topology
from analysis.statistics.estimates import Estimate
from analysis.verdict.limit import APART

THROUGHPUT_HEADER = ("requests in flight", "responses/min", "output tokens/s", "all at once take, s")
UNKNOWN_GAIN = "not identifiable, because only its product with a factor was measured"
NOTICEABLE = 1.05  # times the throughput: less than that another port brings nothing


def machine_sections(assessment: Assessment, figures: RunFigures) -> list[Section]:
    rows = tuple(throughput_rows(figures.machine))
    return [
        *section("Machine", VERDICT, sentences(machine_sentences(figures)), Table(THROUGHPUT_HEADER, rows)),
        *section("Limit", VERDICT, sentences(_limit(assessment))),
        *(
            section("Hardware", VERDICT, sentences(hardware_sentences(figures.hardware)))
            if figures.verdict is not None
            else []
        ),
        *section("Costs", VERDICT, sentences(_costs(assessment, figures))),
    ]


def machine_sentences(figures: RunFigures) -> list[str]:
    """What is known of the machine, each with its interval, and why the rest is not."""
    machine = figures.machine
    if machine.mechanism is None:
        return [f"not identifiable: {machine.why_not}"] if figures.phases else []
    return [
        *_slots(machine),
        *_pace(machine),
        _predictions(machine.predictions),
        *_workers(machine),
        *_more(machine),
        *_law(machine),
    ]


def throughput_rows(machine: MachineFigures) -> list[tuple[str, ...]]:
    """1, 2, 4, 8 … requests in flight, the recommended number and the most that was measured."""
    rows = machine.throughput
    shown = {machine.recommended_workers, rows[-1].workers} if rows else set()
    usual = [r for r in rows if r.measured and (r.workers in shown or r.workers.bit_count() == 1)]
    return [_throughput(r) for r in usual]


def _throughput(r: ThroughputFigures) -> tuple[str, ...]:
    estimates = (r.responses_per_min, r.output_tokens_per_s, r.wall_s)
    return (str(r.workers), *(interval(e) for e in estimates))


def _limit(assessment: Assessment) -> list[str]:
    limit = assessment.limit
    if not limit.compared:
        return []
    missing = ", ".join(APART[s] for s in limit.missing)
    more = [f"to narrow it down, compare also: {missing} (scenarios/limit.yaml)"] if missing else []
    return [limit.sentence, *more]


def _slots(machine: MachineFigures) -> list[str]:
    if machine.slots_per_port_at_least is not None:
        lines = [f"slots per port: {_how_many(machine.slots_per_port, machine.slots_per_port_at_least)}"]
    elif any(p.slots_at_least is not None for p in machine.slots_of_ports):
        each = (f"{p.base_url} {_how_many(p.slots, p.slots_at_least)}" for p in machine.slots_of_ports)
        lines = [f"slots per port: {', '.join(each)}"]
    else:
        lines = ["slots: not identifiable, because answers do not stream or the rounds do not agree"]
    if machine.slots_at_least is not None:
        lines.append(f"requests answered at once in all: {_how_many(machine.slots, machine.slots_at_least)}")
    if machine.machine_limit is not None:
        lines.append(f"the machine admits {machine.machine_limit} at once, fewer than its ports together")
    return lines


def _how_many(exactly: int | None, at_least: int | None) -> str:
    if exactly is not None:
        return f"{exactly}"
    return NONE if at_least is None else f"at least {at_least}"


def _pace(machine: MachineFigures) -> list[str]:
    streams = machine.mechanism == BY_STREAM
    lines = []
    if machine.gain:
        where = "in all, whichever port" if streams else "on one port"
        entries = [(g.streams, g.gain) for g in machine.gain]
        lines.append(f"total speed by streams {where} (one alone is 1): {_entries(entries)}")
    elif not machine.factor:
        lines.append("speed of several streams: not identifiable, because no two were answered together")
    if machine.factor:
        lines.append(f"speed of each port: {_factors(machine.factor)}")
    elif machine.ports < 2:
        lines.append("speed with more ports busy: not identifiable, because only one port was measured")
    elif streams:
        lines.append("the number of streams counts, not their port")
    return lines


def _factors(table: Sequence[PortFactor]) -> str:
    speeds = [UNKNOWN_GAIN if f.factor is None else f"{interval(f.factor)} × alone" for f in table]
    return ", ".join(f"{s} with {plural(f.ports, 'port')} busy" for s, f in zip(speeds, table, strict=True))


def _entries(table: Sequence[tuple[int, Estimate | None]]) -> str:
    return ", ".join(f"{n}: {UNKNOWN_GAIN if e is None else interval(e)}" for n, e in table)


def _predictions(predictions: Sequence[PredictedPhase]) -> str:
    known = [
        f"{p.phase} {number(p.predicted_s.value)} s, measured {number(p.wall_s.value)} s "
        f"({percent(p.residual, '+')})"
        for p in predictions
        if p.predicted_s is not None
    ]
    why_not = [f"{p.phase}: none, {p.why_not}" for p in predictions if p.predicted_s is None]
    return f"wall clock predicted from the other phases: {'; '.join(known + why_not)}"


def _workers(machine: MachineFigures) -> list[str]:
    best = next((r for r in machine.throughput if r.workers == machine.recommended_workers), None)
    if best is None:
        return ["throughput over requests in flight: not stated, because the phases contradict each other"]
    more = ""
    if machine.more_workers_may_help:
        more = "; the peak is at the most that was measured, so more may help"
    lines = [
        f"recommended concurrency (maxConcurrentWorkers): {best.workers}, the lowest that reaches 95 % of "
        f"peak throughput ({interval(best.responses_per_min)} responses per minute){more}"
    ]
    if machine.time_scale != 1:  # simulated servers that run faster than they say
        per_min = number(best.responses_per_min.value * machine.time_scale)
        lines.append(f"in the time of the simulated servers: {per_min} responses per minute")
    return lines


def _more(machine: MachineFigures) -> list[str]:
    rows = machine.throughput
    if not rows:
        return []
    best = max(r.responses_per_min.value for r in rows)
    beyond = f"no prediction beyond {plural(machine.ports, 'port')} but this bound"
    factor = machine.another_port_at_most
    if factor is None or (factor.high or 0.0) < NOTICEABLE:
        flying = f"for up to {rows[-1].workers} requests in flight"
        another = f"no gain {flying}, if it adds no more than the last one did; {beyond}"
    else:
        another = (
            f"at most {number(best * max(factor.value, 1.0))} responses per minute (now {number(best)}), "
            f"if it adds no more than the last one did; {beyond}"
        )
    lines = [f"another port on this machine: {another}"]
    if machine.second_machine is not None:
        of = number(machine.second_machine_max)
        lines.append(f"a second machine: speedup {interval(machine.second_machine)} of {of}, measured")
    return lines


def _law(machine: MachineFigures) -> list[str]:
    law = machine.scalability
    if law is None:
        return []
    peak = "never falls" if law.peak_users is None else f"is highest near {number(law.peak_users)} users"
    return [
        f"cross-check, Universal Scalability Law over {law.points} numbers of users: σ = {law.sigma:.3f}, "
        f"κ = {law.kappa:.4f}, throughput {peak}; "
        f"the farthest measured speedup is off by {percent(law.farthest)}"
    ]


def _costs(assessment: Assessment, figures: RunFigures) -> list[str]:
    cost = cost_of(assessment, figures, assessment.run.manifest.prices)
    return cost_sentences(cost) if cost is not None else []


def hardware_sentences(found: HardwareFigures) -> list[str]:
    """The seed's question in its terms; the first sentence is the answer."""
    state = {True: "validated", False: "not validated", None: "open"}[found.finding.validated]
    lines = [f"The machine, for parallel work: {state}; {found.finding.because}."]
    if found.most is None:
        return lines
    rates = [f"{number(found.one_after_another)} one after another"]
    shown = [p for p in (found.one_port, found.ports) if p is not None]
    rates += [_rated(p) for p in shown]
    rates += [f"{_rated(found.most)} at most"] if found.most not in shown else []
    lines.append(f"Responses per minute: {', '.join(rates)}.")
    if found.ports is not None:
        lines.append(
            f"The {topology(found.ports)} are {interval(found.ports_bring)} times as fast as one after "
            "another; no prediction beyond what was measured."
        )
    if found.second_machine is not None:
        lines.append(
            f"A second machine like this one would double that, to about "
            f"{number(found.second_machine)} per minute (computed: machines share nothing)."
        )
    return lines


def _rated(p: PhaseFigures) -> str:
    return f"{number(p.responses_per_min)} from {topology(p)} ({p.users} users)"
