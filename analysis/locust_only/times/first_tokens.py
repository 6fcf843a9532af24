"""Rows for first tokens: what comes before is waiting and prefill, what comes after is decoding."""

import math
from collections.abc import Mapping, Sequence

from analysis.files.locust_stats import Name, Snapshot, Sums
from analysis.locust_only.bounds import Bound
from analysis.locust_only.parts import FIRST_TOKEN
from analysis.locust_only.times.solo import MIN_BLOCKS, blocks
from analysis.thresholds import FASTEST_MARGIN


def first_token_row(rows: Mapping[Name, Sums], parts: Mapping[Name, Sums]) -> Name | None:
    """The part that is the first token of the only kind of request; None if there are several of either."""
    found = [name for name in parts if FIRST_TOKEN.search(" ".join(name))]
    return found[0] if len(found) == 1 and len(rows) == 1 else None


def mean_s(stretch: Sequence[Snapshot], row: Name) -> float | None:
    """Mean time to the first token; None: too few, or failed ones."""
    found = blocks(stretch, row)
    if len(found) < MIN_BLOCKS or any(b.failures for b in found):
        return None
    return math.fsum(b.latency_s for b in found) / sum(b.count for b in found)


def alone_at_most_s(first_token_s: float, fastest: Sums, latency_s: Bound, whole: Sums) -> float | None:
    """No request takes longer alone: alone it does not wait, and decodes no slower than in company.

    `fastest`: of the first tokens. None where the rest of an answer is shorter than of any answer alone: then
    its tokens were held back on the way.
    """
    if fastest.failures or fastest.slack_s:
        return None
    half = (latency_s.high - latency_s.low) / 2
    decode_s = max((latency_s.low + latency_s.high) / 2 - first_token_s, 0.0)
    alone_s = fastest.fastest_s * FASTEST_MARGIN + decode_s
    return alone_s + 2 * half if alone_s * FASTEST_MARGIN >= whole.fastest_s else None
