"""Rows that may be parts of a request (TTFT, E2E, tokens) and not requests: they count it several times."""

import re
from collections.abc import Mapping

from analysis.files.locust_stats import Name, Sums

CROWDED = (
    "one request per user: more were in flight than there were users, so a task sends several at once, "
    "or some rows are no requests but parts of one (such as TTFT); without it no speedup"
)
PARTS = (
    "rows that are requests for sure: some have as many entries as another row and may be parts "
    "of its requests (such as TTFT); without it no speedup"
)
METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"}
PART_WORDS = re.compile(
    r"ttft|tpot|itl|e2e|end.to.end|first.?(token|byte|chunk)|latency|metric|tokens", re.IGNORECASE
)


def may_be_parts(rows: Mapping[Name, Sums], users: int) -> bool:
    """True if a row that need not be a request has as many entries as another, but for those in flight.

    With pauses between requests the users' time never contradicts such rows, and a serial server would show a
    gain of as many times as there are rows.
    """
    doubtful = [n for n in rows if n[0].upper() not in METHODS or PART_WORDS.search(n[1])]
    return any(
        abs(rows[one].requests - rows[other].requests) <= users and rows[one].requests > 0
        for one in doubtful
        for other in rows
        if other != one
    )
