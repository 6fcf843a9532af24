"""What is known of a run while it goes on. It is frozen: the warm-up returns a new one."""

import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import count

from analysis.files.run import TargetInfo
from replay.monitor.client_load import ClientLoad
from replay.output import log
from replay.output.recorder import Recorder
from replay.plan.budget import LEAST_TOKENS
from replay.plan.live import LiveRun
from replay.release.dispatch import Dispatch
from replay.release.seats import Seats
from replay.scenario.schema import Scenario, Target
from replay.server_kinds import Endpoint


@dataclass(frozen=True, slots=True)
class RunState:
    """One run; `endpoints`, `infos` and `solo_s` are by target."""

    scenario: Scenario
    targets: Mapping[str, Target]
    endpoints: Mapping[str, tuple[Endpoint, ...]]  # to ask each target, best first, without those it refused
    infos: Mapping[str, TargetInfo]
    recorder: Recorder
    dispatch: Dispatch
    seats: Seats | None = None  # in the plan free, Locust's own users are what there is
    answered_at: Callable[[], dict[str, str]] = dict  # by address, what changes with each answer there
    solo_s: Mapping[str, float] = field(
        default_factory=dict
    )  # expected of a request alone, after the warm-up
    prompt_words: Mapping[str, int] = field(
        default_factory=dict
    )  # of the long prompts of this phase, by target; else the target's message is sent
    client_load: ClientLoad = field(default_factory=ClientLoad)
    live: LiveRun = field(default_factory=LiveRun)
    seed: int = field(default_factory=lambda: secrets.randbelow(10**9))  # of the prompts' unique prefixes
    request_ids: Iterator[int] = field(default_factory=lambda: count(1))
    began_s: float = field(default_factory=time.monotonic)

    def tokens(self, target: str) -> int:
        """How many tokens, or vectors, each solo and each request of a round asks of this target."""
        return self.infos[target].texts or self.infos[target].max_tokens or LEAST_TOKENS

    def spent_s(self) -> float:
        """Seconds since the run began."""
        return time.monotonic() - self.began_s

    def left_s(self) -> float | None:
        """Seconds of the budget that are left; None without a budget."""
        return self.scenario.budget_s - self.spent_s() if self.scenario.budget_s else None

    @property
    def is_spent(self) -> bool:
        """Whether nothing of the budget is left."""
        left_s = self.left_s()
        return left_s is not None and left_s <= 0

    def leave_out(self, words: str) -> None:
        """What the budget does not allow, with its price: on the terminal and in the report."""
        log.warning(words)
        self.recorder.update(cuts=(*self.recorder.manifest.cuts, words))

    def with_target(self, info: TargetInfo) -> "RunState":
        """With another word on this target."""
        return replace(self, infos={**self.infos, info.name: info})
