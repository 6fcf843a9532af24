"""What to do about answers that are not whole, by what refused or ended them: words for each cause."""

from collections.abc import Sequence

from analysis.advice.by_status import BY_STATUS
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
