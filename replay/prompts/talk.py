"""A phase of kind `talk`: conversations alone, one after another, together, with a stranger in between.

The line first: cold prompts of growing length, for servers that tell nothing of their cache. Then one user
alone; then so many in turn, one request open at any time, which is how people type and shows the reading
alone; then all at once. In turn comes first: when all ask at once every slot is taken, and the server has no
choice of slots that could lose a history.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from analysis.files.plan import IN_TURN, TOGETHER, PlannedTalk
from analysis.files.request_record import TURN, RequestRecord
from analysis.prompts.talk.groups import groups_of
from analysis.prompts.talk.line import line_through
from analysis.prompts.talk.parts import ALONE, LINE, STRANGER, SYSTEM, Part, by_part, conversations, line_of
from replay.output import log
from replay.plan.run_state import RunState
from replay.prompts.long_text import random_words
from replay.prompts.send import Wanted, ask, heard, rows, send

ANSWER_TOKENS: Final = 24
LINE_SHARES: Final = (0.125, 0.25, 0.5, 1.0)  # of the final length
LINE_TIMES: Final = 2
FIRST_LINE_WORDS: Final = 8  # at random: no two conversations begin alike
MOST_USERS: Final = 16  # where they are doubled until one is lost
USUAL_USERS: Final = 2


@dataclass
class _Talker:
    """State of one conversation: what was said so far."""

    words: random.Random
    system: str
    history: list[dict[str, str]] = field(default_factory=list)

    def next_message(self, plan: PlannedTalk) -> str:
        if not self.history:
            first = " ".join(random_words(self.words, FIRST_LINE_WORDS))
            return f"{first}\n{' '.join(random_words(self.words, plan.first_words))}. What do you say?"
        return f"{' '.join(random_words(self.words, plan.words))}. And now?"

    def before(self) -> tuple[dict[str, str], ...]:
        system = [{"role": "system", "content": self.system}] if self.system else []
        return (*system, *self.history)


def worst_case_s(run: RunState, plan: PlannedTalk) -> float:
    """The line, one user alone and two in turn, each request as long as a solo."""
    requests = len(LINE_SHARES) * LINE_TIMES + plan.turns * plan.rounds * (1 + USUAL_USERS)
    return requests * run.solo_s[plan.targets[0]]


def conduct(run: RunState, plan: PlannedTalk) -> None:
    """All parts that fit the budget, each with all its repetitions."""
    target = plan.targets[0]
    assert run.seats is not None
    run.seats.fill([target] * max(MOST_USERS if not plan.users else 0, *plan.users, USUAL_USERS, 2))
    log.info(f"{plan.name}: conversations of {plan.turns} turns, alone and beside others")
    found = _line(run, plan)
    found += _part(run, plan, Part(ALONE, 1))
    for users in _numbers(run, plan, found):
        for order in plan.order:
            if run.is_spent:
                run.leave_out(f"{plan.name}: {users} users {order} left out: budget spent")
                return
            found += _part(run, plan, Part(order, users))
    if plan.strangers and not run.is_spent:
        found += _part(run, plan, Part(STRANGER, 1))
    if plan.system_words and not run.is_spent:
        found += _part(run, plan, Part(SYSTEM, USUAL_USERS))


def _numbers(run: RunState, plan: PlannedTalk, found: list[RequestRecord]) -> Iterator[int]:
    """How many talk: as planned, or two, the slots and one more, then twice as many until one is lost.

    `found` grows meanwhile: it shows whether all were kept. Between kept and lost it halves once.
    """
    if plan.users:
        yield from plan.users
        return
    slots = run.infos[plan.targets[0]].slots
    by_slots = {slots, slots + 1} - {1} if slots is not None and slots < MOST_USERS else set()
    last = USUAL_USERS
    for last in sorted({USUAL_USERS} | by_slots):
        yield last
    while _all_kept(found, last) and 2 * last <= MOST_USERS:
        before, last = last, 2 * last
        yield last
        if not _all_kept(found, last) and last - before > 1:
            yield (before + last) // 2
            return


def _all_kept(found: Sequence[RequestRecord], users: int) -> bool:
    groups = groups_of(by_part(conversations(found)), line_through(line_of(found)))
    here = [g for g in groups if g.part.users == users and g.part.order in (IN_TURN, TOGETHER)]
    return bool(here) and all(g.users_kept == users for g in here)


def _line(run: RunState, plan: PlannedTalk) -> list[RequestRecord]:
    """First tokens of cold prompts, short and long ones in turn."""
    longest = plan.first_words + (plan.turns - 1) * (plan.words + ANSWER_TOKENS)
    found = []
    for i in range(LINE_TIMES):
        for share in LINE_SHARES:
            words = max(round(share * longest), 1)
            text = f"{' '.join(random_words(_source(run, plan, i, words), words))}. What do you say?"
            wanted = Wanted(plan.targets[0], TURN, plan.name, i, text, 1, part=LINE, prompt_words=words)
            found += ask(run, [wanted])
    return found


def _source(run: RunState, plan: PlannedTalk, *key: int | str) -> random.Random:
    """Words of one conversation: the same seed makes the same ones."""
    return random.Random(f"{run.seed} {plan.name} {key}")


def _part(run: RunState, plan: PlannedTalk, part: Part) -> list[RequestRecord]:
    """One part with all its repetitions; each begins with new first lines."""
    found: list[RequestRecord] = []
    for repetition in range(plan.rounds):
        common = _source(run, plan, "system", repetition)
        system = " ".join(random_words(common, plan.system_words)) if part.order == SYSTEM else ""
        talkers = [
            _Talker(_source(run, plan, part.name, repetition, user), system) for user in range(part.users)
        ]
        for turn in range(1, plan.turns + 1):
            if part.order == TOGETHER:
                found += _turn(run, plan, part, repetition, turn, talkers)
                continue
            for talker in talkers:
                found += _turn(run, plan, part, repetition, turn, [talker])
                if part.order == STRANGER:
                    _strangers(run, plan, repetition)
    return found


def _turn(
    run: RunState, plan: PlannedTalk, part: Part, repetition: int, turn: int, talkers: Sequence[_Talker]
) -> list[RequestRecord]:
    """The next message of these, all at one instant; their answers go into their histories."""
    messages = [talker.next_message(plan) for talker in talkers]
    wanted = [
        Wanted(
            plan.targets[0], TURN, plan.name, repetition, message, ANSWER_TOKENS,
            before=talker.before(), own_prefix=False, turn=turn, part=part.name, keep=True,
            prompt_words=_words(talker, message),
        )
        for talker, message in zip(talkers, messages, strict=True)
    ]  # fmt: skip
    requests = send(run, wanted)
    found = rows(run, requests)
    for talker, message, request in zip(talkers, messages, requests, strict=True):
        answer = heard(run, request).text
        talker.history += [
            {"role": "user", "content": message},
            {"role": "assistant", "content": answer},
        ]
    return found


def _words(talker: _Talker, message: str) -> int:
    return sum(len(m["content"].split()) for m in talker.before()) + len(message.split())


def _strangers(run: RunState, plan: PlannedTalk, repetition: int) -> None:
    """Somebody else's short requests between two turns."""
    for _ in range(max(plan.strangers, 1)):
        title = "Give this talk a title."
        ask(run, [Wanted(plan.targets[0], TURN, plan.name, repetition, title, 8, part=STRANGER)])
