"""The phase `right`: codes asked back alone and together, then by users who come and go, then alone again."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from analysis.files.plan import PlannedRight
from analysis.files.request_record import RECALL, RequestRecord, under_asked_name
from analysis.prompts.right.answers import CHURN
from analysis.prompts.right.result import Right, right
from analysis.prompts.right.words import Said
from analysis.thresholds import FORM_TAKEN, FORM_TRIES
from replay.client.request import Request
from replay.output import log
from replay.plan.run_state import RunState
from replay.prompts.long_text import WORDS
from replay.prompts.prefix import unique_prefix
from replay.prompts.send import Wanted, ask, hang_up, send, wait_until
from replay.recall import codes as codes_of
from replay.recall import schedule
from replay.recall.codes import Codes
from replay.recall.schedule import Batch
from replay.recall.size import Size, sizes_of

FAR_ID = 500_000_000  # prefixes of open questions, which are asked three times, belong to no request
HANG_UP_TOKENS = 3  # after so many an answer that is hung up on ends
PROMPT_TOKENS = 30  # worth of time for the prompt, at the pace of writing: prompts are read faster


@dataclass
class _Asking:
    """State: the codes not yet carried, the form of the question, the rows so far."""

    run: RunState
    plan: PlannedRight
    codes: Iterator[str]
    rows: list[RequestRecord]
    form: int = 0

    def carry(self, codes: Codes) -> None:
        """From now on requests carry these codes."""
        self.run.dispatch.ear.watch.codes, self.codes = codes, iter(codes.carried)

    def wanted(self, part: str, index: int, pair: int | None, tokens: int, is_open: bool = False) -> Wanted:
        turn = self._place() if pair is None else pair
        target = self.plan.targets[turn % len(self.plan.targets)]
        each = Wanted(target, RECALL, self.plan.name, index, "", tokens, turn=pair, part=part, keep=True)
        if is_open and pair is not None:
            prefix = unique_prefix(self.run.seed, FAR_ID + pair)
            code = "".join(c for c in prefix if c.isdigit())
            content = f"{prefix} {schedule.QUESTIONS[pair]}"
            return replace(each, content=content, code=code, own_prefix=False)
        code = next(self.codes)
        before, content = codes_of.question(self.form, code)
        return replace(each, content=content, code=code, before=before, own_prefix=True)

    def _place(self) -> int:
        return len(self.rows)

    def ask(self, batches: Sequence[Batch]) -> bool:
        """Asks them one after another; False if the budget ended before the last one."""
        for batch in batches:
            if self.run.is_spent:
                return False
            sent = [
                self.wanted(batch.part_of_row, batch.round, pair, batch.tokens, batch.is_open)
                for pair in batch.pairs
            ]
            found = ask(self.run, sent)
            for row in found:
                self.run.dispatch.ear.heard.pop(row.request_id, None)
            self._keep(found)
        return True

    def churn(self, limits: Sequence[int], users: int) -> None:
        """Users who ask again as soon as they are answered; some are hung up on."""
        waiting, flying = list(limits), dict[int, Request]()
        every = round(1 / self.plan.hang_up) if self.plan.hang_up else 0
        numbers = itertools.count(1)
        while waiting or flying:
            if self.run.is_spent:
                waiting.clear()
            while waiting and len(flying) < users:
                cut = bool(every) and next(numbers) % every == 0
                each = self.wanted(CHURN, 0, None, waiting.pop(0))
                each = replace(each, target=self._idle(flying), tell_at=HANG_UP_TOKENS if cut else None)
                for request in send(self.run, [each], tuple(flying.values())):
                    flying[request.request_id] = request
            self._hear(flying)

    def _idle(self, flying: dict[int, Request]) -> str:
        """The target with the fewest open requests."""
        open_now = [r.target for r in flying.values()]
        return min(self.plan.targets, key=open_now.count)

    def _hear(self, flying: dict[int, Request]) -> None:
        """Waits for news: rows that have come, answers to hang up on."""
        dispatch = self.run.dispatch

        def told() -> list[Request]:
            return [r for r in flying.values() if r.tell_at and r.request_id in dispatch.ear.told]

        if not flying:
            return
        longest_s = max(r.timeout_s for r in flying.values())
        came = wait_until(
            self.run, lambda: dispatch.rows_came or bool(told()), longest_s, "an answer of the churn"
        )
        rows = dispatch.take_rows() if came else dispatch.collect(tuple(flying.values()))
        for request in told():
            hang_up(self.run, [request])
            dispatch.ear.told.discard(request.request_id)
        for row in rows:
            flying.pop(row.request_id, None)
            dispatch.ear.heard.pop(row.request_id, None)
        self._keep(rows)

    def _keep(self, rows: Sequence[RequestRecord]) -> None:
        """As the analysis reads them: under the name that was asked for."""
        infos = self.run.infos
        self.rows += [under_asked_name(r, infos[r.target].answers_as) for r in rows]


def worst_case_s(run: RunState, plan: PlannedRight) -> float:
    """Of the least of it, on a server that answers one at a time and never stops by itself."""
    return sizes_of(plan)[-1].requests(plan.max_tokens) * _one_s(run, plan)


def _one_s(run: RunState, plan: PlannedRight) -> float:
    """An answer of the usual length, at the pace that the warm-up saw."""
    return max(run.solo_s[t] / run.tokens(t) * (plan.max_tokens + PROMPT_TOKENS) for t in plan.targets)


def conduct(run: RunState, plan: PlannedRight) -> None:
    """The phase as far as the budget goes; what is left out is named."""
    one_s, left_s = _one_s(run, plan), run.left_s()
    sizes = sizes_of(plan)
    fitting = [s for s in sizes if left_s is None or s.requests(plan.max_tokens) * one_s <= left_s]
    size = fitting[0] if fitting else sizes[-1]
    _name_cuts(run, plan, sizes[0], size, one_s)
    most = max(plan.users)
    deal = [plan.targets[i % len(plan.targets)] for i in range(max(most, len(schedule.QUESTIONS)))]
    if run.seats is not None:
        run.seats.fill(deal)
    asking = _Asking(run, plan, iter(()), [])
    _take_form(asking)
    found = _look(asking, size, 0)
    look_s = size.requests(plan.max_tokens) * one_s
    left_s = run.left_s()
    if found.look_again and (left_s is None or look_s <= left_s):
        log.info(f"{plan.name}: not settled by {size.pairs} pairs; as many again")
        _look(asking, size, 1)
    asking.ask(schedule.again(plan.max_tokens))
    if size.texts:
        asking.ask(schedule.same_texts())


def _name_cuts(run: RunState, plan: PlannedRight, full: Size, size: Size, one_s: float) -> None:
    if size == full:
        return
    left_out = [
        f"{size.pairs} of {full.pairs} pairs" if size.pairs < full.pairs else "",
        f"only {', '.join(map(str, size.levels))} at once" if size.levels != full.levels else "",
        "no churn" if size.churn != full.churn else "",
        "no open questions" if not size.texts else "",
    ]
    minutes = -(-(run.spent_s() + full.requests(plan.max_tokens) * one_s) // 60)
    cut = f"{plan.name}: {', '.join(filter(None, left_out))} (for everything: --budget {minutes:.0f}m)"
    run.leave_out(cut)


def _take_form(asking: _Asking) -> None:
    """The first form of the question that is told back; else the best, and numbers."""
    plan, seed = asking.plan, asking.run.seed
    needed = schedule.codes_needed(plan.pairs, plan.users)
    shares: list[int] = []
    for form in range(schedule.FORM_COUNT):
        words = form == codes_of.WORDS_FORM
        asking.form = form
        asking.carry(codes_of.pairs_of_words(seed, needed, WORDS) if words else _numbers(asking, needed))
        before = len(asking.rows)
        asking.ask(schedule.form_tries(form, plan.max_tokens))
        shares.append(sum(r.said == Said.OWN for r in asking.rows[before:]))
        log.info(f"{plan.name}: form {form + 1} of the question told back {shares[-1]} of {FORM_TRIES} alone")
        if shares[-1] >= FORM_TAKEN * FORM_TRIES:
            return
    best = max(range(len(shares)), key=lambda form: (shares[form], -form))
    asking.form = best
    words = best == codes_of.WORDS_FORM
    asking.carry(codes_of.pairs_of_words(seed + 1, needed, WORDS) if words else _numbers(asking, needed))


def _numbers(asking: _Asking, needed: int) -> Codes:
    """Those not yet carried: a code belongs to one request."""
    codes = codes_of.numbers(asking.run.seed, needed)
    gone = {r.code for r in asking.rows}
    return replace(codes, carried=tuple(c for c in codes.carried if c not in gone))


def _look(asking: _Asking, size: Size, look: int) -> Right:
    """All pairs alone and at each level, and the churn; what all rows so far show."""
    plan, tokens = asking.plan, asking.plan.max_tokens
    pairs = range(look * size.pairs, (look + 1) * size.pairs)
    half = size.pairs // 2
    asking.ask(schedule.alone(pairs[:half], tokens))
    for users in size.levels:
        asking.ask(schedule.level(pairs, users, tokens, look * size.pairs))
    asking.ask(schedule.alone(pairs[half:], tokens))
    if size.churn:
        asking.churn(schedule.churn_limits(size.pairs, asking.run.seed + look), max(plan.users))
    found = right(asking.rows, max(plan.users))
    for level in found.levels:
        kind = "come and go" if level.churn else "at once"
        log.info(
            f"{plan.name}: with {level.users} {kind} {level.right} of {level.n} right, "
            f"alone {found.alone.right} of {found.alone.n}"
        )
    return found
