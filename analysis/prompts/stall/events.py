"""The steps of a phase of kind `stall`, and what one event shows.

A step is all rows of one `round`: a newcomer alone; a newcomer beside runners, which is an event; a short
question alone; a short question behind a newcomer.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean, median

from analysis.files.request_record import LATECOMER, NEWCOMER, RUNNER, RequestRecord
from analysis.prompts.stall.chunks import Arrivals
from analysis.thresholds import STALL_LEAST_GAPS, STANDSTILL_S, STANDSTILL_TIMES

TOO_LONG = (400, 413, 422)  # the status of a prompt that is refused for its length


@dataclass(frozen=True, slots=True)
class Alone:
    """A newcomer with nothing else open."""

    words: int
    tokens: int | None  # of its prompt, as the server counts
    base_url: str
    at_s: float
    reading_s: float  # until its first token


@dataclass(frozen=True, slots=True)
class Event:
    """A newcomer beside runners. s: it was sent; f: its first token came; g: a gap of a runner's tokens."""

    words: int
    tokens: int | None
    runners: int
    base_url: str  # of the newcomer
    apart: bool  # its port is not the runners'
    at_s: float
    reading_s: float  # f − s
    usual_gap_s: float  # the median gap before s
    longest_gap_s: float  # that overlaps [s, f]; of the runners the worst
    standstills: int  # gaps of more than max(5 usual ones, 0.25 s)
    stood_s: float  # within [s, f], of the runner that stood longest
    pace_kept: float  # P: tokens within [s, f] over those at the runner's own usual gap; mean of the runners
    ran_through: int  # runners that had a token after f, or were open then
    ended_before: float | None  # the last end of a runner between s and f: seconds before f

    @property
    def stall_s(self) -> float:
        return max(self.longest_gap_s - self.usual_gap_s, 0.0)

    @property
    def share(self) -> float:
        """ρ: the longest standstill over the reading of the same event."""
        return self.stall_s / self.reading_s

    @property
    def frozen(self) -> float:
        """The part of the reading in which nobody got a token."""
        return self.stood_s / self.reading_s

    @property
    def lost_s(self) -> float:
        """By each runner."""
        return (1 - self.pace_kept) * self.reading_s


@dataclass(frozen=True, slots=True)
class Steps:
    """All that a phase has measured, in order."""

    alone: tuple[Alone, ...]
    events: tuple[Event, ...]
    questions_alone_s: tuple[float, ...]  # first token of the short question
    questions_behind: tuple[tuple[int, float], ...]  # (words of the prompt before it, its first token)
    failed: int  # steps with an error in them
    unseen: int  # events without the runners' tokens


def steps_of(records: Sequence[RequestRecord], arrivals: Arrivals) -> Steps:
    """`records`: of this phase only."""
    by_round: dict[int, list[RequestRecord]] = defaultdict(list)
    for r in records:
        by_round[r.round or 0].append(r)
    alone, events = list[Alone](), list[Event]()
    questions, behind = list[float](), list[tuple[int, float]]()
    failed = unseen = 0
    for _, rows in sorted(by_round.items()):
        kinds = {r.kind: r for r in rows}
        newcomer, late = kinds.get(NEWCOMER), kinds.get(LATECOMER)
        runners = [r for r in rows if r.kind == RUNNER]
        if newcomer is not None and len(rows) == 1 and newcomer.error and newcomer.http_status in TOO_LONG:
            continue  # more than the context holds: the list of sizes ends there
        if any(r.error is not None for r in rows):
            failed += 1
        elif late is not None and late.ttft_s is not None:
            if newcomer is None:
                questions.append(late.ttft_s)
            else:
                behind.append((newcomer.prompt_words or 0, late.ttft_s))
        elif newcomer is not None and newcomer.send_s is not None and newcomer.ttft_s:
            if not runners:
                alone.append(_alone(newcomer, newcomer.send_s, newcomer.ttft_s))
            elif (event := _event(newcomer, runners, arrivals)) is not None:
                events.append(event)
            else:
                unseen += 1
    return Steps(tuple(alone), tuple(events), tuple(questions), tuple(behind), failed, unseen)


def _alone(newcomer: RequestRecord, send_s: float, reading_s: float) -> Alone:
    words = newcomer.prompt_words or 0
    return Alone(words, newcomer.prompt_tokens, newcomer.base_url, send_s, reading_s)


def _event(newcomer: RequestRecord, runners: Sequence[RequestRecord], arrivals: Arrivals) -> Event | None:
    """None where too few tokens came before the newcomer to know the usual gap."""
    s, f = newcomer.send_s, newcomer.first_token_s
    tokens_s = [arrivals.get((r.worker, r.request_id), ()) for r in runners]
    if s is None or f is None or f <= s:
        return None
    before = [b - a for came in tokens_s for a, b in pairwise(came) if b <= s]
    if len(before) < STALL_LEAST_GAPS or not all(came and came[0] <= s for came in tokens_s):
        return None
    usual_s = median(before)
    gaps = [_gaps_within(came, r, s, f) for came, r in zip(tokens_s, runners, strict=True)]
    limit_s = max(STANDSTILL_TIMES * usual_s, STANDSTILL_S)
    stood = [[(a, b) for a, b in each if b - a > limit_s] for each in gaps]
    ends = [r.end_s for r in runners if r.ended_by != "client" and r.end_s is not None and s < r.end_s <= f]
    return Event(
        words=newcomer.prompt_words or 0,
        tokens=newcomer.prompt_tokens,
        runners=len(runners),
        base_url=newcomer.base_url,
        apart=newcomer.base_url not in {r.base_url for r in runners},
        at_s=s,
        reading_s=f - s,
        usual_gap_s=usual_s,
        longest_gap_s=max((b - a for each in gaps for a, b in each), default=0.0),
        standstills=max(len(each) for each in stood),
        stood_s=max(sum(min(b, f) - max(a, s) for a, b in each) for each in stood),
        pace_kept=fmean(
            sum(s < at <= f for at in came) * _usual_s(came, s, usual_s) / (f - s) for came in tokens_s
        ),
        ran_through=sum(r.end_s is None or r.end_s > f for r in runners),
        ended_before=f - max(ends) if ends else None,
    )


def _usual_s(came: Sequence[float], s: float, of_all_s: float) -> float:
    gaps = [b - a for a, b in pairwise(came) if b <= s]
    return median(gaps) if len(gaps) >= STALL_LEAST_GAPS else of_all_s


def _gaps_within(
    came: Sequence[float], runner: RequestRecord, s: float, f: float
) -> list[tuple[float, float]]:
    """The gaps that overlap [s, f]; the last one lasts until the runner ended, if no token came after it."""
    end_s = runner.end_s
    closed = (
        [*came, end_s] if end_s is not None and end_s > came[-1] and runner.ended_by == "client" else came
    )
    return [(a, b) for a, b in pairwise(closed) if b > s and a < f]


def by_size(events: Sequence[Event]) -> Mapping[tuple[int, int, bool], list[Event]]:
    """Events of one prompt, number of runners and port together."""
    found: dict[tuple[int, int, bool], list[Event]] = defaultdict(list)
    for event in events:
        found[event.words, event.runners, event.apart].append(event)
    return dict(sorted(found.items()))
