"""The Universal Scalability Law as a cross-check of the machine model, where there are enough load points.

Gunther, Guerrilla Capacity Planning (2007): X(N)/X(1) = N / (1 + σ·(N−1) + κ·N·(N−1)).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from analysis.thresholds import USL_MIN_POINTS


@dataclass(frozen=True, slots=True)
class Scalability:
    """`sigma`: share that waits for others; `kappa`: cost of each pair of requests."""

    sigma: float
    kappa: float
    points: int  # numbers of users, one alone included
    farthest: float  # largest relative distance of a measured speedup from the law

    @property
    def peak_users(self) -> float | None:
        """Users with the most throughput; None if it never falls."""
        if self.kappa == 0 or self.sigma >= 1:
            return None
        return math.sqrt((1 - self.sigma) / self.kappa)


def scalability(points: Sequence[tuple[int, float]]) -> Scalability | None:
    """Fitted to (users, speedup) of one set of ports; None below six numbers of users, 1 included."""
    by_users = {1: 1.0} | dict(points)
    if len(by_users) < USL_MIN_POINTS:
        return None
    n, g = (np.array(v, dtype=float) for v in zip(*sorted(by_users.items()), strict=True))
    columns = np.column_stack([n - 1, n * (n - 1)])
    sigma, kappa = np.linalg.lstsq(columns, n / g - 1, rcond=None)[0]
    if kappa < 0:
        sigma, kappa = _alone(columns[:, 0], n / g - 1), 0.0
    elif sigma < 0:
        sigma, kappa = 0.0, _alone(columns[:, 1], n / g - 1)
    law = n / (1 + columns @ np.array([sigma, kappa]))
    return Scalability(float(sigma), float(kappa), len(n), float(np.abs(law / g - 1).max()))


def _alone(column: "np.ndarray[tuple[int], np.dtype[np.float64]]", values: object) -> float:
    return max(float(column @ np.asarray(values) / (column @ column)), 0.0)
