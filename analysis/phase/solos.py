"""What each target needs alone: the solos of a phase, normalised to their mean number of tokens."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean

from analysis.files.plan import PlannedPhase
from analysis.files.request_record import RequestRecord
from analysis.phase.rounds import Round, SoloJob
from analysis.thresholds import LEAST_SHARE, LUMP_SHARE


@dataclass(frozen=True, slots=True)
class Alone:
    """One target alone: means over its whole solos of one phase."""

    target: str
    tokens: int  # the solo times below are for this many output tokens
    latency_s: float
    ttft_s: float | None  # None: it does not stream
    tpot_s: float | None
    prefill_s: float | None  # as the server tells it; None if it does not
    overhead_s: float  # without compute: TTFT less the server's own prefill, and the end of the stream
    n: int

    @property
    def overhead_known(self) -> bool:
        """False where the server does not tell its prefill: then `overhead_s` is an upper bound."""
        return self.prefill_s is not None

    def latency_for(self, tokens: int | None) -> float:
        """Solo latency of an answer with this many tokens: an early stop is normal, not a failure."""
        if tokens is None:
            return self.latency_s
        return _at_length(self.latency_s, self.tpot_s, tokens - self.tokens)

    def decode_for(self, tokens: int | None) -> float:
        """Solo decode time of an answer with this many tokens; 0 where it does not stream."""
        return (self.tpot_s or 0.0) * ((tokens or 0) - 1)

    def normalised_latency_s(self, solo: RequestRecord) -> float:
        """Latency that one of its solos would have had at `tokens`: B = TTFT + TPOT·(tokens − 1)."""
        assert solo.latency_s is not None and solo.units is not None
        tpot_s = solo.tpot_s if streamed(solo) else self.tpot_s
        return _at_length(solo.latency_s, tpot_s, self.tokens - (solo.tokens or 0))

    def normalised_decode_s(self, solo: RequestRecord) -> float:
        """Decode time that one of its solos, a streamed one, would have had at `tokens`."""
        return (solo.tpot_s or 0.0) * (self.tokens - 1)


def streamed(solo: RequestRecord) -> bool:
    """Whether its tokens came one by one; else all in a lump, and its latency is all that it says.

    A client that slept, or an answer of one token: then its first token tells nothing of prefill either.
    """
    return bool(solo.tpot_s) and decode_share(solo) >= LUMP_SHARE


def decode_share(solo: RequestRecord) -> float:
    """Of the solo, from its first token to its last; 0 where that is not seen."""
    return 0.0 if solo.decode_s is None or not solo.latency_s else solo.decode_s / solo.latency_s


def _at_length(latency_s: float, tpot_s: float | None, tokens_more: int) -> float:
    return max(latency_s + (tpot_s or 0.0) * tokens_more, LEAST_SHARE * latency_s)


def alone_by_target(solos: Sequence[RequestRecord]) -> dict[str, Alone]:
    """For each target with at least one whole solo, at the mean length of its whole solos.

    Not at the tokens asked for: answers that all stop early would be extrapolated beyond what was measured.
    """
    by_target: dict[str, Alone] = {}
    for target in sorted({s.target for s in solos}):
        mine = [s for s in solos if s.target == target]
        seen = [s for s in mine if streamed(s)] or mine
        ttfts = [s.ttft_s for s in seen if s.ttft_s is not None]
        tpots = [s.tpot_s for s in seen if s.tpot_s is not None]
        prefills = [s.server_prefill_s for s in mine if s.server_prefill_s is not None]
        alone = Alone(
            target=target,
            tokens=round(fmean(s.tokens or 0 for s in mine)),
            latency_s=0.0,
            ttft_s=fmean(ttfts) if ttfts else None,
            tpot_s=fmean(tpots) if tpots else None,
            prefill_s=fmean(prefills) if len(prefills) == len(mine) else None,
            overhead_s=fmean(map(_overhead_s, seen)),
            n=len(mine),
        )
        by_target[target] = replace(alone, latency_s=fmean(map(alone.normalised_latency_s, mine)))
    return by_target


def _overhead_s(solo: RequestRecord) -> float:
    before_s = max((solo.ttft_s or 0.0) - (solo.server_prefill_s or 0.0), 0.0)
    after_s = 0.0 if solo.last_token_s is None else (solo.end_s or 0.0) - solo.last_token_s
    return before_s + max(after_s, 0.0)


def planned_jobs(plan: PlannedPhase, alone: Mapping[str, Alone]) -> list[SoloJob]:
    """The phase's schedule with every answer at the length its target's solos had."""
    return [
        SoloJob(i * plan.spacing_s, alone[t].ttft_s or 0.0, alone[t].latency_s)
        for i, t in enumerate(plan.deal)
    ]


def jobs_of_round(a_round: Round, alone: Mapping[str, Alone]) -> list[SoloJob]:
    """The schedule of one round as it was sent, each answer at the length it had."""
    due = [r.scheduled_s or 0.0 for r in a_round.requests]
    return [
        SoloJob(d - min(due), alone[r.target].ttft_s or 0.0, alone[r.target].latency_for(r.tokens))
        for d, r in zip(due, a_round.requests, strict=True)
    ]
