"""Requests of a schedule: they leave one gate; what is heard of them comes before or beside their rows."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from analysis.files.request_record import RequestRecord
from replay.client.request import Request
from replay.plan.one_phase import request_for
from replay.plan.run_state import RunState
from replay.release.dispatch import ReadyUser
from replay.release.heard import Heard

SPEED_FIELDS = ("cache_prompt", "ignore_eos")  # that only phases about speed ask for: no front end does


@dataclass(frozen=True, slots=True)
class Wanted:
    """One request as a schedule wants it; the prefix that makes it unique is put before `content`."""

    target: str
    kind: str
    phase: str
    round: int
    content: str
    max_tokens: int
    before: tuple[Mapping[str, str], ...] = ()  # the conversation so far; then `content` gets no prefix
    turn: int | None = None
    code: str | None = None
    part: str | None = None
    own_prefix: bool | None = None  # whether one is put before `content`; None: unless `before` stands there
    prompt_words: int | None = None
    keep: bool = False  # `heard` gives its text and the arrivals of its tokens
    tell_at: int | None = None  # `has_told` once so many tokens have come
    plain: bool = True  # as a front end asks: with the server's cache, ending where the model ends


def send(run: RunState, wanted: Sequence[Wanted], beside: Sequence[Request] = ()) -> list[Request]:
    """All of them leave one gate; returns when they have. `beside`: requests whose users are still busy."""
    if run.seats is not None and not beside:
        run.seats.refill()
    batch, taken = run.dispatch.next_batch(), list[ReadyUser]()
    busy = {(r.worker, r.user) for r in beside}
    taken += [u for u in run.dispatch.ready if (u.worker, u.user) in busy]
    requests = []
    for each in wanted:
        seat = run.dispatch.user_of(each.target, taken)
        taken.append(seat)
        requests.append(_request(run, each, seat, batch, len(wanted) + len(beside)))
    run.dispatch.send(requests)
    return requests


def _request(run: RunState, wanted: Wanted, seat: ReadyUser, batch: int, users: int) -> Request:
    request = request_for(
        run, seat, batch, wanted.phase, wanted.round, wanted.kind, wanted.max_tokens, users,
        content=wanted.content, before=wanted.before, own_prefix=wanted.own_prefix,
    )  # fmt: skip
    body = request.body
    if wanted.plain:
        body = {key: value for key, value in body.items() if key not in SPEED_FIELDS}
    return replace(
        request,
        body=body,
        turn=wanted.turn,
        code=wanted.code,
        part=wanted.part,
        prompt_words=wanted.prompt_words,
        keep=wanted.keep,
        tell_at=wanted.tell_at,
    )


def rows(run: RunState, requests: Sequence[Request]) -> list[RequestRecord]:
    """Their rows, in the order of their ids, once all have ended."""
    return run.dispatch.collect(requests)


def ask(run: RunState, wanted: Sequence[Wanted]) -> list[RequestRecord]:
    """Sends them and waits for their rows."""
    return rows(run, send(run, wanted))


def heard(run: RunState, request: Request) -> Heard:
    """Text and arrivals of a request with `keep`, once its row has come."""
    return run.dispatch.ear.take(request)


def wait_until(run: RunState, true: Callable[[], bool], patience_s: float, what: str) -> bool:
    """Whether `true` came to hold; looked at with all news."""
    return run.dispatch.wait(true, patience_s, lambda: what)


def have_told(run: RunState, requests: Sequence[Request]) -> bool:
    """Whether each has had the tokens of its `tell_at`, or is over."""
    return all(run.dispatch.has_told(r) for r in requests)


def hang_up(run: RunState, requests: Sequence[Request]) -> None:
    """They end where they are: their rows have ended_by `client` and no error."""
    run.dispatch.hang_up(requests)
