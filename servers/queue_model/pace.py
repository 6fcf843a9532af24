"""A machine whose speed changes with time: heat, clocks, other programs."""

import math
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise


@dataclass(frozen=True)
class Pace:
    """Speed in steps of (instant in s from which it holds, speed); 1 before the first. Speeds above 0.

    The machine lives by its own clock, which shows `work_s(t)`; nothing else knows of the speed, so that its
    arithmetic stays exact.
    """

    steps: tuple[tuple[float, float], ...] = ()

    @cached_property
    def _froms(self) -> list[float]:
        return [at_s for at_s, _ in self.steps]

    @cached_property
    def _works(self) -> list[float]:
        works = self._froms[:1]
        for (from_s, speed), (to_s, _) in pairwise(self.steps):
            works.append(works[-1] + (to_s - from_s) * speed)
        return works

    def work_s(self, instant_s: float) -> float:
        """What the machine's own clock shows at that instant."""
        i = bisect_right(self._froms, instant_s) - 1
        return instant_s if i < 0 else self._works[i] + (instant_s - self._froms[i]) * self.steps[i][1]

    def instant_s(self, work_s: float) -> float:
        """When it shows that."""
        i = bisect_right(self._works, work_s) - 1
        return work_s if i < 0 else self._froms[i] + (work_s - self._works[i]) / self.steps[i][1]

    def later(self, by_s: float) -> "Pace":
        """The same, with 0 s at the instant `by_s`."""
        return Pace(tuple((at_s + by_s, speed) for at_s, speed in self.steps))


STEADY = Pace()


def drifting(per_min: float, until_s: float, step_s: float = 0.5) -> Pace:
    """Durations grow by `per_min` each minute (0.05: 5 %, compounding) from 0 s to `until_s`, then stay."""
    steps = math.ceil(until_s / step_s)
    return Pace(tuple((i * step_s, math.exp(-per_min * (i + 0.5) * step_s / 60)) for i in range(steps)))
