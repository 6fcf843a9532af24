"""Answers that are not whole: each cause gets words of its own, and what to do."""

from dataclasses import replace
from typing import Any

import pytest

from analysis.assess import assess
from analysis.files.request_record import BURST, RequestRecord
from analysis.files.run import Run
from tests.support.farm import farm, phase
from tests.support.runs import changed


def hint(run: Run) -> str:
    judged = assess(run).phases[0]
    whole = next(c for c in judged.conditions if c.name == "answers whole")
    assert whole.passed is False
    assert whole.hint is not None
    return whole.hint


def second_refused(**fault: Any) -> Run:
    """A round's first answer is whole, the others are as the fault says."""

    def fail(r: RequestRecord) -> RequestRecord:
        gone = {"first_token_s": None, "last_token_s": None, "output_tokens": None, "chunks": None}
        return r if r.user == 0 else replace(r, **{**gone, **fault})

    return changed(farm("serial", [phase(3)]), fail, BURST)


CAUSES = {
    "a limit of requests": (429, "HTTP 429: rate limit (Retry-After: 2)", "limits how many requests"),
    "a gateway's limit without words": (429, "HTTP 429: Too Many Requests", "limits how many requests"),
    "nginx": (503, "HTTP 503: Service Temporarily Unavailable", "nginx: limit_conn"),
    "HAProxy's queue timed out": (503, "HTTP 503: Service Unavailable", "HAProxy: maxconn, timeout queue"),
    "a check of the host's name": (403, "HTTP 403: Forbidden", "may not take this name of its host"),
    "no key": (401, "HTTP 401: Unauthorized", "a key is needed"),
    "a proxy that waits no longer": (504, "HTTP 504: Gateway Time-out", "nginx: proxy_read_timeout"),
    "a proxy without a server": (502, "HTTP 502: Bad Gateway", "could not reach it"),
    "hung up": (None, "127.0.0.1:80 closed the connection without an answer", "hung up without an answer"),
    "anything else": (500, "HTTP 500: out of cheese", "fix what the named answer reports"),
}


@pytest.mark.parametrize(("status", "error", "words"), CAUSES.values(), ids=CAUSES)
def test_each_refusal_has_words_of_its_own(status: int | None, error: str, words: str) -> None:
    assert words in hint(second_refused(http_status=status, error=error))


@pytest.mark.parametrize("error", [None, "127.0.0.1:80 closed the connection before the answer ended"])
def test_a_server_that_drops_one_answer_for_the_next_is_named_with_its_switch(error: str | None) -> None:
    run = farm("serial", [phase(2, 1)])
    begin_s: dict[int | None, float] = {}  # of a round's first answer
    for r in run.log.records:
        if r.kind == BURST and r.first_token_s is not None:
            begin_s[r.round] = min(r.first_token_s, begin_s.get(r.round, r.first_token_s))

    def cut(r: RequestRecord) -> RequestRecord:
        """The first answer ends with its fifth token, where the second begins."""
        if r.first_token_s != begin_s[r.round]:
            return replace(r, first_token_s=begin_s[r.round] + 0.05)
        at_s = begin_s[r.round] + 0.04
        short = replace(r, output_tokens=5, chunks=5, finish_reason=None, error=error)
        return replace(short, last_token_s=at_s, end_s=at_s)

    assert "--interrupt_requests false" in hint(changed(run, cut, BURST))
