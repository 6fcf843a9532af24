"""What the answers of `right` must pass before a word other than a foreign code may rest on them."""

from collections.abc import Sequence
from typing import Protocol

from analysis.conditions.condition import Condition
from analysis.prompts.right.answers import Recalled, Share
from analysis.prompts.right.exact import larger_share_p
from analysis.thresholds import FAR_FEWER_AGAIN, MAX_FAULTY, MIN_PAIRS, TOGETHER_ROUNDS

ALONE_AGAIN, DECODED_TOGETHER = "alone again", "decoded together"


class Compared(Protocol):
    """A level, as far as these conditions need it."""

    @property
    def users(self) -> int: ...
    @property
    def churn(self) -> bool: ...
    @property
    def n(self) -> int: ...
    @property
    def together(self) -> float | None: ...


def right_conditions(
    answers: Sequence[Recalled], levels: Sequence[Compared], before: Share, after: Share
) -> tuple[Condition, ...]:
    """All of them, in the order in which they are read."""
    return (_whole(answers), _pairs(answers, levels), alone_again(before, after), decoded_together(levels))


def _whole(answers: Sequence[Recalled]) -> Condition:
    failed = [a for a in answers if a.failed]
    why = f"; the first failure: {failed[0].row.error or 'another model answered'}" if failed else ""
    return Condition(
        "answers came",
        len(failed) <= MAX_FAULTY * len(answers),
        f"{len(answers) - len(failed)} of {len(answers)} requests were answered{why}",
        "a request that fails is neither right nor wrong: mend that first, then run again",
    )


def _pairs(answers: Sequence[Recalled], levels: Sequence[Compared]) -> Condition:
    fewest = min((level for level in levels if not level.churn), key=lambda level: level.n, default=None)
    if fewest is None:
        return Condition(
            "enough pairs", False, "no code was asked together", "give the run more time (--budget)"
        )
    failed = sum(a.failed for a in answers if a.users == fewest.users)
    more_time = f"fewer than {MIN_PAIRS} show little: give the run more time (--budget)"
    leave_out = (
        f"{failed} requests with {fewest.users} at once failed: leave that number out of users in the phase"
    )
    return Condition(
        "enough pairs",
        fewest.n >= MIN_PAIRS,
        f"{fewest.n} codes at least were asked alone and together, with {fewest.users} at once",
        leave_out if failed else more_time,
    )


def alone_again(before: Share, after: Share) -> Condition:
    """Codes alone after the rounds together, beside those before them."""
    if not before.n or not after.n:
        return Condition(ALONE_AGAIN, None, "no code was asked alone after the rounds together")
    return Condition(
        ALONE_AGAIN,
        not stays_broken(before, after),
        f"{after.right} of {after.n} codes came back alone after the rounds together, "
        f"{before.right} of {before.n} before them",
        "the server stays broken once it was asked together: restart it, and ask one at a time",
    )


def stays_broken(before: Share, after: Share) -> bool:
    """Whether surely fewer codes come back alone once the server was asked together."""
    p = larger_share_p(before.n - before.right, before.n, after.n - after.right, after.n)
    return p < FAR_FEWER_AGAIN


def decoded_together(levels: Sequence[Compared]) -> Condition:
    """Null where answers hardly ever ran at the same time: one at a time nothing can be mixed up."""
    # careful: the churn is no round; a chance overlap would make all of it one
    shares = [level.together for level in levels if level.together is not None and not level.churn]
    if not shares:
        return Condition(DECODED_TOGETHER, None, "answers came in one piece: whether they overlapped is open")
    most = max(shares)
    enough = most >= TOGETHER_ROUNDS
    return Condition(
        DECODED_TOGETHER,
        True if enough else None,
        f"two answers or more were written at the same time in {100 * most:.0f} % of the rounds",
        "this server answers one at a time; give it slots to see whether it then mixes answers up",
    )
