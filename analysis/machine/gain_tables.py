"""The pace of a machine as two small tables, and their fit to the speedups of its phases.

Two mechanisms are tried and the one that explains the phases with fewer numbers is kept (Akaike's criterion):

    ports    each port gains g(n) with n streams of its own, and keeps the factor h(a) when a ports are busy
    streams  the ports share one compute: the total pace R(m) depends on the m streams in all, whichever port
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.machine.waves import Piece, Slots, makespan_s
from analysis.statistics.estimates import LogEstimate
from analysis.thresholds import FIT_MOST_STEPS, FIT_SMALLEST_STEP, FIT_TIE, LEAST_PACE, MODEL_FLOOR, MOST_PACE

BY_PORT, BY_STREAM = "ports", "streams"
STREAM_GAIN, PORT_FACTOR = "gain", "factor"

Key = tuple[str, int]  # entry of a table: STREAM_GAIN of n streams, PORT_FACTOR of a busy ports
Array = NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True)
class GainTables:
    """Total pace in solo streams: 1 is one request alone. Between measured entries straight lines."""

    kind: str
    gain: Mapping[int, float]
    factor: Mapping[int, float]

    def pace(self, running: Mapping[str, int]) -> dict[str, float]:
        """What each request keeps of its own pace, by port."""
        if self.kind == BY_STREAM:
            streams = sum(running.values())
            return dict.fromkeys(running, _at(self.gain, streams) / streams)
        kept = _at(self.factor, len(running))
        return {port: kept * _at(self.gain, n) / n for port, n in running.items()}

    def total(self, running: Mapping[str, int]) -> float:
        return sum(running[port] * each for port, each in self.pace(running).items())

    def beyond(self, running: Mapping[str, int]) -> bool:
        """Whether this load is more than any that was measured: there is no prediction."""
        needed = keys_of(running, self.kind)
        return any(n > max(self.gain if table == STREAM_GAIN else self.factor) for table, n in needed)

    def unmeasured(self, running: Mapping[str, int]) -> str | None:
        """Which part of this load was never measured itself; None if the tables hold all of it."""
        for table, n in sorted(keys_of(running, self.kind), reverse=True):
            if n not in (self.gain if table == STREAM_GAIN else self.factor):
                where = "in all" if self.kind == BY_STREAM else "on one port"
                return f"{n} streams {where}" if table == STREAM_GAIN else f"{n} busy ports"
        return None


def _at(table: Mapping[int, float], n: int) -> float:
    if n in table:
        return table[n]
    known = sorted(table)
    return float(np.interp(n, known, [table[k] for k in known]))


@dataclass(frozen=True, slots=True)
class Asked:
    """One request of a phase as the model sees it, in seconds; alone it takes overhead and work together."""

    due_s: float
    port: str
    work_s: float
    overhead_s: float


@dataclass(frozen=True, slots=True)
class PhaseLoad:
    """One phase as the model sees it: its requests and the speedup it measured."""

    name: str
    users: int
    requests: tuple[Asked, ...]
    workers: int | None
    serial_s: float
    speedup: LogEstimate

    def running(self, slots: Slots) -> dict[str, int]:
        return dict(slots.filled([r.port for r in self.requests], self.workers))

    def wall_s(self, slots: Slots, tables: GainTables) -> float:
        pieces = [Piece(r.due_s, r.port, r.work_s, r.overhead_s) for r in self.requests]
        return makespan_s(pieces, slots, tables.pace, self.workers)


def keys_of(running: Mapping[str, int], kind: str) -> set[Key]:
    """The entries that say how fast these get on; of one request alone, none."""
    if kind == BY_STREAM:
        keys = {(STREAM_GAIN, sum(running.values()))}
    else:
        keys = {(STREAM_GAIN, n) for n in running.values()} | {(PORT_FACTOR, len(running))}
    return {(table, n) for table, n in keys if n > 1}


@dataclass(frozen=True, slots=True)
class FittedTables:
    """The tables as fitted, with what is needed to say how sure anything computed from them is."""

    kind: str
    keys: tuple[Key, ...]
    logs: Array
    covariance: Array
    unknown: Array  # directions (rows) that the phases do not determine
    misfit: float  # weighted sum of squares
    df: float

    @property
    def tables(self) -> GainTables:
        return _tables(self.kind, self.keys, self.logs)

    def estimate(self, log_of: Callable[[GainTables], float]) -> LogEstimate | None:
        """A quantity computed from the tables, given as its logarithm; None if they do not determine it."""
        gradient = _gradient(lambda logs: np.array([log_of(_tables(self.kind, self.keys, logs))]), self.logs)
        if np.abs(self.unknown @ gradient[0]).max(initial=0.0) > 1e-6:
            return None
        variance = float(gradient[0] @ self.covariance @ gradient[0])
        return LogEstimate(log_of(self.tables), math.sqrt(max(variance, 0.0)), self.df, len(self.keys))

    def entry(self, key: Key) -> LogEstimate | None:
        table, n = key
        return self.estimate(lambda tables: math.log(getattr(tables, table)[n]))


def _tables(kind: str, keys: Sequence[Key], logs: Array) -> GainTables:
    entries: dict[str, dict[int, float]] = {STREAM_GAIN: {1: 1.0}, PORT_FACTOR: {1: 1.0}}
    for (table, n), log in zip(keys, logs, strict=True):
        entries[table][n] = math.exp(log)
    return GainTables(kind, entries[STREAM_GAIN], entries[PORT_FACTOR])


def fit_tables(loads: Sequence[PhaseLoad], slots: Slots) -> FittedTables | None:
    """The better of both mechanisms; `ports` where neither is. None where neither fit comes to an end."""
    ports, streams = (fit_mechanism(loads, slots, kind) for kind in (BY_PORT, BY_STREAM))
    return streams if _criterion(streams) < _criterion(ports) - FIT_TIE else ports


def _criterion(fitted: FittedTables | None) -> float:
    return math.inf if fitted is None else fitted.misfit + 2 * len(fitted.keys)


def fit_mechanism(loads: Sequence[PhaseLoad], slots: Slots, kind: str) -> FittedTables | None:
    """Weighted least squares of log speedup within what can be; None where they do not come to an end.

    n streams gain at most 1.1 n, and no factor is above 1.1: what phases say beyond that is a contradiction.
    """
    keys = tuple(sorted(set().union(*(keys_of(load.running(slots), kind) for load in loads))))
    observed = np.array([load.speedup.log for load in loads])
    weights: Array = np.array([1 / math.hypot(load.speedup.se, MODEL_FLOOR) for load in loads])

    def misses(logs: Array) -> Array:
        tables = _tables(kind, keys, logs)
        predicted = [math.log(load.serial_s / load.wall_s(slots, tables)) for load in loads]
        missed: Array = (np.array(predicted) - observed) * weights
        return missed

    start = np.array([math.log(n) if table == STREAM_GAIN else 0.0 for table, n in keys])
    df = min(load.speedup.df for load in loads)
    if not keys:  # never two together: the slots say everything
        none = np.zeros((0, 0))
        return FittedTables(kind, keys, start, none, none, float((misses(start) ** 2).sum()), df)
    bounds = (np.full(len(keys), math.log(LEAST_PACE)), start + math.log(MOST_PACE))
    from scipy.optimize import least_squares  # slow to load, and a run under way needs no machine model

    def slopes_at(logs: Array) -> Any:
        return _gradient(misses, logs)

    fit = least_squares(misses, start, slopes_at, bounds, xtol=FIT_SMALLEST_STEP, max_nfev=FIT_MOST_STEPS)
    if not fit.success:
        return None
    logs: Array = fit.x
    slopes, misfit = _gradient(misses, logs), 2 * float(fit.cost)
    _, sizes, directions = np.linalg.svd(slopes)
    rank = int((sizes > 1e-6 * max(sizes, default=0.0)).sum())
    spare = len(loads) - rank
    inflation = max(misfit / spare, 1.0) if spare > 0 else 1.0  # phases that disagree make everything unsure
    covariance = np.linalg.pinv(slopes.T @ slopes, rcond=1e-9) * inflation
    return FittedTables(kind, keys, logs, covariance, directions[rank:], misfit, df)


def _gradient(function: Callable[[Array], Array], at: Array, step: float = 1e-4) -> Array:
    """One row per value, one column per entry; by central differences."""
    columns = []
    for i in range(len(at)):
        shift = np.zeros(len(at))
        shift[i] = step
        columns.append((function(at + shift) - function(at - shift)) / (2 * step))
    return np.array(columns).T.reshape(-1, len(at)) if columns else np.zeros((1, 0))
