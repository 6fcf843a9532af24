"""The life of a phase: solo, round, solo, … solo, until it is decided."""

import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace

import gevent

from analysis.errors import ServersGone
from analysis.files.plan import PlannedPhase
from analysis.files.request_record import BASELINE, BURST, CHAIN_PHASE, RequestRecord
from analysis.phase.measure import PhaseMeasured, measure_phase
from analysis.verdict.certainty import decided
from replay.client.request import Request
from replay.output import log
from replay.plan import TIMEOUT_EXTRA_S, TIMEOUT_SOLOS, progress
from replay.plan.budget import BUDGET_ROUNDS, solo_targets
from replay.plan.run_state import RunState
from replay.prompts.long_text import TEXT_WORDS, long_text, random_words
from replay.prompts.prefix import prompt, texts_of, with_prefix
from replay.release.dispatch import ReadyUser
from replay.scenario.schema import Target
from replay.server_kinds import Ask, Endpoint

REFUSED = "connection refused"  # how the error of such a request begins
QUIET_S = 2.0  # the servers are watched for so long before the first solo and between phases


def run_phase(run: RunState, plan: PlannedPhase, later_s: float) -> PhaseMeasured:
    """One phase with its users at the gate, as it was measured.

    Three rounds are always measured. Once the budget is spent there are no more: servers that fight for
    a chip take many times the worst case, which assumes serial ones.

    `later_s`: what the phases after this one may take, for the progress shown.
    """
    run.client_load.open(run.dispatch.in_flight)
    try:
        return _measured(run, plan, later_s)
    finally:
        run.client_load.close()


def _measured(run: RunState, plan: PlannedPhase, later_s: float) -> PhaseMeasured:
    run.live.expect_end(progress.longest_s(plan, 0, run.solo_s, later_s))
    records = _solos(run, plan, gap=0)
    for index in range(plan.max_rounds):
        left_s = progress.longest_s(plan, index, run.solo_s, later_s)
        run.live.expect_end(left_s)
        progress.sending(plan, index, left_s)
        answers = _round(run, plan, index)
        progress.answered(answers, run.recorder.manifest.clock_origin_epoch_ns)
        run.live.show_round(plan, index, answers)
        raise_if_gone(plan.name, index, answers)
        records += answers + _solos(run, plan, gap=index + 1)
        measured = measure_phase(plan, records, run.infos)
        run.live.show_speedup(measured)
        if _is_last(run, plan, index + 1, measured):
            break
    return measured


def raise_if_gone(phase: str, index: int, answers: list[RequestRecord]) -> None:
    """Raises ServersGone if every request of the round was refused a connection: so would be all others."""
    if answers and all((r.error or "").startswith(REFUSED) for r in answers):
        who = ", ".join(dict.fromkeys(r.target for r in answers))
        raise ServersGone(
            f"{who}: no server took a connection in round {index + 1} of {phase} ({REFUSED}): "
            "start them and run again; the other requests were not sent"
        )


def _is_last(run: RunState, plan: PlannedPhase, rounds: int, measured: PhaseMeasured) -> bool:
    """Whether these rounds are enough, or all that the budget allows."""
    if rounds == plan.max_rounds:
        return True
    if rounds >= plan.min_rounds and decided(measured):
        return True
    if rounds >= BUDGET_ROUNDS and run.is_spent:
        log.warning(f"{plan.name} ends after {rounds} of {plan.max_rounds} rounds: budget spent")
        return True
    return False


def run_chain(run: RunState, plan: PlannedPhase) -> None:
    """The phase's requests once more, one after another: do the solos tell the truth about a busy server?"""
    for index, target in enumerate(plan.deal):
        ask_alone(run, target, CHAIN_PHASE, index, BASELINE, run.tokens(target))


def keep_still(run: RunState) -> None:
    """Two seconds with nothing in flight: whatever servers and machine do then is another user's."""
    began_s = time.monotonic() - run.recorder.origin_s
    gevent.sleep(QUIET_S)
    window = (round(began_s, 6), round(time.monotonic() - run.recorder.origin_s, 6))
    run.recorder.update(quiet=(*run.recorder.manifest.quiet, window))


def _solos(run: RunState, plan: PlannedPhase, gap: int) -> list[RequestRecord]:
    return [ask_alone(run, t, plan.name, gap, BASELINE, run.tokens(t)) for t in solo_targets(plan, gap)]


