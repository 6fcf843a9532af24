"""The users of a phase: exactly those of its deal, wherever Locust starts them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from analysis.errors import PortlapError
from replay.output import log
from replay.release.dispatch import Dispatch

if TYPE_CHECKING:  # importing Locust patches the sockets of the process
    from replay.release.users import PinnedUser

SPAWN_RATE = 100.0  # users per second
USERS_READY_S = 30.0  # until they are ready

Classes = Mapping[str, "type[PinnedUser]"]  # by target


class Seats:
    """State: the deal that sits now. A worker that ends takes its users along; they start again elsewhere."""

    def __init__(self, runner: Any, classes: Classes, dispatch: Dispatch) -> None:
        self._runner = runner
        self._classes = classes
        self._dispatch = dispatch
        self._deal: Sequence[str] = ()

    def fill(self, deal: Sequence[str]) -> None:
        """New users for all of it: through zero, because Locust only ever adds or removes. PortlapError."""
        self._deal = deal
        while True:
            gone = self._dispatch.gone_workers()
            self._start(deal)

            def is_over(gone: set[int] = gone) -> bool:
                return self._is_full() or self._dispatch.gone_workers() > gone

            in_time = self._dispatch.wait(is_over, USERS_READY_S, lambda: f"{len(deal)} users to start")
            if self._is_full():
                return
            if not in_time:
                break
        here = ", ".join(s.target for s in self._dispatch.ready) or "none"
        lost = "".join(f"; {words}" for words in self._dispatch.workers_lost.values())
        raise PortlapError(
            f"Locust did not start the {len(deal)} users of this phase within {USERS_READY_S:.0f} s "
            f"(ready: {here}{lost}); are workers connected?"
        )

    def _start(self, deal: Sequence[str]) -> None:
        self.clear()
        self._dispatch.wait(lambda: not self._dispatch.ready, USERS_READY_S, lambda: "the last users to end")
        counts = Counter(deal)
        for target, user_class in self._classes.items():
            user_class.fixed_count = counts[target]
        self._runner.start(len(deal), SPAWN_RATE, user_classes=[self._classes[t] for t in counts])

    def refill(self) -> None:
        """Between requests: nothing if all users are here. Raises PortlapError."""
        self._dispatch.notice_lost_workers()
        if self._dispatch.workers_lost and not self._is_full():
            log.warning(f"the {len(self._deal)} users start again on the workers that are left")
            self.fill(self._deal)

    def clear(self) -> None:
        """Locust stops all users."""
        self._runner.start(0, SPAWN_RATE)

    def _is_full(self) -> bool:
        return Counter(s.target for s in self._dispatch.ready) == Counter(self._deal)
