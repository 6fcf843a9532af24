"""Of each target what an answer is like, alone and together, and what failed in which words. No rows kept."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from analysis.files.request_record import BASELINE, STOPPED, WARMUP, RequestRecord

MOST_FAILURES = 100  # different ones that are counted apart
SHOWN_FAILURES = 12


@dataclass(slots=True)
class Times:
    """Durations so far."""

    number: int = 0
    sum_s: float = 0.0

    def add(self, value: float | None) -> None:
        if value is not None:
            self.number += 1
            self.sum_s += value

    @property
    def mean(self) -> float:
        """Of at least one."""
        return self.sum_s / self.number


@dataclass(slots=True)
class Answers:
    """What answers without a failure were like."""

    number: int = 0
    ttft_s: Times = field(default_factory=Times)
    tpot_s: Times = field(default_factory=Times)
    latency_s: float = 0.0  # of those with known tokens, in all
    tokens: int = 0

    def add(self, r: RequestRecord) -> None:
        self.number += 1
        self.ttft_s.add(r.ttft_s)
        self.tpot_s.add(r.tpot_s)
        if r.tokens and r.latency_s:
            self.latency_s += r.latency_s
            self.tokens += r.tokens

    def shown(self) -> dict[str, float | None]:
        """Mean time to first token; tokens/s after it (1 over the mean time per token), and from the send."""
        return {
            "ttft_s": self.ttft_s.mean if self.ttft_s.number else None,
            "tokens_per_s": 1 / self.tpot_s.mean if self.tpot_s.sum_s else None,
            "tokens_per_s_from_send": self.tokens / self.latency_s if self.latency_s else None,
        }


@dataclass(slots=True)
class TargetSoFar:
    base_url: str
    model: str | None
    alone: Answers = field(default_factory=Answers)
    together: Answers = field(default_factory=Answers)  # in the phase that came last
    failed: int = 0


@dataclass
class LiveTargets:
    """State: the targets in the order of the scenario, their failures."""

    targets: dict[str, TargetSoFar] = field(default_factory=dict)
    failures: Counter[tuple[str, str]] = field(default_factory=Counter)
    phase: str = ""

    def add(self, r: RequestRecord) -> None:
        """A row has come."""
        target = self.targets.setdefault(r.target, TargetSoFar(r.base_url, r.model))
        if r.error == STOPPED:
            return  # by us: neither an answer nor a failure
        if r.error is not None:
            target.failed += 1
            if (r.target, r.error) in self.failures or len(self.failures) < MOST_FAILURES:
                self.failures[r.target, r.error] += 1
        elif r.kind == BASELINE:
            target.alone.add(r)
        elif r.kind != WARMUP:
            if r.phase != self.phase:
                self.phase = r.phase
                for each in self.targets.values():
                    each.together = Answers()
            target.together.add(r)

    def shown(self) -> Sequence[dict[str, Any]]:
        return [
            {
                "name": name,
                "base_url": t.base_url,
                "model": t.model,
                "alone": t.alone.shown(),
                "together": t.together.shown(),
                "answered": t.alone.number + t.together.number,
                "failed": t.failed,
            }
            for name, t in self.targets.items()
        ]

    def shown_failures(self) -> Sequence[dict[str, Any]]:
        return [
            {"target": target, "words": words, "times": times}
            for (target, words), times in self.failures.most_common(SHOWN_FAILURES)
        ]
