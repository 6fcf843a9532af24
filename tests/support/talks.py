"""Phases of kind `talk` on caches of known truth, by `servers.queue_model.slot_cache`: no socket."""

import random
from dataclasses import dataclass
from itertools import count

from analysis.files.plan import IN_TURN, TOGETHER, PlannedTalk
from analysis.files.request_record import TURN, RequestRecord
from servers.queue_model.slot_cache import SlotCache

PLAN = PlannedTalk("talk", ("A",), (2, 3))
TOKEN_S, FIXED_S, ANSWER = 0.002, 0.05, 24
TEMPLATE = tuple(f"template{i}" for i in range(25))


@dataclass
class Talk:
    """The rows of a phase whose server caches so; `tells`: usage, none or zero."""

    slots: int = 2
    choice: str = "similarity"
    similarity: float = 0.1
    host: int = 0
    tells: str = "usage"
    jitter: float = 0.0
    seed: int = 1
    caches: bool = True

    def __post_init__(self) -> None:
        self.rows: list[RequestRecord] = []
        self.ids, self.chance = count(1), random.Random(self.seed)
        self.cache = SlotCache(self.slots, self.choice, self.similarity, self.host)
        self.now_s = 1.0

    def measure(
        self, users: tuple[int, ...] = (2, 3), order: tuple[str, ...] = (IN_TURN, TOGETHER)
    ) -> "Talk":
        for _ in range(2):
            for words in (60, 120, 230, 460):
                self.ask("line", 0, 0, self.some(words))
        self.part("alone", 1)
        for n in users:
            for each in order:
                self.part(each, n)
        return self

    def some(self, words: int) -> tuple[str, ...]:
        return tuple(f"w{self.chance.random()}" for _ in range(words))

    def part(self, order: str, users: int, system: int = 0) -> "Talk":
        name = order if order in ("alone", "stranger") else f"{order} {users}"
        for repetition in range(2):
            common = self.some(system)
            histories = [TEMPLATE + common for _ in range(users)]
            for turn in range(1, 5):
                said = [h + self.some(300 if turn == 1 else 25) for h in histories]
                if order == TOGETHER:
                    self.together(name, repetition, turn, said)
                else:
                    for prompt in said:
                        self.ask(name, repetition, turn, prompt)
                        if order == "stranger":
                            self.ask("stranger", repetition, 0, TEMPLATE + self.some(6))
                histories = [prompt + self.some(ANSWER) for prompt in said]
        return self

    def together(self, name: str, repetition: int, turn: int, said: list[tuple[str, ...]]) -> None:
        """Whoever gets no slot waits until those before have ended."""
        for first in range(0, len(said), self.slots):
            now = said[first : first + self.slots]
            numbers = [next(self.ids) for _ in now]
            shares = [self.take(i, prompt) for i, prompt in zip(numbers, now, strict=True)]
            for number, prompt, share in zip(numbers, now, shares, strict=True):
                self.keep(number, name, repetition, turn, prompt, share, waited_s=float(first))
                self.cache.free(number)

    def ask(self, name: str, repetition: int, turn: int, prompt: tuple[str, ...]) -> None:
        number = next(self.ids)
        self.keep(number, name, repetition, turn, prompt, self.take(number, prompt), 0.0)
        self.cache.free(number)

    def take(self, number: int, prompt: tuple[str, ...]) -> float:
        share = self.cache.take(number, prompt)
        return share if self.caches else 0.0

    def keep(
        self,
        number: int,
        name: str,
        repetition: int,
        turn: int,
        prompt: tuple[str, ...],
        share: float,
        waited_s: float,
    ) -> None:
        there = round(share * len(prompt))
        slow = self.chance.lognormvariate(0.0, self.jitter)
        ttft_s = waited_s + (FIXED_S + TOKEN_S * (len(prompt) - there)) * slow
        told = {"usage": there, "zero": 0, "none": None}[self.tells]
        self.rows.append(
            RequestRecord(
                request_id=number, phase="talk", round=repetition, kind=TURN, part=name, turn=turn or None,
                target="A", base_url="http://127.0.0.1:9001", send_s=self.now_s,
                first_token_s=self.now_s + ttft_s, last_token_s=self.now_s + ttft_s + 0.1,
                end_s=self.now_s + ttft_s + 0.1, chunks=ANSWER, output_tokens=ANSWER,
                prompt_tokens=len(prompt), cached_tokens=told,
            )
        )  # fmt: skip
        self.now_s += ttft_s + 0.2
