"""What `right` found, in two lines that a newcomer understands."""

from collections.abc import Sequence

from analysis.prompts.right.conditions import ALONE_AGAIN, DECODED_TOGETHER
from analysis.prompts.right.levels import RightLevel
from analysis.prompts.right.result import Right
from analysis.prompts.right.words import RightWord

LOOK_THERE = "What these answers said stands in the file …_evidence.jsonl of this run."


def sentences(found: Right) -> tuple[str, str]:
    """The answer, and what it rests on."""
    match found.verdict:
        case RightWord.MIXED_UP:
            return (
                f"{carried(len(found.foreign.open), found.foreign.watched)} what another request "
                f"asked at that moment{_whose(found)}. Do not let several people use this server together.",
                LOOK_THERE,
            )
        case RightWord.LEFT_OVER:
            return (
                f"{carried(len(found.foreign.ended), found.foreign.watched)} what a request "
                f"asked that had ended{_whose(found)}: a cache gives back what is not yours.",
                LOOK_THERE,
            )
        case RightWord.GARBLED:
            return _upper(_garbled(found)), LOOK_THERE
        case RightWord.WORSE:
            return _worse(found), LOOK_THERE
        case RightWord.TOO_WEAK:
            best = found.best_form if found.form is None else found.alone
            return (
                f"This model tells a code back in {best.right} of {best.n} answers at best, even alone.",
                "Only other people's codes and garbled answers were watched: "
                f"none in {found.foreign.watched} answers.",
            )
        case RightWord.RIGHT:
            return _right(found), _nothing_foreign(found)
    return _upper(_open(found)), _nothing_foreign(found)


def _right(found: Right) -> str:
    excluded = 100 * (found.excluded_above or 0.0)
    bound = f"more than {excluded:.0f} in 100 wrong is excluded for each"
    if not _overlapped(found):
        return f"{_shares(found)}. It answers one at a time: nothing could be mixed up."
    return f"{_shares(found)}; {bound}."


def _nothing_foreign(found: Right) -> str:
    differ = found.texts_differ
    words = ""
    if differ is not None and (differ.alone or differ.together):
        words = (
            f" Of {differ.n} open questions {differ.together} were answered in other words together, "
            f"{differ.alone} alone a second time: that is rounding, no fault."
        )
    return f"None of {found.foreign.watched} answers carried what another request asked.{words}"


def _worse(found: Right) -> str:
    worse = [level for level in found.levels if level.worse]
    fine = [level for level in found.levels if not level.worse and not level.churn]
    if not worse:
        before, after = found.before, found.after
        return (
            f"It breaks and stays broken: {before.right} of {before.n} codes came back alone before requests "
            f"were sent together, {after.right} of {after.n} alone after that."
        )
    alone = f"alone {found.alone.right} of {found.alone.n}"
    others = "".join(f", {level.right} of {level.n} {_with(level)}" for level in fine)
    what = "; ".join(f"{_with(level)} {level.right} of {level.n}" for level in worse)
    return f"{_upper(what)} codes came back right; {alone}{others}."


def _garbled(found: Right) -> str:
    level = max((v for v in found.levels if v.broken), key=lambda v: v.garbled / v.n)
    return (
        f"{_with(level)} {level.garbled} of {level.n} answers were empty, had broken characters or "
        f"repeated one piece to the end; alone {found.garbled_alone} of {found.asked_alone}."
    )


def _open(found: Right) -> str:
    for condition in found.conditions:
        if condition.passed is False and condition.name != ALONE_AGAIN:
            return f"{condition.sentence}."
    if not found.levels:
        return "No code was asked together."
    level = min(found.levels, key=lambda v: min(v.p, v.garbled_p))
    return (
        f"{_with(level)} {level.lost} of {level.n} codes did not come back that do alone, "
        f"{level.gained} the other way round: too many to call it chance, too few to be sure."
    )


def _shares(found: Right) -> str:
    """`48 of 48 codes came back alone, 48 of 48 with 2, 3, 4 and 8 at once`."""
    parts = [f"{found.alone.right} of {found.alone.n} codes came back alone"]
    alike: dict[tuple[int, int], list[RightLevel]] = {}
    for level in found.levels:
        if not level.churn:
            alike.setdefault((level.right, level.n), []).append(level)
    for (right, n), levels in alike.items():
        parts.append(f"{right} of {n} with {listed([str(v.users) for v in levels])} at once")
    parts += [f"{v.right} of {v.n} {_with(v)}" for v in found.levels if v.churn]
    return ", ".join(parts)


def _with(level: RightLevel) -> str:
    if level.churn:
        return f"with {level.users} who come and go"
    return f"with {level.users} at once"


def _upper(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}"


def listed(names: Sequence[str]) -> str:
    """`2, 3 and 4`."""
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def carried(n: int, of: int) -> str:
    return f"{n} of {of} answers carried"


def _whose(found: Right) -> str:
    """The first code that went astray."""
    codes = found.astray
    return f" ({codes[0][1]}, asked by request {codes[0][0]})" if codes else ""


def _overlapped(found: Right) -> bool:
    return any(c.name == DECODED_TOGETHER and c.passed for c in found.conditions) or all(
        level.together is None for level in found.levels
    )
