"""Whose text an answer holds: its own code, another request's code or unique prefix, or none.

The watch sees every answer of a run that holds a number which its request did not hold, and all that are
asked for a code. It reads no clock: two requests overlapped if one was open while the other was.
"""

import re
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

from analysis.files.request_record import RECALL, RequestRecord
from analysis.prompts.right.words import Said
from analysis.thresholds import CHURN_SHORT_TOKENS
from replay.client.request import Request
from replay.client.response import NO_TEXT
from replay.prompts.prefix import request_of
from replay.recall.codes import Codes
from replay.recall.text import garbled, holds, scripts, strange_numbers, text_hash

MOST_ENDED = 4096  # requests whose end is remembered; what ended before them ended before this answer began
MOST_EVIDENCE = 20  # answers that are kept in all …
MOST_ORDINARY, ORDINARY_EACH = 12, 2  # … of these without a foreign code, and of one part of the phase
MOST_TEXT = 2000  # characters of each


@dataclass
class Watch:
    """State: who carried which code, who is open, when the others ended."""

    seed: int = 0  # of the prefixes
    keep: Callable[[dict[str, Any]], None] = lambda _: None  # of an answer that shows something wrong
    codes: Codes | None = None  # of a phase that asks for some
    carriers: dict[str, list[int]] = field(default_factory=dict)  # by code: its requests
    open: dict[int, Request] = field(default_factory=dict)
    ended_s: "OrderedDict[int, float]" = field(default_factory=OrderedDict)
    last_id: int = 0
    kept: int = 0
    ordinary: "Counter[str]" = field(default_factory=Counter)  # of these without a foreign code, by phase

    def sent(self, requests: Iterable[Request]) -> None:
        """These are on their way."""
        for request in requests:
            self.open[request.request_id] = request
            self.last_id = max(self.last_id, request.request_id)
            if request.code is not None:
                self.carriers.setdefault(request.code, []).append(request.request_id)

    def ended(self, row: RequestRecord, text: str | None, thoughts: str = "") -> RequestRecord:
        """The row with what its answer said, now that it has ended.

        `text`: of the answer, None where it shows nothing; `thoughts`: what a model wrote before it.
        """
        request = self.open.pop(row.request_id, None)
        if row.end_s is not None:
            self.ended_s[row.request_id] = row.end_s
            if len(self.ended_s) > MOST_ENDED:
                self.ended_s.popitem(last=False)
        if request is None or text is None or row.error not in (None, NO_TEXT):
            return row
        said, whose = self._said(request, row, text, f"{thoughts} {text}")
        if row.kind == RECALL:
            row = replace(
                row,
                said=said.value,
                said_of=whose,
                text_hash=text_hash(text),
                garbled=None if thoughts and not text else garbled(text),
                scripts=scripts(text) or None,
            )
        elif said.is_foreign:
            row = replace(row, said=said.value, said_of=whose)
        self._keep_evidence(row, said, text, thoughts)
        return row

    def _said(self, request: Request, row: RequestRecord, text: str, every: str) -> tuple[Said, int | None]:
        found = strange_numbers(every, request.body) | self._pairs(request, every)
        carriers = [ids for code in found if (ids := self._carriers(code, request))]
        for ids in carriers:  # careful: of what was asked twice, once before, it is open whose it is
            if all(self._was_open(i, row.send_s) for i in ids):
                return Said.FOREIGN_OPEN, ids[-1]
        if carriers:
            return Said.FOREIGN_ENDED, carriers[0][-1]
        if request.code is not None and holds(text, request.code):
            return Said.OWN, None
        if self.codes is not None and found & set(self.codes.decoys):
            return Said.DECOY, None
        if self.codes is not None and found & set(self.codes.carried):
            return Said.UNSENT, None
        return Said.NONE, None

    def _pairs(self, request: Request, text: str) -> set[str]:
        """Neighbouring words, where codes are pairs of words."""
        if self.codes is None or " " not in self.codes.carried[0]:
            return set()
        words = re.findall(r"[^\W\d_]+", text.lower())
        return {f"{a} {b}" for a, b in pairwise(words)} - {request.code}

    def _carriers(self, code: str, request: Request) -> list[int]:
        """The other requests that carried this code, or this prefix."""
        if others := [i for i in self.carriers.get(code, ()) if i != request.request_id]:
            return others
        number = request_of(self.seed, code)
        if number is None or not 0 < number <= self.last_id or number == request.request_id:
            return []
        return [number]

    def _was_open(self, request_id: int, since_s: float | None) -> bool:
        """Whether it was open at some time after `since_s`."""
        if request_id in self.open:
            return True
        ended_s = self.ended_s.get(request_id)
        return ended_s is not None and (since_s is None or ended_s > since_s)

    def _keep_evidence(self, row: RequestRecord, said: Said, text: str, thoughts: str) -> None:
        """What an answer that shows something wrong really said; foreign codes before all others."""
        missed = row.code is not None and request_of(self.seed, row.code) is None and said is not Said.OWN
        cut = row.finish_reason == "length" and (row.tokens or 0) <= CHURN_SHORT_TOKENS
        missed = missed and not cut and row.ended_by != "client"
        ordinary = not said.is_foreign
        if ordinary and not (row.garbled or (missed and row.error is None)):
            return
        full = self.ordinary.total() >= MOST_ORDINARY or self.ordinary[row.part or row.phase] >= ORDINARY_EACH
        if self.kept >= MOST_EVIDENCE or (ordinary and full):
            return
        self.kept += 1
        self.ordinary[row.part or row.phase] += ordinary
        self.keep(
            {
                "request_id": row.request_id,
                "phase": row.phase,
                "part": row.part,
                "target": row.target,
                "code": row.code,
                "said": said.value,
                "said_of": row.said_of,
                "garbled": row.garbled,
                "text": text[:MOST_TEXT],
                "thoughts": thoughts[:MOST_TEXT],
            }
        )
