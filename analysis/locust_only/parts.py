"""Rows that measure a part of a request (TTFT, E2E, tokens): they count it several times."""

import re
from collections.abc import Iterator, Mapping, Sequence

from analysis.files.locust_stats import Name, Snapshot, Sums

CROWDED = (
    "more requests were in flight than there were users: a task sends several at once, or some rows are no "
    "requests but measure a part of one"
)
PARTS = (
    "the rows {} may be requests of their own or parts of others: they have as many entries; name the "
    "parts so (TTFT, tokens), or fire them with a type of their own"
)
METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"}
PART_WORDS = re.compile(
    r"ttft|tpot|itl|e2e|end.to.end|first.?(token|byte|chunk)|latency|metric|tokens", re.IGNORECASE
)
FIRST_TOKEN = re.compile(r"ttft|first.?(token|byte|chunk)", re.IGNORECASE)
WHOLE_WORDS = re.compile(r"e2e|end.to.end|total|latency|response|request", re.IGNORECASE)
ENOUGH = 10  # rows of the history with new counts, for counts that are always equal to say something


def parts_of(rows: Mapping[Name, Sums], history: Sequence[Snapshot]) -> tuple[Name, ...]:
    """The rows that surely measure a part of a request.

    Those whose type or name says so, if a row is left that may be the request; and those that are no HTTP
    method, have as many entries as another row at every instant, and are never longer.
    """
    measures = {name for name in rows if _says_part(name, rows)}
    if measures and measures == set(rows):
        measures -= set(_wholes(rows))
    others = [name for name in rows if name not in measures]
    twins = {name for name in others if _is_twin(name, others, rows, history)}
    return tuple(name for name in rows if name in measures | twins)


def _says_part(name: Name, rows: Mapping[Name, Sums]) -> bool:
    """A path of an HTTP method (`GET /metrics`, `POST /v1/tokens`) is a request, whatever its words."""
    is_path = name[0].upper() in METHODS and "/" in name[1]
    return not is_path and PART_WORDS.search(" ".join(name)) is not None


def _wholes(rows: Mapping[Name, Sums]) -> list[Name]:
    """Where every row is a measure: that of the whole request, or all of them (then it is unsure)."""
    wholes = [name for name in rows if WHOLE_WORDS.search(" ".join(name))]
    return wholes if len(wholes) == 1 else list(rows)


def _is_twin(
    name: Name, others: Sequence[Name], rows: Mapping[Name, Sums], history: Sequence[Snapshot]
) -> bool:
    if name[0].upper() in METHODS:
        return False
    return any(
        other != name
        and rows[name].latency_s <= rows[other].latency_s
        and rows[name].slowest_s <= rows[other].slowest_s
        and (rows[name].latency_s < rows[other].latency_s or name > other)
        and _always_equal(name, other, rows, history)
        for other in others
    )


def _always_equal(one: Name, other: Name, rows: Mapping[Name, Sums], history: Sequence[Snapshot]) -> bool:
    if rows[one].requests != rows[other].requests:
        return False
    counts = [
        (s.sums[one].requests, s.sums[other].requests) for s in history if one in s.sums and other in s.sums
    ]
    return len(set(counts)) >= ENOUGH and all(a == b for a, b in counts)


def unsure_parts(rows: Mapping[Name, Sums], history: Sequence[Snapshot], users: int) -> str | None:
    """What is unsure of these rows, which are left as requests; None if nothing is."""
    found = list(_doubtful(rows, users))
    return PARTS.format(", ".join(f"{t} {name}".strip() for t, name in found)) if found else None


def _doubtful(rows: Mapping[Name, Sums], users: int) -> Iterator[Name]:
    """Rows that need not be requests and have as many entries as another, but for those in flight."""
    for one in rows:
        if one[0].upper() in METHODS and not PART_WORDS.search(one[1]):
            continue
        if any(
            abs(rows[one].requests - rows[other].requests) <= users and rows[one].requests > 0
            for other in rows
            if other != one
        ):
            yield one
