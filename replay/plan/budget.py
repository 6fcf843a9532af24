"""What a run will cost, and what fits its budget: pure arithmetic, shown before anything is sent."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from analysis.files.plan import PlannedPhase
from analysis.phase.rounds import SoloJob, serial_s

AIM_S = 2.0  # a solo of about this length: long against overhead, short against patience
LEAST_TOKENS, MOST_TOKENS = 32, 256
BUDGET_TOKENS = 48  # a budget may shorten answers to this, not below
BUDGET_ROUNDS = 3  # and rounds to this
SHORTEN = 0.9
ALIKE = 1.1  # solo times of targets may differ by this much


@dataclass(frozen=True, slots=True)
class Speed:
    """What the warm-up saw of one target."""

    ttft_s: float
    tpot_s: float

    def solo_s(self, tokens: int) -> float:
        return self.ttft_s + self.tpot_s * (tokens - 1)

    def tokens_in(self, solo_s: float) -> int:
        """At least one; one too where further tokens seem to cost nothing: that is no speed."""
        return math.floor(1 + (solo_s - self.ttft_s) / self.tpot_s) if self.tpot_s > 0 else 1


def equal_tokens(speeds: Mapping[str, Speed], aim_s: float, least: int = LEAST_TOKENS) -> dict[str, int]:
    """Tokens per target so that solos agree: `aim_s`, or what the slowest target needs for `least` tokens.

    The same number for all where their solo times then agree within 10 %, else each its own.
    """
    common_s = max(aim_s, *(s.solo_s(least) for s in speeds.values()))
    tokens = {t: min(max(s.tokens_in(common_s), least), MOST_TOKENS) for t, s in speeds.items()}
    shared = min(tokens.values())
    alike = [s.solo_s(shared) for s in speeds.values()]
    return dict.fromkeys(tokens, shared) if max(alike) <= ALIKE * min(alike) else tokens


def solos_per_gap(plan: PlannedPhase) -> int:
    """One, unless the phase has more targets than gaps: each target needs a solo of its own."""
    return math.ceil(len(set(plan.deal)) / (plan.min_rounds + 1))


def solo_targets(plan: PlannedPhase, gap: int) -> list[str]:
    """The targets to ask alone in this gap: in turn, over the whole phase."""
    targets = list(dict.fromkeys(plan.deal))
    per_gap = solos_per_gap(plan)
    return [targets[(gap * per_gap + i) % len(targets)] for i in range(per_gap)]


def requests_of(plan: PlannedPhase) -> int:
    """Solos and requests of rounds at most."""
    return (plan.max_rounds + 1) * solos_per_gap(plan) + plan.max_rounds * plan.users


def worst_case_s(plan: PlannedPhase, solo_s: Mapping[str, float]) -> float:
    """The phase if every server answers one at a time and never stops early."""
    lone_s = sum(solo_s[t] for gap in range(plan.max_rounds + 1) for t in solo_targets(plan, gap))
    jobs = [SoloJob(i * plan.spacing_s, 0.0, solo_s[t]) for i, t in enumerate(plan.deal)]
    return lone_s + plan.max_rounds * serial_s(jobs)


def smallest(phases: Sequence[PlannedPhase]) -> PlannedPhase:
    """The phase whose requests make the chain."""
    return min(phases, key=lambda p: p.users)


def chain_s(phases: Sequence[PlannedPhase], solo_s: Mapping[str, float]) -> float:
    """The smallest phase's requests once more, one after another; the plan free has no phase and no chain."""
    return sum(solo_s[t] for t in smallest(phases).deal) if phases else 0.0


def warm_up_turns(targets: Sequence[str]) -> list[tuple[str, bool]]:
    """Each target twice, the first answer short, then the first target once more: (target, is short)."""
    twice = [(t, short) for t in targets for short in (True, False)]
    return [*twice, (targets[0], False)] if len(targets) > 1 else twice


@dataclass(frozen=True, slots=True)
class BudgetFit:
    """The phases that fit a budget, and what was cut, each cut a sentence with its price."""

    phases: tuple[PlannedPhase, ...]
    cuts: tuple[str, ...]


def total_s(phases: Sequence[PlannedPhase], solo_s: Mapping[str, float]) -> float:
    """Worst case of several phases one after another."""
    return sum(worst_case_s(p, solo_s) for p in phases)


def fit_to_budget(
    phases: Sequence[PlannedPhase], solo_s: Mapping[str, float], left_s: float | None, keep: int
) -> BudgetFit:
    """Rounds down to three, then later phases out, until the worst case fits; `keep` phases always stay."""
    if left_s is None or total_s(phases, solo_s) <= left_s:
        return BudgetFit(tuple(phases), ())
    kept = list(phases)
    for rounds in range(max(p.max_rounds for p in phases) - 1, BUDGET_ROUNDS - 1, -1):
        kept = [with_rounds(p, rounds) for p in phases]
        if total_s(kept, solo_s) <= left_s:
            break
    left_out = []
    while total_s(kept, solo_s) > left_s and len(kept) > keep:
        last = kept.pop()
        left_out.append(f"{last.name} left out: it needs up to {worst_case_s(last, solo_s):.0f} s more")
    return BudgetFit(tuple(kept), (*shortened(phases[: len(kept)], kept), *left_out))


def shortened(before: Sequence[PlannedPhase], after: Sequence[PlannedPhase]) -> list[str]:
    """A sentence for each phase that has fewer rounds than before."""
    return [
        f"{old.name}: {new.max_rounds} rounds instead of {old.max_rounds}"
        for old, new in zip(before, after, strict=True)
        if new.max_rounds < old.max_rounds
    ]


def with_rounds(plan: PlannedPhase, rounds: int) -> PlannedPhase:
    """The same phase with at most this many rounds."""
    return replace(plan, min_rounds=min(plan.min_rounds, rounds), max_rounds=min(plan.max_rounds, rounds))


def tokens_for_budget(
    phases: Sequence[PlannedPhase], speeds: Mapping[str, Speed], left_s: float | None
) -> dict[str, int]:
    """`max_tokens: auto`: answers of about two seconds, shortened while the worst case is over the budget."""
    aim_s = AIM_S
    tokens = equal_tokens(speeds, aim_s)
    while left_s is not None and min(tokens.values()) > BUDGET_TOKENS:
        solo_s = {t: speeds[t].solo_s(n) for t, n in tokens.items()}
        if total_s(phases, solo_s) + chain_s(phases, solo_s) <= left_s:
            break
        aim_s *= SHORTEN
        tokens = equal_tokens(speeds, aim_s, BUDGET_TOKENS)
    return tokens
