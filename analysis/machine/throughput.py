"""Throughput over requests in flight, how many of them are worth having, and what more ports would bring."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count, cycle, islice, takewhile

from analysis.machine.gain_tables import GainTables
from analysis.machine.model import MachineModel
from analysis.machine.waves import Piece, makespan_s
from analysis.statistics.estimates import LogEstimate
from analysis.thresholds import EACH_NUMBER, SAME_THROUGHPUT, WORTH_HAVING


@dataclass(frozen=True, slots=True)
class Throughput:
    """So many requests kept in flight, dealt round robin over all ports."""

    workers: int
    pace: LogEstimate  # in solo streams
    responses_per_min: LogEstimate
    output_tokens_per_s: LogEstimate | None
    wall_s: LogEstimate  # of so many sent at one instant
    measured: bool  # False: its pace lies on a straight line between measured ones


def throughputs(machine: MachineModel) -> list[Throughput]:
    """One row per number of workers (`_numbers`), up to the most that was measured; [] without a model."""
    rows = (_throughput(machine, workers) for workers in _numbers(machine.users))
    return [row for row in rows if row is not None]


def _numbers(most: int) -> list[int]:
    """Each number up to 64, beyond it the powers of two, and the most: a thousand rows would say no more."""
    each = min(most, EACH_NUMBER)
    powers = takewhile(lambda n: n < most, (EACH_NUMBER * 2**i for i in count(1)))
    return [*range(1, each + 1), *powers, *([most] if most > each else [])]


def _throughput(machine: MachineModel, workers: int) -> Throughput | None:
    wall = wall_clock(machine, workers)
    if machine.fitted is None or machine.solo_s is None or wall is None:
        return None
    running = machine.slots.slots().filled(dealt(machine.ports, workers))
    pace = machine.fitted.estimate(lambda tables: math.log(_steady(machine, machine.ports, workers, tables)))
    if pace is None:
        return None
    per_s = pace.over(machine.solo_s)
    tokens = per_s.times(machine.tokens) if machine.tokens else None
    measured = machine.fitted.tables.unmeasured(running) is None
    return Throughput(workers, pace, per_s.times(60), tokens, wall, measured)


def wall_clock(
    machine: MachineModel, requests: int, spacing_s: float = 0.0, workers: int | None = None
) -> LogEstimate | None:
    """First due to last answer of so many requests, dealt over all ports, by replay in waves.

    None where the tables do not reach so far, or do not determine it.
    """
    if machine.fitted is None or machine.solo_s is None:
        return None
    slots, asked = machine.slots.slots(), dealt(machine.ports, requests)
    running = slots.filled(asked, workers)
    if machine.fitted.tables.beyond(running) or machine.slots.never_seen(running):
        return None

    def log_of(tables: GainTables, solo_s: float) -> float:
        overhead_s = solo_s * machine.overhead_share
        pieces = [Piece(i * spacing_s, port, solo_s - overhead_s, overhead_s) for i, port in enumerate(asked)]
        return math.log(makespan_s(pieces, slots, tables.pace, workers))

    alone_s, step = machine.solo_s.value, 1e-3
    wall = machine.fitted.estimate(lambda tables: log_of(tables, alone_s))
    if wall is None:
        return None
    ends = [log_of(machine.fitted.tables, alone_s * math.exp(shift)) for shift in (-step, step)]
    elasticity = (ends[1] - ends[0]) / (2 * step)
    df = min(wall.df, machine.solo_s.df)
    return LogEstimate(wall.log, math.hypot(wall.se, elasticity * machine.solo_s.se), df, wall.n)


def recommended(rows: Sequence[Throughput]) -> int | None:
    """The fewest requests in flight with 95 % of the best throughput: `maxConcurrentWorkers`."""
    measured = [r for r in rows if r.measured]
    most = max((r.pace.log for r in measured), default=0.0)
    return next(
        (r.workers for r in measured if r.pace.log >= most + math.log(WORTH_HAVING) - SAME_THROUGHPUT), None
    )


def more_may_help(machine: MachineModel, rows: Sequence[Throughput]) -> bool:
    """True if the best lies at the most that was measured, and no slots are known to end there."""
    if not rows:
        return False
    full = machine.slots.slots()
    asked = dealt(machine.ports, 2 * rows[-1].workers)
    return recommended(rows) == rows[-1].workers and sum(full.filled(asked).values()) > rows[-1].workers


def with_another_port(machine: MachineModel, rows: Sequence[Throughput]) -> LogEstimate | None:
    """The throughput at most, over today's best: a further port brings no more than the last one did.

    One port alone: twice. None where the last port took more than all the others gave.
    """
    if machine.fitted is None or not rows:
        return None
    workers = rows[-1].workers

    def at_most(tables: GainTables) -> float:
        now = _best(machine, machine.ports, workers, tables)
        before = _best(machine, machine.ports[:-1], workers, tables)
        return math.log(max(2 * now - before, 1e-9) / now)

    best = machine.fitted.estimate(at_most)
    return None if best is None or best.log < math.log(1e-6) else best


def _best(machine: MachineModel, ports: Sequence[str], workers: int, tables: GainTables) -> float:
    slots = machine.slots.slots()
    within = (n for n in _numbers(workers) if ports and not tables.beyond(slots.filled(dealt(ports, n))))
    return max((_steady(machine, ports, n, tables) for n in within), default=0.0)


def _steady(machine: MachineModel, ports: Sequence[str], workers: int, tables: GainTables) -> float:
    """Answers per solo time with so many requests kept in flight, n of them running at the total pace P(n).

    Of a solo the share φ is overhead, the rest work. Either the servers are always full, P(n)/(1 - φ); or
    each request takes φ and then n·(1 - φ)/P(n), as one of n that run together (operational bounds).
    """
    running = machine.slots.slots().filled(dealt(ports, workers))
    share, n, pace = machine.overhead_share, running.total(), tables.total(running)
    return min(pace / (1 - share), workers / (share + n * (1 - share) / pace))


def dealt(ports: Sequence[str], n: int) -> list[str]:
    return list(islice(cycle(ports), n))
