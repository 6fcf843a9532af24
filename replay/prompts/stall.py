"""A phase of kind `stall`: a long prompt comes while answers run, between readings of it alone.

Per size and number of runners: alone, event, alone, event, …, alone. An event is released by what happens,
not by the clock: the long prompt leaves when every runner has its first tokens; the runners are hung up on
one second after its first token.
"""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import Final

import gevent

from analysis.files.plan import PlannedStall
from analysis.files.request_record import LATECOMER, NEWCOMER, RUNNER, RequestRecord
from analysis.prompts.stall.chunks import SUFFIX, Chunk
from replay.client.request import Request
from replay.output import log
from replay.plan.run_state import RunState
from replay.prompts.long_text import long_text
from replay.prompts.send import Wanted, ask, hang_up, have_told, heard, rows, send, wait_until
from replay.prompts.sizing import size

TOKENS_BEFORE: Final = 15  # of each runner, before the long prompt comes
NEWCOMER_TOKENS: Final = 4
AFTER_S: Final = 1.0  # from the long prompt's first token to the hang-up
MOST_RUNNERS: Final = 3
RUNS_ON: Final = 3.0  # times the reading that a runner's answer could go on: it may be slowed as much
SIZED: Final = 1.3  # the same where a server goes on after a hang-up
SLOWER: Final = 1.5  # times the first reading alone: the server goes on with answers that were hung up on
QUESTION: Final = "What is the sea?"
QUESTION_TOKENS: Final = 8
QUESTION_AT: Final = 0.25  # of the reading before it
A_SIZE: Final = 1_000  # steps of one size at most: `round` counts on in the next thousand
SHARE_OF_BUDGET: Final = 1 / 3  # a size whose readings alone take more of what is left is left out
READINGS: Final = 7  # of a size: the ones alone and those beside


@dataclass(frozen=True, slots=True)
class _Stage:
    """What one size needs to know."""

    plan: PlannedStall
    words: int
    steps: "count[int]"


def worst_case_s(run: RunState, plan: PlannedStall) -> float:
    """At least so long: the smallest size. Larger ones are left out by what it shows."""
    return READINGS * max(run.solo_s[t] for t in _targets(plan))


def conduct(run: RunState, plan: PlannedStall) -> None:
    """All sizes that fit. A size that is refused ends the list: it is more than the context holds."""
    target, newcomer = plan.targets[0], plan.newcomer or plan.targets[0]
    numbers = plan.runners or _numbers_of_runners(run.infos[target].slots)
    assert run.seats is not None
    run.seats.fill([target] * (max(numbers) + 2) + [newcomer] * 2 * (newcomer != target))
    sizing = size(run, newcomer)
    log.info(f"{plan.name}: {len(plan.prompt_tokens)} sizes beside {' and '.join(map(str, numbers))} answers")
    per_token_s = 0.0
    for place, tokens in enumerate(sorted(plan.prompt_tokens)):
        left_s, expected_s = run.left_s(), READINGS * per_token_s * tokens
        if left_s is not None and place and expected_s > left_s * SHARE_OF_BUDGET:
            run.leave_out(
                f"{plan.name}: {tokens} tokens left out: their readings take about {expected_s:.0f} s"
            )
            break
        stage = _Stage(plan, sizing.words_for(tokens), count(place * A_SIZE))
        reading_s = _size(run, stage, numbers, behind=place == (len(plan.prompt_tokens) - 1) // 2)
        if reading_s is None:
            run.leave_out(f"{plan.name}: a prompt of {tokens} tokens was refused; larger ones are left out")
            break
        per_token_s = reading_s / tokens


def _targets(plan: PlannedStall) -> list[str]:
    return list(dict.fromkeys([plan.targets[0], plan.newcomer or plan.targets[0]]))


def _numbers_of_runners(slots: int | None) -> tuple[int, ...]:
    """One, and one less than the slots; one and two where these are unknown."""
    most = 2 if slots is None else min(slots - 1, MOST_RUNNERS)
    return tuple(sorted({1, max(most, 1)}))


def _size(run: RunState, stage: _Stage, numbers: Sequence[int], behind: bool) -> float | None:
    """One size with all numbers of runners; the reading alone, None if it was refused."""
    first = _alone(run, stage)
    if first.error is not None or not first.ttft_s:
        return None
    reading_s, goes_on = first.ttft_s, False
    for runners in numbers:
        for _ in range(stage.plan.rounds):
            for target in _targets(stage.plan):
                _event(run, stage, runners, target, reading_s, goes_on)
            row = _alone(run, stage)
            goes_on = goes_on or (row.ttft_s or 0.0) > SLOWER * reading_s
            if run.is_spent:
                return reading_s
    if behind and len(_targets(stage.plan)) == 1:
        for _ in range(stage.plan.rounds):
            _behind(run, stage, reading_s)
    return reading_s


def _alone(run: RunState, stage: _Stage) -> RequestRecord:
    """The reading of the long prompt with nothing else open; where it may go elsewhere, there too."""
    found = []
    for target in _targets(stage.plan):
        found += ask(run, [_newcomer(run, stage, target, next(stage.steps))])
    return found[0]


def _newcomer(run: RunState, stage: _Stage, target: str, step: int) -> Wanted:
    words = stage.words
    text = long_text(random.Random(run.seed * A_SIZE + step), words)
    return Wanted(
        target, NEWCOMER, stage.plan.name, step, text, NEWCOMER_TOKENS,
        prompt_words=words, tell_at=1, plain=False,
    )  # fmt: skip


def _event(run: RunState, stage: _Stage, runners: int, target: str, reading_s: float, goes_on: bool) -> None:
    own, step = stage.plan.targets[0], next(stage.steps)
    per_token_s = run.solo_s[own] / run.tokens(own)
    lasts_s = (SIZED if goes_on else RUNS_ON) * reading_s
    tokens = TOKENS_BEFORE + 25 + math.ceil(lasts_s / per_token_s)
    message = run.targets[own].test_message
    wanted = Wanted(
        own, RUNNER, stage.plan.name, step, message, tokens, keep=True, tell_at=TOKENS_BEFORE, plain=False
    )
    running = send(run, [wanted] * runners)
    patience_s = running[0].timeout_s
    wait_until(run, lambda: have_told(run, running), patience_s, "the first tokens of the answers that run")
    long_one = send(run, [_newcomer(run, stage, target, step)], beside=running)
    wait_until(run, lambda: have_told(run, long_one), patience_s, "the first token of the long prompt")
    if not goes_on:
        gevent.sleep(AFTER_S)
        hang_up(run, running)
    rows(run, long_one)
    rows(run, running)
    _keep_chunks(run, running)


def _behind(run: RunState, stage: _Stage, reading_s: float) -> None:
    """A short question alone, and one that comes while a long prompt is read."""
    plan, target = stage.plan, stage.plan.targets[0]
    alone = Wanted(target, LATECOMER, plan.name, next(stage.steps), QUESTION, QUESTION_TOKENS, plain=False)
    ask(run, [alone])
    step = next(stage.steps)
    long_one = send(run, [_newcomer(run, stage, target, step)])
    gevent.sleep(QUESTION_AT * reading_s)
    question = send(run, [replace(alone, round=step)], beside=long_one)
    rows(run, long_one)
    rows(run, question)


def _keep_chunks(run: RunState, running: Sequence[Request]) -> None:
    """The instants of the runners' tokens, on disk at once."""
    run.recorder.keep(
        SUFFIX,
        [Chunk(r.request_id, r.worker, at_s) for r in running for at_s in heard(run, r).arrivals_s],
    )
