"""The word of a phase of kind `stall`, and the conditions that it rests on."""

from collections.abc import Sequence
from statistics import median

from analysis.conditions.condition import Condition
from analysis.prompts.stall.events import Event, Steps
from analysis.prompts.stall.sizes import SizeFound
from analysis.prompts.stall.words import StallWord
from analysis.thresholds import (
    STALL_BEHIND,
    STALL_FROZEN,
    STALL_HARDLY_LOST_S,
    STALL_HARDLY_PACE,
    STALL_HARDLY_TIMES,
    STALL_IN_PIECES,
    STALL_MIN_EVENTS,
    STALL_SIZE_OFF,
    STALL_SLOW_PACE_S,
    STALL_USUAL_BAND,
    STALL_WORTH_S,
    STALL_WORTH_TIMES,
    STANDSTILL_S,
)


def word_of(steps: Steps, sizes: Sequence[SizeFound]) -> StallWord:
    """The first that fits, by the runners' own port; by another one if only that was measured."""
    own = [s for s in sizes if not s.apart] or list(sizes)
    events = [e for s in own for e in s.events]
    if events and sum(_queued(e, s) for s in own for e in s.events) > len(events) / 2:
        return StallWord.QUEUED
    through = [e for e in events if e.ran_through]
    if len(through) < STALL_MIN_EVENTS or any(e.usual_gap_s > STALL_SLOW_PACE_S for e in through):
        return StallWord.UNKNOWN
    if all(_hardly(e) for e in through) and all(_keeps_pace(s) for s in own):
        return StallWord.HARDLY
    judged = _judged_at(own)
    if judged and all(e.frozen >= STALL_FROZEN for e in judged.events):
        if all(e.share >= STALL_FROZEN for e in judged.events):
            return StallWord.FROZEN
        if all(e.share <= STALL_IN_PIECES and e.standstills >= 2 for e in judged.events):
            return StallWord.IN_PIECES
    return StallWord.SLOWED


def _queued(event: Event, size: SizeFound) -> bool:
    """An answer ended before the newcomer's first token, and its reading fits behind that end."""
    if event.ended_before is None or size.alone_s is None:
        return False
    return event.ended_before <= STALL_BEHIND * size.alone_s.value and event.reading_s > event.ended_before


def _hardly(e: Event) -> bool:
    return e.stall_s < max(STALL_HARDLY_TIMES * e.usual_gap_s, STANDSTILL_S)


def _keeps_pace(s: SizeFound) -> bool:
    kept = s.pace_kept
    surely = kept is not None and kept.low is not None and kept.low > STALL_HARDLY_PACE
    return surely or all(e.lost_s < STALL_HARDLY_LOST_S for e in s.events)


def _judged_at(own: Sequence[SizeFound]) -> SizeFound | None:
    """The largest size whose reading lasts long enough to tell a standstill from a gap."""
    long_enough = [
        s
        for s in own
        if s.beside_s is not None
        and s.beside_s.value > max(STALL_WORTH_TIMES * s.usual_gap_s, STALL_WORTH_S)
        and len(s.events) >= STALL_MIN_EVENTS
    ]
    return max(long_enough, key=lambda s: (s.words, s.runners), default=None)


def conditions_of(steps: Steps, sizes: Sequence[SizeFound], cached: int) -> tuple[Condition, ...]:
    """`cached`: newcomers of which the server had read a part before."""
    events = [e for s in sizes for e in s.events]
    return (
        _ran_through(events),
        _whole(steps),
        _one_size(steps),
        Condition(
            "nothing cached",
            cached == 0,
            f"{cached} of the long prompts were partly in the server's cache"
            if cached
            else "each was read anew",
            "switch the server's prompt cache off for this measurement",
        ),
        _steady(sizes),
    )


def _ran_through(events: Sequence[Event]) -> Condition:
    through = sum(e.ran_through > 0 for e in events)
    return Condition(
        "runners ran",
        through == len(events) if events else None,
        f"in {through} of {len(events)} events an answer ran until the long prompt was read",
        "a longer budget, which allows longer answers; with one slot none can run beside it",
    )


def _whole(steps: Steps) -> Condition:
    lost = steps.failed + steps.unseen
    return Condition(
        "events whole",
        lost == 0,
        f"{steps.failed} steps failed, in {steps.unseen} too few tokens came before the long prompt"
        if lost
        else "no request failed",
        "see the errors in PREFIX_requests.csv",
    )


def _one_size(steps: Steps) -> Condition:
    """Prompts of as many words have as many tokens, within 5 %."""
    counted: dict[int, list[int]] = {}
    sent = [(a.words, a.tokens) for a in steps.alone] + [(e.words, e.tokens) for e in steps.events]
    for words, tokens in sent:
        if tokens is not None:
            counted.setdefault(words, []).append(tokens)
    if not counted:
        return Condition("sizes", None, "no server reports prompt tokens; sizes are guessed from words")
    worst = max(max(n) / min(n) - 1 for n in counted.values())
    return Condition(
        "sizes", worst <= STALL_SIZE_OFF, f"prompts of one size differ by at most {worst * 100:.1f} %"
    )


def _steady(sizes: Sequence[SizeFound]) -> Condition:
    """A server that goes on with answers whose client hung up is slower from the second event on.

    The gap jumps there and stays; drift does not jump, and scatter does not stay.
    """
    by_runners: dict[int, list[float]] = {}
    for s in sizes:
        if not s.apart:
            by_runners.setdefault(s.runners, []).extend(e.usual_gap_s for e in s.events)
    enough = [gaps for gaps in by_runners.values() if len(gaps) >= STALL_MIN_EVENTS]
    jumps = [min(gaps[1], median(gaps[1:])) / gaps[0] for gaps in enough]
    if not jumps:
        return Condition("quiet again", None, "too few events to see whether a hang-up stops the server")
    worst = max(jumps)
    return Condition(
        "quiet again",
        worst <= STALL_USUAL_BAND,
        f"after the first event the usual gap between tokens was {worst:.1f} times as long",
        "the server goes on with answers whose client hung up, or somebody else uses it",
    )
