"""What to do about answers that are not whole, by what refused or ended them: words for each cause."""

from collections.abc import Sequence

from analysis.files.request_record import RequestRecord
from analysis.phase.measure import PhaseMeasured
from analysis.phase.rounds import Round
from analysis.thresholds import AT_ONCE_S

OTHERWISE = "fix what the named answer reports, then run again"
ALL_BROKE = (
    "all requests of a round broke at once: the context they share may be full; "
    "load the model with a larger one, or ask for fewer tokens"
)
ENDED_BY_A_NEWCOMER = (
    "a new request ends the answer that runs: the server serves the newest one only; "
    "let it finish them (llama-cpp-python: --interrupt_requests false), then run again"
)
HUNG_UP = (
    "the server, or a proxy before it, took the request and hung up without an answer: it refuses more than "
    "its limit, or its queue timed out (HAProxy: maxconn, timeout queue); see its log"
)
LIMIT = "that limit is itself the answer to 'does it work in parallel'; raise it, or take fewer users"
BY_STATUS = {
    401: "a key is needed, or another one: name its variable as api_key_env",
    403: "a key is needed, or the server does not take this name of its host "
    "(Ollama behind a proxy: let the proxy send the header Host as localhost:11434)",
    429: f"the server, or a gateway before it, limits how many requests it takes (HTTP 429): {LIMIT}",
    502: "the proxy before the server could not reach it, or the server ended: see the logs of both",
    503: "the server, or a proxy before it, refuses requests beyond its limit (HTTP 503; nginx: limit_conn, "
    f"limit_req; HAProxy: maxconn, timeout queue; Ollama: OLLAMA_MAX_QUEUE): {LIMIT}",
    504: "the proxy before the server waited too long for it: raise its timeout (nginx: proxy_read_timeout; "
    "HAProxy: timeout server)",
}


def remedy(phase: PhaseMeasured) -> str:
    """The most likely cause of the answers that are not whole, and what to do."""
    if any(map(_broke_at_once, phase.rounds)):
        return ALL_BROKE
    failed = [r for one in phase.rounds for r in one.requests if r.not_whole_because(None) is not None]
    for status, words in BY_STATUS.items():
        if any(r.http_status == status for r in failed):
            return words
    if any(
        _ended_by_a_newcomer(r, one.requests) for one in phase.rounds for r in one.requests if r in failed
    ):
        return ENDED_BY_A_NEWCOMER
    if any("without an answer" in (r.error or "") for r in failed):
        return HUNG_UP
    return OTHERWISE


def _broke_at_once(one: Round) -> bool:
    """Whether every request of the round failed, and all at the same instant."""
    ends = [r.end_s for r in one.requests if r.error is not None and r.end_s is not None]
    return 1 < len(ends) == len(one.requests) and max(ends) - min(ends) <= AT_ONCE_S


def _ended_by_a_newcomer(cut: RequestRecord, others: Sequence[RequestRecord]) -> bool:
    """Whether its text, begun, ended where another's text at the same address was about to begin."""
    if cut.last_token_s is None or cut.end_s is None:
        return False
    if cut.error is not None and "before the answer ended" not in cut.error:
        return False
    return any(
        o.base_url == cut.base_url
        and o is not cut
        and o.first_token_s is not None
        and o.first_token_s > cut.last_token_s
        and o.send_s is not None
        and o.send_s <= cut.end_s
        and o.not_whole_because(None) is None
        for o in others
    )
