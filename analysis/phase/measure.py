"""One phase measured: what verdict and report rest on, from its solos and its rounds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from analysis.files.plan import PlannedPhase
from analysis.files.request_record import STOPPED, RequestRecord, under_asked_name
from analysis.files.run import TargetInfo
from analysis.phase.far_gaps import without_far_gaps
from analysis.phase.intervals import overlap
from analysis.phase.overlap import (
    agreed,
    decode_intervals,
    in_turn,
    ports_take_turns,
    round_peak,
    slowdown,
    streams_known,
    waited_for_slots,
)
from analysis.phase.rounds import Round, cut_short, faults_of, rounds_of_phase, solos
from analysis.phase.solos import Alone, alone_by_target
from analysis.phase.speedup import fit_decode, fit_latency, ideal_peak, net_of_overhead, speedup_max
from analysis.statistics.estimates import LogEstimate, bounded_exp
from analysis.statistics.fit import Fit
from analysis.thresholds import HASTE, LEAST_SHARE, MODE_SHARE


@dataclass(frozen=True, slots=True)
class Peak:
    """K: streams seen open together; `exact` if a further one surely had to wait for an end."""

    streams: int | None  # None: the rounds do not agree, or nothing streams
    exact: bool


UNKNOWN = Peak(None, False)


@dataclass(frozen=True, slots=True)
class PhaseMeasured:
    """A phase after its last round so far. None where the data do not allow the number."""

    plan: PlannedPhase
    targets: Mapping[str, TargetInfo]
    rounds: tuple[Round, ...]
    scored: tuple[Round, ...]  # rounds in which every answer was whole
    not_whole: tuple[str, ...]  # the other rounds and failed solos, each named with its reason
    solos: tuple[RequestRecord, ...]  # whole ones
    alone: Mapping[str, Alone]
    fit: Fit | None
    speedup_net: LogEstimate | None  # overhead that rounds overlap taken out
    speedup_decode: LogEstimate | None
    speedup_max: float | None  # Gmax
    ideal_peak: int | None  # N*
    streams: bool  # False: no streaming, or answers in lumps; K and C are unknown
    total: Peak
    per_port: Mapping[str, Peak]  # by base URL
    in_turn: bool  # in every scored round each answer surely began after the one before had ended

    @property
    def speedup(self) -> LogEstimate | None:
        return self.fit.speedup if self.fit else None

    @property
    def solo_s(self) -> dict[str, float]:
        """Solo latency per target as fitted for the middle of the phase."""
        return {t: e.value for t, e in self.fit.solo_s.items()} if self.fit else {}

    @property
    def counted(self) -> list[RequestRecord]:
        """The whole solos and the requests of the scored rounds."""
        return [*self.solos, *(r for a_round in self.scored for r in a_round.requests)]

    @property
    def span_s(self) -> float:
        """First send to last end of what is counted."""
        starts = [r.start_s for r in self.counted if r.start_s is not None]
        ends = [r.end_s for r in self.counted if r.end_s is not None]
        return max(ends) - min(starts) if starts and ends else 0.0

    @property
    def drift(self) -> LogEstimate | None:
        """By what factor solo times changed over the span, as fitted."""
        if self.fit is None:
            return None
        fit, span_s = self.fit, self.span_s
        return LogEstimate(fit.drift_per_s * span_s, fit.drift_se * span_s, fit.df, len(self.counted))

    def expected_s(self, request: RequestRecord) -> float:
        """What this request would take alone: fitted for its target, its own token count, its instant."""
        assert self.fit is not None and request.start_s is not None
        alone = self.alone[request.target]
        drifted = bounded_exp(self.fit.drift_per_s * (request.start_s - self.fit.middle_s))
        share = alone.latency_for(request.tokens) / alone.latency_s
        return self.fit.solo_s[request.target].value * share * drifted

    @property
    def overhead_known(self) -> bool:
        """True if every server tells its own prefill, so that G_net is no mere lower bound."""
        return self.streams and all(self.alone[t].overhead_known for t in self.plan.deal)

    def overhead_share(self, target: str) -> float:
        """Of a solo, before its server works on it; 0 where the server does not tell its own prefill."""
        alone = self.alone[target]
        return min(alone.overhead_s / alone.latency_s, 1 - LEAST_SHARE) if self.overhead_known else 0.0

    def busy_s(self, request: RequestRecord) -> float:
        """How long this request keeps its server at work alone: less the overhead, where that is known."""
        overhead_s = self.alone[request.target].latency_s * self.overhead_share(request.target)
        return max(self.expected_s(request) - overhead_s, LEAST_SHARE * self.expected_s(request))

    @property
    def slowdown(self) -> float | None:
        """How many times as long answers decode together as alone."""
        return slowdown(self.scored, lambda r: self.alone[r.target].decode_for(r.tokens))

    @property
    def decode_overlaps(self) -> list[float]:
        """C of each scored round that streamed."""
        overlaps = (overlap(decode_intervals(r.requests)) for r in self.scored)
        return [c for c in overlaps if c is not None]

    @property
    def topology(self) -> str:
        """What the phase compares: one-port, ports, programs (of different kinds) or machines."""
        infos = [self.targets[t] for t in dict.fromkeys(self.plan.deal)]
        if len({i.machine for i in infos}) > 1:
            return "machines"
        if len({i.base_url for i in infos}) == 1:
            return "one-port"
        return "programs" if len({i.kind for i in infos}) > 1 else "ports"

    @property
    def takes_turns(self) -> bool:
        """Whether the ports answered one at a time, each its own requests together."""
        return self.streams and _take_turns(self.scored)

    @property
    def all_overlap(self) -> bool:
        """Whether all requests of a round were surely open together: then more users may still fit."""
        return self.total.streams is not None and self.total.streams >= self.plan.users

    @property
    def ports(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self.targets[t].base_url for t in self.plan.deal))


def measure_phase(
    plan: PlannedPhase, records: Sequence[RequestRecord], targets: Mapping[str, TargetInfo]
) -> PhaseMeasured:
    """The phase as its records show it; a round with an answer that is not whole is named, not scored.

    What an interruption cut short says nothing of the servers: neither scored nor counted.
    """
    if plan.max_tokens is not None:
        targets = {name: replace(info, max_tokens=plan.max_tokens) for name, info in targets.items()}
    asked = {name: info.max_tokens for name, info in targets.items()}
    own = [under_asked_name(r, targets[r.target].answers_as) for r in records if r.phase == plan.name]
    records = without_far_gaps(own)
    rounds = rounds_of_phase(records, plan.name)
    if rounds and cut_short(rounds[-1], plan.users):
        rounds = rounds[:-1]
    lone = [s for s in solos(records, plan.name) if s.error != STOPPED]
    faults = [faults_of(r.requests, plan.users, asked) for r in rounds]
    scored = tuple(r for r, fault in zip(rounds, faults, strict=True) if not fault)
    whole = tuple(s for s in lone if not faults_of((s,), 1, asked))
    alone = alone_by_target(whole)
    complete = bool(scored) and set(plan.deal) <= set(alone)
    fit = fit_latency(plan, whole, scored, alone) if complete else None
    streams = complete and _streams(plan, whole, scored, alone)
    reading_s = _reading_s(
        whole, slowdown(scored, lambda r: alone[r.target].decode_for(r.tokens)) if streams else None
    )
    return PhaseMeasured(
        plan=plan,
        targets=targets,
        rounds=rounds,
        scored=scored,
        not_whole=tuple(
            [f"round {r.index + 1}: {'; '.join(f)}" for r, f in zip(rounds, faults, strict=True) if f]
            + [f"solo: {fault}" for s in lone for fault in faults_of((s,), 1, asked)]
        ),
        solos=whole,
        alone=alone,
        fit=fit,
        speedup_net=net_of_overhead(plan, fit.speedup, alone, streams) if fit else None,
        speedup_decode=fit_decode(plan, whole, scored, alone) if streams else None,
        speedup_max=speedup_max(plan, scored, alone) if complete else None,
        ideal_peak=ideal_peak(plan, alone, streams) if complete else None,
        streams=streams,
        total=_peak([r.requests for r in scored], reading_s, _take_turns(scored)) if streams else UNKNOWN,
        per_port=_peak_per_port(scored, targets, reading_s) if streams else {},
        in_turn=streams and all(in_turn(r.requests, lambda q: reading_s[q.target]) for r in scored),
    )


def _streams(
    plan: PlannedPhase,
    whole: Sequence[RequestRecord],
    scored: Sequence[Round],
    alone: Mapping[str, Alone],
) -> bool:
    """Whether tokens arrive as they are made, alone and together."""
    if not streams_known([s for s in whole if s.target in plan.deal]):
        return False
    if agreed([round_peak(a.requests) for a in scored]) == 1:
        return True  # one at a time is seen, however slow the solos were
    return (slowdown(scored, lambda r: alone[r.target].decode_for(r.tokens)) or 0.0) >= HASTE


def _take_turns(rounds: Sequence[Round]) -> bool:
    turns = sum(ports_take_turns(r.requests) for r in rounds)
    return bool(rounds) and turns >= MODE_SHARE * len(rounds)


def _peak(
    rounds: Sequence[Sequence[RequestRecord]], reading_s: Mapping[str, float], turns: bool = False
) -> Peak:
    """K, exact where requests were seen to wait for a slot, and not for the turn of their port."""
    streams = agreed([round_peak(requests) for requests in rounds])
    if not streams:
        return UNKNOWN
    exact = sum(waited_for_slots(requests, streams, lambda r: reading_s[r.target]) for requests in rounds)
    return Peak(streams, exact >= MODE_SHARE * len(rounds) and not turns)


def _reading_s(whole: Sequence[RequestRecord], slower: float | None) -> dict[str, float]:
    """How long a prompt may take to be read, by target: the longest first token alone, at the rounds' pace.

    The longest, because some prompts may come from a cache.
    """
    longest: dict[str, float] = {}
    for r in whole:
        longest[r.target] = max(longest.get(r.target, 0.0), r.ttft_s or 0.0)
    return {target: reading_s * max(slower or 1.0, 1.0) for target, reading_s in longest.items()}


def _peak_per_port(
    rounds: Sequence[Round], targets: Mapping[str, TargetInfo], reading_s: Mapping[str, float]
) -> dict[str, Peak]:
    ports = dict.fromkeys(targets[r.target].base_url for a in rounds for r in a.requests)
    return {
        port: _peak(
            [[r for r in a.requests if targets[r.target].base_url == port] for a in rounds], reading_s
        )
        for port in ports
    }
