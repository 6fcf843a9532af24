"""The parts of a phase of kind `talk`, as the column `part` has them: `alone`, `in-turn 3`, `system 2` …"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from analysis.files.plan import IN_TURN, TOGETHER
from analysis.files.request_record import TURN, RequestRecord

LINE, ALONE, STRANGER, SYSTEM = "line", "alone", "stranger", "system"
ORDERS = (ALONE, IN_TURN, TOGETHER, STRANGER, SYSTEM)


@dataclass(frozen=True, slots=True, order=True)
class Part:
    """`users` talk; in parts `alone` and `stranger` one does."""

    order: str
    users: int

    @property
    def name(self) -> str:
        return f"{self.order} {self.users}" if self.order in (IN_TURN, TOGETHER, SYSTEM) else self.order


def part_of(name: str | None) -> Part | None:
    """None for what is no part of conversations: the line, or a name of another version."""
    order, _, users = (name or "").partition(" ")
    if order not in ORDERS or not (users or "1").isdecimal():
        return None
    return Part(order, int(users or 1))


@dataclass(frozen=True, slots=True)
class Conversation:
    """The turns of one user in one repetition of a part, from the first."""

    part: Part
    repetition: int
    user: int  # from 0
    turns: tuple[RequestRecord, ...]


def conversations(records: Sequence[RequestRecord]) -> list[Conversation]:
    """All of them, in order. Users of one turn are told apart by the order in which they were asked."""
    turns: dict[tuple[Part, int, int], list[RequestRecord]] = defaultdict(list)
    for r in sorted(records, key=lambda r: r.request_id):
        part = part_of(r.part)
        if r.kind == TURN and part is not None and r.turn:
            turns[part, r.round or 0, r.turn].append(r)
    by_user: dict[tuple[Part, int, int], list[RequestRecord]] = defaultdict(list)
    for (part, repetition, _), asked in sorted(turns.items()):
        for user, r in enumerate(asked):
            by_user[part, repetition, user].append(r)
    return [Conversation(*key, tuple(rows)) for key, rows in by_user.items()]


def line_of(records: Sequence[RequestRecord]) -> list[RequestRecord]:
    return [r for r in records if r.part == LINE and r.error is None]


Groups = Mapping[Part, Sequence[Conversation]]


def by_part(found: Sequence[Conversation]) -> Groups:
    groups: dict[Part, list[Conversation]] = defaultdict(list)
    for conversation in found:
        groups[conversation.part].append(conversation)
    return dict(sorted(groups.items(), key=lambda item: (ORDERS.index(item[0].order), item[0].users)))
