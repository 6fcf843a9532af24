"""Speedup and its interval, by least squares of log duration over a phase's solos and rounds.

Formulas, with what each reads on a serial, a time-sliced and a parallel server: docs/METHODOLOGY.md.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.statistics.estimates import LogEstimate, bounded_exp
from analysis.thresholds import WILD_DF, WILD_SCATTER, WILDEST

Array = NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True)
class Timed:
    """One measured duration: of a solo (its target's name) or of a round (target None), at its middle."""

    target: str | None
    at_s: float
    duration_s: float


@dataclass(frozen=True, slots=True)
class Fit:
    """What the regression over one phase gives."""

    speedup: LogEstimate
    solo_s: Mapping[str, LogEstimate]  # per target, at the middle of the rounds
    middle_s: float  # that instant
    drift_per_s: float  # of log duration
    drift_se: float
    df: int
    residuals: tuple[float, ...]  # externally studentised, solos first, each in order
    scatter: float  # standard deviation of log duration around the fit
    solo_scatter: float  # the same of the solos alone
    round_scatter: float  # and of the rounds


def fit_speedup(
    solos: Sequence[Timed],
    rounds: Sequence[Timed],
    serial_s: Callable[[Mapping[str, float]], float],
) -> Fit | None:
    """Speedup `G = S / W` with its interval; None where too little was measured to have one.

    Of the intervals with one scatter for all, and with solos and rounds each their own, the wider one.
    Least squares of log duration on {target of the solo, is-round, time}. `serial_s` replays the phase's
    schedule one at a time from a solo time per target; its elasticities carry the solos' errors over to G
    (delta method). Time is centred on the rounds, so drift that is linear in time cancels.
    Means of logs, not medians: with a solo in every gap both see the same scatter. Rounds that scatter far
    wider than solos (servers that fight) count for less, or they would bend drift and solo times.
    """
    targets = sorted({s.target for s in solos if s.target is not None})
    if not targets or not rounds:
        return None
    middle = float(np.mean([r.at_s for r in rounds]))
    design = _design((*solos, *rounds), targets, middle)
    logs = np.log([t.duration_s for t in (*solos, *rounds)])
    df = len(logs) - design.shape[1]
    if df < 1 or np.linalg.matrix_rank(design) < design.shape[1] or not np.isfinite(logs).all():
        return None
    of_round = design[:, len(targets)] == 1.0
    coefficients, inverse, residuals = _least_squares(design, logs)
    standardised = _standardised(residuals, design, inverse)  # unweighted: one wild round of five stands out
    wilder = _wilder(design, logs, of_round)
    if wilder > WILD_SCATTER:
        weights = np.where(of_round, 1 / wilder, 1.0)
        design, logs = design * weights[:, None], logs * weights
        coefficients, inverse, residuals = _least_squares(design, logs)
    scatter = math.sqrt(float(residuals @ residuals) / df)
    solo_logs = dict(zip(targets, coefficients[: len(targets)].tolist(), strict=True))

    def estimate(contrast: Array, log: float, n: int) -> LogEstimate:
        pooled = LogEstimate(log, scatter * math.sqrt(max(float(contrast @ inverse @ contrast), 0.0)), df, n)
        apart = _own_scatter(contrast, design, inverse, residuals, of_round)
        if apart is None:
            return pooled
        own = LogEstimate(log, *apart, n)
        return max(pooled, own, key=LogEstimate.half_width)

    contrast = np.zeros(design.shape[1])
    contrast[: len(targets)] = _elasticities(solo_logs, serial_s)
    contrast[len(targets)] = -1.0
    serial = serial_s({t: bounded_exp(b) for t, b in solo_logs.items()})
    speedup = estimate(contrast, math.log(serial) - float(coefficients[len(targets)]), len(rounds))
    solo_s = {}
    for column, target in enumerate(targets):
        unit = np.zeros(design.shape[1])
        unit[column] = 1.0
        n = sum(1 for s in solos if s.target == target)
        solo_s[target] = estimate(unit, solo_logs[target], n)
    has_drift = design.shape[1] == len(targets) + 2
    return Fit(
        speedup=speedup,
        solo_s=solo_s,
        middle_s=middle,
        drift_per_s=float(coefficients[-1]) if has_drift else 0.0,
        drift_se=scatter * math.sqrt(max(float(inverse[-1, -1]), 0.0)) if has_drift else 0.0,
        df=df,
        residuals=standardised,
        scatter=scatter,
        solo_scatter=math.sqrt(_variance(~of_round, design, inverse, residuals)[0]),
        round_scatter=math.sqrt(_variance(of_round, design, inverse, residuals)[0]),
    )


def _design(measured: Sequence[Timed], targets: Sequence[str], middle: float) -> Array:
    """A column per target's solos, one of the rounds, and time, unless all happened at one instant."""
    times = np.array([t.at_s for t in measured])
    design = np.zeros((len(times), len(targets) + 2))
    for row, timed in enumerate(measured):
        design[row, len(targets) if timed.target is None else targets.index(timed.target)] = 1.0
    design[:, -1] = times - middle
    return design if np.ptp(times) > 0 else design[:, :-1]


def _least_squares(design: Array, logs: Array) -> tuple[Array, Array, Array]:
    """(coefficients, inverse of the normal matrix, residuals)."""
    inverse: Array = np.linalg.inv(design.T @ design)
    coefficients: Array = inverse @ design.T @ logs
    return coefficients, inverse, logs - design @ coefficients


def _wilder(design: Array, logs: Array, of_round: NDArray[np.bool_]) -> float:
    """How many times as widely rounds scatter as solos, each around its own line; 1 if unknown."""
    variances = []
    for kind in (of_round, ~of_round):
        coefficients, _, rank, _ = np.linalg.lstsq(design[kind], logs[kind])
        df = int(kind.sum()) - int(rank)
        if df < WILD_DF:
            return 1.0
        variances.append(float(np.sum((logs[kind] - design[kind] @ coefficients) ** 2)) / df)
    return min(math.sqrt(variances[0] / variances[1]), WILDEST) if variances[1] > 0 else 1.0


def _variance(
    kind: NDArray[np.bool_], design: Array, inverse: Array, residuals: Array
) -> tuple[float, float]:
    """Of the residuals of one kind, with its degrees of freedom: what the fit left of its measurements."""
    rows = design[kind]
    df = float(kind.sum() - np.einsum("ij,jk,ik->", rows, inverse, rows))  # less the trace of the hat matrix
    return float(residuals[kind] @ residuals[kind]) / max(df, 1.0), df


def _own_scatter(
    contrast: Array, design: Array, inverse: Array, residuals: Array, of_round: NDArray[np.bool_]
) -> tuple[float, float] | None:
    """Standard error and degrees of freedom if solos and rounds scatter differently (Welch-Satterthwaite).

    The pooled scatter is too small where a round averages over many requests and each target has few solos.
    None where either kind leaves less than one degree of freedom.
    """
    weights = design @ inverse @ contrast
    parts, total_df = [], 0.0
    for kind in (of_round, ~of_round):
        own, df = _variance(kind, design, inverse, residuals)
        if df < 1:
            return None
        part = own * float(weights[kind] @ weights[kind])
        parts.append(part)
        total_df += part**2 / df
    variance = math.fsum(parts)
    return (math.sqrt(variance), variance**2 / total_df) if total_df > 0 else None


def _elasticities(
    solo_logs: Mapping[str, float], serial_s: Callable[[Mapping[str, float]], float]
) -> list[float]:
    """∂ log S / ∂ log B for each target, by a central difference."""
    step = 1e-4

    def log_serial(target: str, shift: float) -> float:
        shifted = {t: bounded_exp(b + (shift if t == target else 0.0)) for t, b in solo_logs.items()}
        return math.log(serial_s(shifted))

    return [(log_serial(t, step) - log_serial(t, -step)) / (2 * step) for t in solo_logs]


def _standardised(residuals: Array, design: Array, inverse: Array) -> tuple[float, ...]:
    """Externally studentised residuals; 0 where the fit has no scatter or leaves one degree of freedom.

    Each against the scatter of the fit *without* it (Belsley, Kuh & Welsch 1980, eq. 2.26): follows
    Student's t with `df - 1`, so that one wild round of five stands out instead of widening its own measure.
    """
    df = len(residuals) - design.shape[1]
    scatter = math.sqrt(float(residuals @ residuals) / df)
    if scatter == 0 or df < 2:
        return tuple(0.0 for _ in residuals)
    leverage = np.einsum("ij,jk,ik->i", design, inverse, design)
    inner = residuals / (scatter * np.sqrt(np.clip(1.0 - leverage, 1e-12, None)))
    outer = inner * np.sqrt((df - 1) / np.clip(df - inner**2, 1e-12, None))
    return tuple(outer.tolist())
