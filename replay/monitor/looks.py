"""When the loop looked at its sockets: what a read brings has come after the look before.

A loop that is busy reads late, and then one read brings what came in several pieces, under the stamp of the
last. The hub's loop tells before and after each of its waits; libuv has the same watchers without an order
among them, which only widens the bound.
"""

import time
from dataclasses import dataclass, field
from typing import Any

import gevent

WAITED_S = 50e-6  # a look that took longer than this found nothing at first: it was woken by what came


@dataclass(slots=True)
class Looks:
    """Of one loop, on time.monotonic()."""

    count: int = 0
    began_s: float = 0.0  # the last look
    ended_s: float = 0.0
    earlier_s: float = 0.0  # the end of the look before it
    watchers: list[Any] = field(default_factory=list)  # gevent ends those that nobody holds

    def begin(self) -> None:
        self.began_s = time.monotonic()

    def end(self) -> None:
        self.count += 1
        self.earlier_s, self.ended_s = self.ended_s, time.monotonic()

    def earliest_s(self, count_before: int, read_before_s: float) -> float:
        """No byte of a read came before this. `count_before`: the looks when it began.

        `read_before_s`: the end of the read before it, of the same socket. A loop that waited was woken by
        the first byte. One that was busy found all that came since it looked. Without a look in between only
        the read before bounds it.
        """
        if self.count == count_before:
            return read_before_s
        waited = self.ended_s - self.began_s > WAITED_S
        return max(read_before_s, self.ended_s - WAITED_S if waited else self.earlier_s)


_LOOKS: dict[int, Looks] = {}


def of_this_loop() -> Looks:
    """The looks of the hub of this thread, watched from the first call on."""
    hub = gevent.get_hub()
    looks = _LOOKS.get(id(hub))
    if looks is None:
        looks = _LOOKS[id(hub)] = Looks()
        loop = hub.loop
        last, first = getattr(loop, "MINPRI", None), getattr(loop, "MAXPRI", None)
        before, after = loop.prepare(ref=False, priority=last), loop.check(ref=False, priority=first)
        before.start(looks.begin)
        after.start(looks.end)
        looks.watchers = [before, after]
    return looks
