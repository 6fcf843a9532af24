"""`HowMany`: what the levels of a run show, all together."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from analysis.capacity.answers import ServiceTarget, answer_of, relative_target
from analysis.capacity.levels import OF_LEVELS, Level, levels_of, of_visit
from analysis.capacity.people import people, share_of, share_with
from analysis.capacity.shown import Pace, Shown, alike, alone_by_room, design_effect, refuted, shown
from analysis.capacity.throughput import WorthHaving, answers_per_min, together, tokens_per_s, worth_having
from analysis.capacity.why import Why, why
from analysis.files.plan import Visit
from analysis.files.request_record import PEOPLE, RequestRecord
from analysis.statistics.estimates import LogEstimate, percentile
from analysis.thresholds import LEVEL_DRIFT

REFUTED, NOT_SHOWN, NOT_SETTLED = "refuted", "not shown", "not settled"


@dataclass(frozen=True, slots=True)
class Next:
    """The lowest measured level above the number carried, and what is known of it."""

    users: int
    met: int
    of: int
    verdict: str  # refuted, not shown (three misses), not settled (too few answers)


@dataclass(frozen=True, slots=True)
class People:
    """About so many persons with think time, computed from the levels."""

    think_s: float
    about: int
    messages_per_min: float


@dataclass(frozen=True, slots=True)
class PeopleMeasured:
    """So many people with think time, in a run of minutes: that can refute a number, never show it."""

    users: int
    met: int
    of: int
    refuted: bool
    expected: float | None  # share met, computed from the levels


@dataclass(frozen=True, slots=True)
class HowMany:
    """All numbers of a sweep; None is what the answers do not show."""

    target: ServiceTarget
    levels: tuple[Level, ...]
    carries: int | None
    shown: Shown | None
    above: Next | None
    together: int | None
    together_exact: bool  # more were asked at some level, and yet no more ran together
    worth: WorthHaving | None
    why: Why
    tokens_per_s: Mapping[int, LogEstimate]
    answers_per_min: Mapping[int, LogEstimate]
    people: People | None
    people_measured: PeopleMeasured | None
    drift: float | None  # time per token at the end over that at the start, one user
    solo_s: float
    solo_ttft_s: float | None
    contradicted: bool  # the share surely rises again with more users

    @property
    def settled(self) -> bool:
        """False where the server changed so much during the run that no number holds."""
        return not self.contradicted and (self.drift is None or self.drift <= LEVEL_DRIFT)

    def level(self, users: int) -> Level | None:
        return next((v for v in self.levels if v.users == users), None)


def how_many(
    rows: Sequence[RequestRecord],
    visits: Sequence[Visit],
    wanted: ServiceTarget,
    think_s: float = 30.0,
    ports: int = 1,
    people_visit: Visit | None = None,
) -> HowMany | None:
    """What the rows of kinds `level` and `free` show; None if not one answer counts."""
    levels = [v for v in levels_of(rows, visits, wanted) if v.answers]
    target = wanted
    if levels and levels[0].users == 1 and _misses_alone(levels[0], wanted):
        relative = relative_target(list(levels[0].answers), wanted)
        if relative is not None:
            target = relative
            levels = [v for v in levels_of(rows, visits, target) if v.answers]
    if not levels:
        return None
    solo_s = math.fsum(a.duration_s for a in levels[0].answers) / len(levels[0].answers) / levels[0].users
    pace = Pace(solo_s, alike([v.answers for v in levels], solo_s))
    tokens = {v.users: r for v in levels if (r := tokens_per_s(v, pace)) is not None}
    per_min = {v.users: r for v in levels if (r := answers_per_min(v, pace)) is not None}
    every = [a for r in rows if r.kind in OF_LEVELS and (a := answer_of(r, target)) is not None]
    reason = why(levels, tokens, target, every)
    carries, proof = _carries(levels, pace, by_chance=reason is Why.IRREGULAR)
    peaks = {v.users: k for v in levels if (k := together(v)) is not None}
    most = max(peaks.values(), default=None)
    ttfts = [a.ttft_s for a in levels[0].answers if a.ttft_s is not None]
    return HowMany(
        target=target,
        levels=tuple(levels),
        carries=carries,
        shown=proof,
        above=_above(levels, carries),
        together=most,
        together_exact=most is not None and max(peaks) > most,
        worth=worth_having({u: r for u, r in tokens.items() if u <= (carries or 1)}),
        why=reason,
        tokens_per_s=tokens,
        answers_per_min=per_min,
        people=_people(levels, per_min, think_s, ports) if carries else None,
        people_measured=_people_measured(rows, people_visit, target, levels, per_min, think_s, ports, pace),
        drift=_drift(rows, visits, target),
        solo_s=solo_s,
        solo_ttft_s=percentile(ttfts, 0.5) if ttfts else None,
        contradicted=_contradicted(levels),
    )


def _misses_alone(alone: Level, wanted: ServiceTarget) -> bool:
    """Whether even one user at a time surely misses this target, though the answers came."""
    first = [a for a in alone.answers if not a.failed]
    return bool(first) and refuted(sum(a.met for a in first), len(first))


def _carries(levels: Sequence[Level], pace: Pace, by_chance: bool) -> tuple[int | None, Shown | None]:
    """The most users that are shown, below the lowest level that is refuted; and what shows them.

    `by_chance`: answers are late now and then whatever the number of users. Then only counts show anything:
    some in a row without a miss are luck.
    """
    ends = next((i for i, v in enumerate(levels) if refuted(v.met, len(v.answers))), len(levels))
    for i in reversed(range(ends)):
        lower_missed = by_chance or any(v.misses for v in levels[:i])
        found = shown(levels[i], levels[i + 1 :], lower_missed, pace)
        if found is not None:
            return levels[i].users, found
    if levels[0].users == 1 and ends > 0 and not by_chance:
        found = alone_by_room(levels[0].answers)
        if found is not None:
            return 1, found
    return None, None


def _above(levels: Sequence[Level], carries: int | None) -> Next | None:
    """What was seen of the next higher level."""
    for level in levels:
        if level.users > (carries or 0):
            word = NOT_SHOWN if level.misses >= 3 else NOT_SETTLED
            if refuted(level.met, len(level.answers)):
                word = REFUTED
            return Next(level.users, level.met, len(level.answers), word)
    return None


def _drift(rows: Sequence[RequestRecord], visits: Sequence[Visit], target: ServiceTarget) -> float | None:
    """Median time per token of one user at the end, over that of its last four answers at the start."""
    alone = [i for i, v in enumerate(visits) if v.users == 1]
    if len(alone) < 2:
        return None
    first, last = (_paces_of(rows, visits, i, target) for i in (alone[0], alone[-1]))
    if not first or not last:
        return None
    return percentile(last, 0.5) / percentile(first[-4:], 0.5)


def _paces_of(
    rows: Sequence[RequestRecord], visits: Sequence[Visit], index: int, target: ServiceTarget
) -> list[float]:
    """Seconds per token of the answers of one visit that count, in order."""
    sent = [
        a
        for r in rows
        if r.round == index and r.kind in OF_LEVELS and (a := answer_of(r, target)) is not None
    ]
    return [
        a.tpot_s or a.duration_s / max(a.tokens, 1) for a in of_visit(visits[index], sent) if not a.failed
    ]


def _people(
    levels: Sequence[Level], per_min: Mapping[int, LogEstimate], think_s: float, ports: int
) -> People | None:
    """From the levels of which the throughput is known."""
    known = [v for v in levels if v.users in per_min]
    if not known or known[0].users != 1:
        return None
    rates = {v.users: per_min[v.users].value / 60 for v in known}
    about, messages = people(think_s, rates, {v.users: share_of(v) for v in known}, ports)
    return People(think_s, about, messages) if about else None


def _people_measured(
    rows: Sequence[RequestRecord],
    visit: Visit | None,
    target: ServiceTarget,
    levels: Sequence[Level],
    per_min: Mapping[int, LogEstimate],
    think_s: float,
    ports: int,
    pace: Pace,
) -> PeopleMeasured | None:
    """Those who were measured. Misses come in bursts: their count is divided by the design effect."""
    if visit is None:
        return None
    sent = [a for r in rows if r.kind == PEOPLE and (a := answer_of(r, target)) is not None]
    counted = of_visit(visit, sent)
    if not counted:
        return None
    met, effect = sum(a.met for a in counted), design_effect(counted, pace, all_levels=True)
    known = [v for v in levels if v.users in per_min]
    expected = None
    if known and known[0].users == 1:
        rates = {v.users: per_min[v.users].value / 60 for v in known}
        expected = share_with(visit.users, think_s, rates, {v.users: share_of(v) for v in known}, ports)
    surely_not = refuted(round(met / effect), round(len(counted) / effect))
    return PeopleMeasured(visit.users, met, len(counted), surely_not, expected)


def _contradicted(levels: Sequence[Level]) -> bool:
    """Whether a level is refuted and one with at least twice the users is shown by its own count."""
    fallen = [v.users for v in levels if refuted(v.met, len(v.answers))]
    risen = [v.users for v in levels if len(v.answers) >= 22 and v.misses == 0]
    return any(high > low for low in fallen for high in risen)
