"""The turns of one part together: which of its users had their history kept."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from analysis.files.plan import TOGETHER
from analysis.prompts.talk.line import Line
from analysis.prompts.talk.parts import ALONE, SYSTEM, Conversation, Groups, Part
from analysis.prompts.talk.turns import Turn, common_tokens, turns_of
from analysis.thresholds import TALK_FIRST_JUDGED


@dataclass(frozen=True, slots=True)
class GroupFound:
    """Of one part: its turns from the second on, by user and repetition."""

    part: Part
    by_user: tuple[tuple[int, tuple[Turn, ...]], ...]  # (user, turns), one entry per repetition

    @property
    def turns(self) -> list[Turn]:
        """Those that are judged: the second is often lost while slots are still being shared out."""
        return [t for _, turns in self.by_user for t in turns if t.number >= TALK_FIRST_JUDGED]

    @property
    def users_kept(self) -> int | None:
        """Users all of whose judged turns were kept, in every repetition; None where a user is unknown."""
        kept: dict[int, list[bool | None]] = {}
        for user, turns in self.by_user:
            kept.setdefault(user, []).extend(t.kept for t in turns if t.number >= TALK_FIRST_JUDGED)
        states = [_all_kept(each) for each in kept.values()]
        if len(states) < self.part.users or any(state is None for state in states):
            return None
        return sum(bool(state) for state in states)

    @property
    def read(self) -> float | None:
        """Tokens read by the last turns, median."""
        last = [t.read for _, turns in self.by_user for t in turns[-1:] if t.read is not None]
        return median(last) if last else None

    @property
    def sent(self) -> float | None:
        last = [t.sent for _, turns in self.by_user for t in turns[-1:]]
        return median(last) if last else None

    @property
    def first_tokens_s(self) -> list[float]:
        return [t.ttft_s for _, turns in self.by_user for t in turns[-1:] if t.ttft_s is not None]


def _all_kept(states: Sequence[bool | None]) -> bool | None:
    if not states or any(state is None for state in states):
        return False if any(state is False for state in states) else None
    return all(bool(state) for state in states)


def groups_of(parts: Groups, line: Line | None) -> list[GroupFound]:
    """All parts. What everybody has in common is another thing in the parts with a system message."""
    with_system = [c for part, found in parts.items() if part.order == SYSTEM for c in found]
    without = [c for part, found in parts.items() if part.order != SYSTEM for c in found]
    common = {True: common_tokens(with_system), False: common_tokens(without)}
    return [GroupFound(part, _by_user(part, found, line, common)) for part, found in parts.items()]


def _by_user(
    part: Part, found: Sequence[Conversation], line: Line | None, common: Mapping[bool, int]
) -> tuple[tuple[int, tuple[Turn, ...]], ...]:
    of_all = common[part.order == SYSTEM]
    return tuple((c.user, tuple(turns_of(c, line, of_all, _is_timed(part)))) for c in found)


def _is_timed(part: Part) -> bool:
    return part.order != TOGETHER


def fewest(groups: Sequence[GroupFound], order: str) -> GroupFound | None:
    """Of the parts of this order the one with the fewest users."""
    return min((g for g in groups if g.part.order == order), key=lambda g: g.part.users, default=None)


def alone_of(groups: Sequence[GroupFound]) -> GroupFound | None:
    return fewest(groups, ALONE)


def by_time(group: GroupFound) -> GroupFound:
    """The same, with what the server tells put aside."""
    by_user = tuple((user, tuple(t.by_time() for t in turns)) for user, turns in group.by_user)
    return GroupFound(group.part, by_user)
