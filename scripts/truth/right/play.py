"""One run of `right` against a simulated server, without a socket and without a clock."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count

from analysis.files.request_record import RECALL, RequestRecord
from analysis.prompts.right.answers import CHURN
from analysis.prompts.right.result import Right, right
from replay.client.request import Request
from replay.prompts.prefix import unique_prefix
from replay.recall import codes as codes_of
from replay.recall import schedule
from replay.recall.codes import Codes
from replay.recall.schedule import Batch
from replay.recall.watch import Watch
from servers.simulator.texts.answering import Answering
from servers.simulator.texts.keys import TextKeys

NAME = "right"
LEVELS = (2, 3, 4, 8)
TOKEN_S, FIRST_S = 0.01, 0.05


@dataclass
class Played:
    """State of one run: the server, the watch, the rows."""

    keys: TextKeys
    seed: int
    serial: bool = False
    stays_broken: bool = False  # after the first round of several it knows nothing any more
    rows: list[RequestRecord] = field(default_factory=list)
    tokens: dict[int, int] = field(default_factory=dict)  # of the open requests

    def __post_init__(self) -> None:
        self.server = Answering(self.keys)
        self.watch = Watch(self.seed)
        self.chance = random.Random(self.seed)
        self.now_s = 0.0
        self.form = 0
        self.numbers = count(1)
        self.codes: Iterator[str] = iter(())

    def carry(self, codes: Codes) -> None:
        """These are the codes of its requests."""
        self.watch.codes, self.codes = codes, iter(codes.carried)

    def ask(self, batch: Batch) -> list[RequestRecord]:
        """The rows of requests that are sent at one instant and end one after another."""
        requests = [
            self._request(batch.part_of_row, batch.round, pair, batch.tokens, batch.is_open)
            for pair in batch.pairs
        ]
        self.watch.sent(requests)
        if self.stays_broken and batch.users > 1:
            self.server.keys = self.keys.model_copy(update={"knows": 0.2})
        sent_s, rows = self.now_s, []
        if self.serial:
            for request in requests:
                self._comes(request)
                rows.append(self._answer(request, sent_s))
            return rows
        for request in requests:
            self._comes(request)
        pieces = {r.request_id: self._pieces(r) for r in requests}  # while all are open
        for request in requests:
            rows.append(self._answer(request, sent_s, pieces[request.request_id]))
        return rows

    def churn(self, limits: Sequence[int], users: int) -> None:
        """Users who ask again at once: as one answer ends, the next question begins."""
        waiting = list(limits)
        flying: list[tuple[Request, float, list[str]]] = []
        while waiting or flying:
            while waiting and len(flying) < users:
                request = self._request(CHURN, 0, None, waiting.pop(0))
                self.watch.sent([request])
                self._comes(request)
                flying.append((request, self.now_s, self._pieces(request)))
            request, sent_s, pieces = flying.pop(self.chance.randrange(len(flying)))
            self._answer(request, sent_s, pieces)

    def _request(
        self, part: str, index: int, pair: int | None, tokens: int, is_open: bool = False
    ) -> Request:
        number = next(self.numbers)
        prefix = unique_prefix(self.seed, number if not is_open or pair is None else FIRST_OF_TEXTS + pair)
        if is_open and pair is not None:
            code = "".join(c for c in prefix if c.isdigit())
            messages: tuple[dict[str, str], ...] = (
                {"role": "user", "content": f"{prefix} {schedule.QUESTIONS[pair]}"},
            )
        else:
            code = next(self.codes)
            before, content = codes_of.question(self.form, code)
            messages = (*before, {"role": "user", "content": f"{prefix} {content}"})
        return Request(
            base_url="http://127.0.0.1:1",
            body={"messages": list(messages), "max_tokens": tokens},
            timeout_s=60.0,
            request_id=number,
            phase=NAME,
            part=part,
            round=index,
            kind=RECALL,
            target="T",
            code=code,
            turn=pair,
        )

    def _comes(self, request: Request) -> None:
        number, limit = request.request_id, request.body["max_tokens"]
        self.tokens[number] = self.server.comes(number, _prompt(request), limit)

    def _pieces(self, request: Request) -> list[str]:
        number = request.request_id
        return self.server.pieces(number, self.tokens.pop(number), self.chance)

    def _answer(self, request: Request, sent_s: float, pieces: list[str] | None = None) -> RequestRecord:
        pieces = self._pieces(request) if pieces is None else pieces
        begun_s = self.now_s if self.serial else sent_s
        self.now_s = max(self.now_s, begun_s + FIRST_S + TOKEN_S * len(pieces)) + 0.001
        self.server.goes(request.request_id)
        row = RequestRecord(
            request_id=request.request_id,
            phase=request.phase,
            part=request.part,
            round=request.round,
            kind=request.kind,
            target=request.target,
            base_url=request.base_url,
            send_s=sent_s,
            first_token_s=begun_s + FIRST_S,
            last_token_s=self.now_s - 0.001,
            end_s=self.now_s,
            chunks=len(pieces),
            output_tokens=len(pieces),
            http_status=200,
            finish_reason="length" if len(pieces) == request.body["max_tokens"] else "stop",
            code=request.code,
            turn=request.turn,
        )
        row = self.watch.ended(row, "".join(pieces))
        self.rows.append(row)
        return row


FIRST_OF_TEXTS = 900_000


def _prompt(request: Request) -> str:
    return " ".join(m["content"] for m in request.body["messages"])


def play(
    keys: TextKeys,
    seed: int,
    pairs: int = 48,
    levels: Sequence[int] = LEVELS,
    serial: bool = False,
    stays_broken: bool = False,
) -> Right:
    """The word that a run against this server gets."""
    return _found(played(Played(keys, seed, serial, stays_broken), pairs, levels))


def played(run: Played, pairs: int = 48, levels: Sequence[int] = LEVELS) -> Played:
    """The run with all its rows; a second look is taken as in a run."""
    seed = run.seed
    run.carry(codes_of.numbers(seed, schedule.codes_needed(pairs, levels)))
    tokens = schedule.RECALL_TOKENS
    for form in range(2):
        run.form = form
        rows = [run.ask(b)[0] for b in schedule.form_tries(form, tokens)]
        if sum(r.said == "own" for r in rows) >= 9:
            break
    for look in range(2):
        chosen = range(look * pairs, (look + 1) * pairs)
        batches = schedule.alone(chosen[: pairs // 2], tokens)
        for users in levels:
            batches += schedule.level(chosen, users, tokens, look * pairs)
        for batch in [*batches, *schedule.alone(chosen[pairs // 2 :], tokens)]:
            run.ask(batch)
        run.churn(schedule.churn_limits(pairs, seed + look), max(levels))
        if not _found(run).look_again:
            break
    for batch in [*schedule.again(tokens), *schedule.same_texts()]:
        run.ask(batch)
    return run


def _found(run: Played) -> Right:
    return right(run.rows, max(LEVELS))
