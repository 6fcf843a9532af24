"""Lengths of answers: together over alone, and tokens against the chunks that arrived."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, variance

from analysis.conditions.condition import Condition
from analysis.phase.measure import PhaseMeasured
from analysis.statistics.estimates import LogEstimate
from analysis.thresholds import LENGTHS_BAND, SURELY, TOKENS_AGREE

REPORT_USAGE = "let the server, or the proxy in front of it, report usage in its answers"


@dataclass(frozen=True, slots=True)
class Lengths:
    """Tokens of each answer of one target, or chunks where the server counts none."""

    target: str
    alone: Sequence[int]
    together: Sequence[int]

    @property
    def ratio(self) -> LogEstimate:
        """Of the means, together over alone (Welch's interval of its logarithm)."""
        samples = [n for n in (self.alone, self.together) if len(n) > 1]
        parts = [(variance(n) / len(n) / fmean(n) ** 2, len(n) - 1) for n in samples]
        error = sum(part for part, _ in parts)
        spread = sum(part**2 / df for part, df in parts)
        log = math.log(fmean(self.together) / fmean(self.alone))
        df = error**2 / spread if spread else math.inf
        return LogEstimate(log, math.sqrt(error), df, len(self.together))


def lengths_of(phase: PhaseMeasured) -> list[Lengths]:
    """One for each target that answered both alone and together."""
    lengths = []
    for target in dict.fromkeys(phase.plan.deal):
        alone = [r.tokens for r in phase.solos if r.target == target and r.tokens]
        together = [r.tokens for a in phase.scored for r in a.requests if r.target == target and r.tokens]
        if alone and together:
            lengths.append(Lengths(target, alone, together))
    return lengths


def token_counts(phase: PhaseMeasured) -> Condition:
    pairs = [
        (r.chunks, r.output_tokens)
        for r in phase.solos
        if r.chunks is not None and r.output_tokens is not None and phase.streams
    ]
    if not pairs and any(r.output_tokens is not None for r in phase.counted):
        return Condition("token counts", None, "no chunks to compare with the tokens that the server counts")
    if not pairs:
        sentence = "the server reports no usage: chunks were counted"
        return Condition("token counts", None, sentence, REPORT_USAGE)
    ratio = fmean(chunks / tokens for chunks, tokens in pairs)
    return Condition(
        "token counts",
        True if abs(ratio - 1) <= TOKENS_AGREE else None,
        f"{ratio:.2f} chunks arrive per token the server counts",
    )


def answer_lengths(phase: PhaseMeasured) -> Condition:
    """Times are normalised by tokens where these are counted and stream; elsewhere answers must be alike.

    A chunk is not always a token, and the faster they come the more may share one. Without streams the
    time of a token is unknown.
    """
    lengths = lengths_of(phase)
    if not lengths:
        counted = any(r.tokens for r in phase.counted)
        why = "no target has whole answers both alone and together" if counted else "no tokens were counted"
        return Condition("answer lengths", None, why)
    off = [n for n in lengths if n.ratio.surely_outside(LENGTHS_BAND, SURELY)]
    worst = max(off or lengths, key=lambda n: abs(n.ratio.log))
    counted = phase.streams and all(r.output_tokens is not None for r in phase.counted)
    if phase.fit is None:  # then it is unknown whether they stream
        why = "not allowed for"
    else:
        why = "answers do not stream" if not phase.streams else "chunks were counted, not tokens"
    return Condition(
        "answer lengths",
        counted or not off,
        f"{worst.target}'s answers are {worst.ratio.value:.2f} times as long together as alone "
        f"({'allowed for in all times' if counted else why})",
        "ask for fewer tokens than any answer would have, or measure where tokens stream and are counted",
    )
