"""What is said of a stall: the two lines, the notes, the table."""

from collections.abc import Sequence
from statistics import median

from analysis.prompts.stall.events import Steps
from analysis.prompts.stall.sizes import SizeFound, per_1000_tokens_s
from analysis.prompts.stall.words import StallWord
from analysis.report.words import interval, number
from analysis.statistics.estimates import Estimate
from analysis.thresholds import STALL_HARDLY_PACE, STALL_HELPS_PRICE

HEADER = (
    "prompt", "beside", "port", "events", "read alone, s", "beside, s", "longest gap, s", "standstills",
    "stood still", "pace kept",
)  # fmt: skip
HELPS, COSTS_NOTHING, DOES_NOT_HELP = "helps", "costs-nothing", "does-not-help"


def lines_of(word: StallWord, steps: Steps, sizes: Sequence[SizeFound]) -> tuple[str, ...]:
    """Two lines that a newcomer understands; the second one says what it costs the long prompt itself."""
    own = [s for s in sizes if not s.apart] or list(sizes)
    if not own:
        return (f"Nothing can be said: {_why_unknown(steps)}.",)
    largest = max(own, key=lambda s: (s.words, s.runners))
    return _first(word, steps, largest), _second(largest)


def _first(word: StallWord, steps: Steps, s: SizeFound) -> str:
    reading = f"While a prompt of {s.tokens} tokens is read"
    usual, longest = number(s.usual_gap_s), number(max(e.longest_gap_s for e in s.events))
    kept = f"{s.pace_kept.value * 100:.0f} %" if s.pace_kept else "an unknown part"
    match word:
        case StallWord.FROZEN:
            return (
                f"{reading}, the answers of the others stand still: {longest} s without a token (usually "
                f"{usual} s), as long as the reading takes."
            )
        case StallWord.IN_PIECES:
            at_a_time = f"about {s.read_at_a_time} tokens at a time" if s.read_at_a_time else "in pieces"
            in_all = number(median(e.stood_s for e in s.events))
            return (
                f"{reading}, the answers of the others stand still {s.standstills:.0f} times, for up to "
                f"{longest} s, {in_all} s in all: the server reads {at_a_time}."
            )
        case StallWord.SLOWED:
            return (
                f"{reading}, the others go on at {kept} of their pace; the longest gap between two tokens is "
                f"{longest} s (usually {usual} s)."
            )
        case StallWord.HARDLY:
            return (
                f"{reading}, the others hardly notice: they keep {kept} of their pace, and no gap exceeds "
                f"{longest} s."
            )
        case StallWord.QUEUED:
            return (
                "No answer stands still, because a long prompt is read only when an answer has ended: it "
                "waits in line (see serial)."
            )
        case StallWord.UNKNOWN:
            return f"Nothing can be said: {_why_unknown(steps)}."


def _second(s: SizeFound) -> str:
    if s.alone_s is None or s.beside_s is None:
        return "What it costs the long prompt itself is unknown: it was not read alone."
    price = f" ({interval(s.price)} times as late)" if s.price else ""
    return (
        f"The first token of the long prompt itself comes after {number(s.beside_s.value)} s beside "
        f"{s.runners} other{'s' if s.runners > 1 else ''}, after {number(s.alone_s.value)} s alone{price}."
    )


def _why_unknown(steps: Steps) -> str:
    if steps.unseen:
        return "too few tokens of the others came before the long prompt, or they came in lumps"
    if steps.failed:
        return "requests failed"
    return "in too few events an answer ran until the long prompt was read"


def notes_of(steps: Steps, sizes: Sequence[SizeFound]) -> tuple[str, ...]:
    notes = []
    slope = per_1000_tokens_s(sizes)
    if slope is not None:
        largest = max(s.tokens for s in sizes)
        notes.append(
            f"Each 1,000 tokens more stall the others {slope:.1f} s longer, measured up to {largest:,}."
        )
    if steps.questions_behind:
        behind = number(median(wait_s for _, wait_s in steps.questions_behind))
        alone = number(median(steps.questions_alone_s)) if steps.questions_alone_s else "an unknown time of"
        notes.append(f"A short question behind it waits {behind} s for its first token, alone {alone} s.")
    apart = newcomer_of(sizes)
    if apart is not None:
        notes.append(
            {
                HELPS: "A port of its own for long prompts helps: answers here go on while it is read there.",
                COSTS_NOTHING: "A port of its own for long prompts costs nobody anything.",
                DOES_NOT_HELP: "A port of its own for long prompts does not help.",
            }[apart]
        )
    return tuple(notes)


def newcomer_of(sizes: Sequence[SizeFound]) -> str | None:
    """Whether another port for the long prompt helps; None if it was not tried."""
    apart = [s for s in sizes if s.apart]
    if not apart:
        return None
    s = max(apart, key=lambda s: (s.words, s.runners))
    stands = s.frozen is not None and s.frozen.value > 1 - STALL_HARDLY_PACE
    keeps = s.pace_kept is not None and s.pace_kept.value > STALL_HARDLY_PACE
    free = s.price is not None and s.price.value <= STALL_HELPS_PRICE
    if stands:
        return DOES_NOT_HELP
    return COSTS_NOTHING if keeps and free else HELPS


def row_of(s: SizeFound) -> tuple[str, ...]:
    return (
        f"{s.tokens:,} tokens",
        f"{s.runners}",
        "another" if s.apart else "the same",
        str(len(s.events)),
        interval(s.alone_s),
        interval(s.beside_s),
        number(max(e.longest_gap_s for e in s.events)),
        f"{s.standstills:.0f}",
        _percent(s.frozen),
        _percent(s.pace_kept),
    )


def _percent(e: Estimate | None) -> str:
    return "–" if e is None else f"{e.value * 100:.0f} %"