def _round(run: RunState, plan: PlannedPhase, index: int) -> list[RequestRecord]:
    """One round: every user of the deal has its request, and all leave the gate together."""
    _refill(run)
    batch = run.dispatch.next_batch()
    ready: list[ReadyUser] = []
    spaced = plan.spacing_s > 0 or plan.workers is not None
    for target in plan.deal:
        ready.append(run.dispatch.user_of(target, ready))
    requests = [
        replace(
            request_for(run, seat, batch, plan.name, index, BURST, run.tokens(seat.target), plan.users),
            offset_s=i * plan.spacing_s,
            workers=plan.workers,
            own_connection=spaced or run.infos[seat.target].takes_one_connection,
        )
        for i, seat in enumerate(ready)
    ]
    run.dispatch.send(requests)
    return run.dispatch.collect(requests)


def ask_alone(run: RunState, target: str, phase: str, index: int, kind: str, tokens: int) -> RequestRecord:
    """The row of one request with nothing else open."""
    _refill(run)
    seat = run.dispatch.user_of(target)
    request = request_for(run, seat, run.dispatch.next_batch(), phase, index, kind, tokens)
    run.dispatch.send([request])
    return run.dispatch.collect([request])[0]


def _refill(run: RunState) -> None:
    """Users that a worker took along start again, before the next request."""
    if run.seats is not None:
        run.seats.refill()


def request_for(
    run: RunState,
    seat: ReadyUser,
    batch: int,
    phase: str,
    index: int,
    kind: str,
    tokens: int,
    users: int = 1,
    *,
    content: str | None = None,
    before: tuple[Mapping[str, str], ...] = (),
    own_prefix: bool | None = None,
) -> Request:
    """The next request of the run, for this user: own prefix, own id. Raises RunError if the disk is full.

    `content` in place of the target's message; `before`: the conversation so far, which had its own prefix;
    `own_prefix` says it where that is otherwise.
    """
    run.recorder.raise_problem()
    request_id = next(run.request_ids)
    target, info = run.targets[seat.target], run.infos[seat.target]
    asked = run.scenario.request
    words = run.prompt_words.get(seat.target) if content is None else None
    if asked.embeddings is not None:
        messages = _messages(run, target, request_id, tokens, content, words)
        ask = Ask("", info.model, 0, 0, asked.extra, texts=texts_of(messages, run.seed, request_id))
        words = None if words is None else words * tokens
    else:
        if words is not None:
            content = long_text(random.Random(f"{run.seed} {request_id}"), words)
        if content is None:
            content, before = target.test_message, with_prefix(target.before, run.seed, request_id)
        if not before if own_prefix is None else own_prefix:
            content = prompt(content, run.seed, request_id)
        ask = Ask(content, info.model, tokens, asked.temperature, asked.extra, before)
    endpoint = _endpoint(run.endpoints[seat.target], bool(ask.before))
    slowest_s = max(run.solo_s.values(), default=0.0)  # careful: it may wait for another target's answers
    return Request(
        batch=batch,
        request_id=request_id,
        worker=seat.worker,
        user=seat.user,
        phase=phase,
        round=index,
        kind=kind,
        target=seat.target,
        base_url=info.base_url,
        model=info.model,
        body=endpoint.body(ask),
        texts=len(ask.texts) or None,
        timeout_s=max(asked.timeout_s, TIMEOUT_SOLOS * users * slowest_s + TIMEOUT_EXTRA_S),
        origin_s=run.recorder.origin_s,
        api_key_env=target.api_key_env,
        path=endpoint.path,
        reader=endpoint.reader,
        own_connection=info.takes_one_connection,
        prompt_words=words,
    )


def _messages(
    run: RunState, target: Target, request_id: int, n: int, content: str | None, words: int | None
) -> list[str]:
    """Of which `n` vectors are wanted: the content, the target's own message, else random words."""
    if content is not None:
        return [content] * n
    if words is None and target.own_message is not None:
        return [target.own_message] * n
    source = random.Random(f"{run.seed} {request_id}")
    return [" ".join(random_words(source, words or TEXT_WORDS)) for _ in range(n)]


def _endpoint(endpoints: Sequence[Endpoint], talks: bool) -> Endpoint:
    """The best one; for a conversation the best that takes messages."""
    return next((e for e in endpoints if not talks or e.talks), endpoints[0])
