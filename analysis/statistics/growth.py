"""By how much a total grew within windows, read between its samples by straight lines."""

from collections.abc import Sequence

import numpy as np

Window = tuple[float, float]
ROUNDED = 1e-4  # a total that is put together from rounded numbers may seem to shrink by so much


def growth(total: Sequence[tuple[float, float]], windows: Sequence[Window]) -> float | None:
    """By how much a total grew in the windows that samples enclose; None without any, or if it shrank."""
    inside = _enclosed(total, windows)
    if not inside:
        return None
    at, values = np.array(total).T
    if (np.diff(values) < -ROUNDED * values[:-1]).any():
        return None
    return float(np.sum(np.diff(np.interp(np.array(inside), at, values), axis=1)))


def rate(total: Sequence[tuple[float, float]], windows: Sequence[Window]) -> float | None:
    grown, lasted_s = growth(total, windows), sum(b - a for a, b in _enclosed(total, windows))
    return grown / lasted_s if grown is not None and lasted_s > 0 else None


def _enclosed(total: Sequence[tuple[float, float]], windows: Sequence[Window]) -> list[Window]:
    """The windows that lie between the first and the last sample: the run's last solo may end after it."""
    return [(a, b) for a, b in windows if total and total[0][0] <= a and b <= total[-1][0]]
