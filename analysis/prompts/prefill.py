"""Long prompts read together: a usual phase whose answers are a few tokens. Its G is the gain of reading."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import fmean, median
from typing import Any

from analysis.phase.measure import PhaseMeasured
from analysis.statistics.estimates import Estimate, mean_estimate

MOST_TOKENS = 4  # of an answer: then reading is all that is measured
IN_TURN, TOGETHER = "in-turn", "together"
WITHIN = 0.25  # of the wall clock: first tokens that lie so near to each other were read together


@dataclass(frozen=True, slots=True)
class Prefill:
    """What one such phase shows. `together_per_s`: tokens read per second by all."""

    phase: str
    prompt_tokens: float
    gain: Estimate
    order: str
    alone_per_s: Estimate | None
    together_per_s: Estimate | None

    @property
    def sentence(self) -> str:
        low = "" if self.gain.low is None else f" [{self.gain.low:.2f}, {self.gain.high or 0:.2f}]"
        how = (
            "one after another: the first answer begins early, the last one as late as all reading takes"
            if self.order == IN_TURN
            else "together: the first answer begins about as late as the last"
        )
        return (
            f"Prompts of {self.prompt_tokens:.0f} tokens gain {self.gain.value:.2f}{low} by being read {how}."
        )

    def figures(self) -> dict[str, Any]:
        """Its object in report.json."""
        rates = {"alone": self.alone_per_s, "together": self.together_per_s}
        return {
            "phase": self.phase,
            "gain": asdict(self.gain),
            "order": self.order,
            "tokens_per_s": {name: asdict(rate) if rate else None for name, rate in rates.items()},
        }


def prefill_of(phases: Sequence[PhaseMeasured]) -> Prefill | None:
    """Of the first phase that is about reading and has a G; None without one."""
    for phase in phases:
        plan = phase.plan
        if (
            plan.prompt_tokens is None
            or (plan.max_tokens or MOST_TOKENS + 1) > MOST_TOKENS
            or not phase.speedup
        ):
            continue
        sizes = [r.prompt_tokens or 0 for r in phase.counted] or [plan.prompt_tokens]
        alone = [s.prompt_tokens / s.ttft_s for s in phase.solos if s.prompt_tokens and s.ttft_s]
        rounds = [
            sum(r.prompt_tokens or 0 for r in a.requests) / a.makespan_s for a in phase.scored if a.makespan_s
        ]
        return Prefill(
            plan.name,
            fmean(sizes),
            phase.speedup.estimate(),
            _order(phase),
            mean_estimate(alone),
            mean_estimate([rate for rate in rounds if rate]),
        )
    return None


def _order(phase: PhaseMeasured) -> str:
    """By how far apart the first tokens of a round lie, median over the rounds."""
    apart = []
    for a_round in phase.scored:
        firsts = [r.first_token_s for r in a_round.requests if r.first_token_s is not None]
        if len(firsts) > 1 and a_round.makespan_s:
            apart.append((max(firsts) - min(firsts)) / a_round.makespan_s)
    return TOGETHER if apart and median(apart) <= WITHIN else IN_TURN
