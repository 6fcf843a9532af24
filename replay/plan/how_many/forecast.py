"""Where the next levels will miss, and how long they take: straight lines through what was measured."""

import math
from collections.abc import Callable, Mapping, Sequence

from analysis.capacity.answers import Answer, ServiceTarget

FAR = 10_000  # users: no crossing below it


def spread(values: Sequence[float], deviations: float) -> float | None:
    """The slow end: mean and so many standard deviations of the logarithms; None below two values."""
    logs = [math.log(max(v, 1e-9)) for v in values]
    if len(logs) < 2:
        return None
    mean = math.fsum(logs) / len(logs)
    sd = math.sqrt(math.fsum((v - mean) ** 2 for v in logs) / (len(logs) - 1))
    return math.exp(mean + deviations * sd)


def crossing(
    book: Mapping[int, Sequence[Answer]], low: int, high: int, target: ServiceTarget, deviations: float
) -> float:
    """Users at which the slow end of first tokens or tokens crosses the target, by a line."""
    limits: list[tuple[Callable[[Answer], float | None], float]] = [
        (lambda a: a.ttft_s, target.ttft_s),
        (lambda a: a.tpot_s, 1 / target.speed),
    ]
    crossings = [float(FAR)]
    for quantity, limit in limits:
        ends = []
        for users in (low, high):
            values = [v for a in book[users] if (v := quantity(a)) is not None]
            ends.append(spread(values, deviations))
        if ends[0] is None or ends[1] is None:
            continue
        if ends[0] >= limit:
            crossings.append(float(low))
        elif (slope := (ends[1] - ends[0]) / (high - low)) > 0:
            crossings.append(low + (limit - ends[0]) / slope)
    return min(crossings)


def duration_s(book: Mapping[int, Sequence[Answer]], users: int) -> float:
    """Seconds that an answer takes with so many users: by the line through the two nearest levels."""
    means = {u: math.fsum(a.duration_s for a in v) / len(v) for u, v in sorted(book.items()) if v}
    if users in means:
        return means[users]
    near = sorted(sorted(means, key=lambda u: abs(u - users))[:2])
    if len(near) < 2:
        return means[near[0]] * users / near[0] if near else 2.0
    low, high = near
    slope = (means[high] - means[low]) / (high - low)
    return max(means[low] + slope * (users - low), min(means.values()))


def stay_s(book: Mapping[int, Sequence[Answer]], users: int, answers: int) -> float:
    """Seconds from the order until so many answers count: the users come in, then the answers, in order."""
    each_s = duration_s(book, users)
    return 2 * each_s + answers * each_s / users
