"""The rows of PREFIX_requests.csv as recipes/request_log.py writes them, and the requests among them.

A greenlet does one thing at a time. So rows of one greenlet that overlap in time measure the same request:
one of them is the request, the others (TTFT, E2E, tokens) are parts of it.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import ConfigDict, with_config

from analysis.errors import RunError
from analysis.files.csv_rows import read_rows
from analysis.files.run import file_of
from analysis.locust_only.parts import FIRST_TOKEN, METHODS, PART_WORDS

SLACK_S = 1e-5  # instants have microseconds
MOST_AT_ONCE = 64  # requests that one greenlet reports together
LONGEST_HEADER = 100_000  # characters of a first line


@with_config(ConfigDict(allow_inf_nan=False))
@dataclass(frozen=True, slots=True, kw_only=True)
class LocustRow:
    """One event `request` of Locust's. Instants are seconds since 1970, of one machine's clock."""

    worker: int
    request_id: int  # counts the events of its worker from 1
    user: int = 0  # the greenlet that fired it
    users: int  # of its worker, at that instant
    type: str = ""
    name: str = ""
    send_s: float
    first_token_s: float | None = None
    end_s: float
    unread: bool = False  # its time ends before its body: a stream that was read after it was reported
    length: float | None = None  # as the locustfile counts it: bytes, or tokens
    error: str | None = None

    @property
    def latency_s(self) -> float:
        return self.end_s - self.send_s

    @property
    def measures(self) -> str:
        """What it is called: `POST chat`, `TTFT chat`."""
        return f"{self.type} {self.name}".strip()


@dataclass(frozen=True, slots=True)
class RequestRows:
    """The requests in the order they ended, and how many rows of which name were parts of one."""

    prefix: Path
    requests: tuple[LocustRow, ...]
    parts: tuple[str, ...]
    torn: bool


def has_request_rows(prefix: Path) -> bool:
    """True if the rows of the recipe are there, and not those of a run of portlap's."""
    path = file_of(prefix, "requests.csv")
    if not path.is_file():
        return False
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            header = file.readline(LONGEST_HEADER).strip().split(",")
    except OSError:
        return False
    return "send_s" in header and "phase" not in header


def read_requests(prefix: Path) -> RequestRows:
    """The requests of the run at `prefix`. Raises RunError."""
    path = file_of(prefix, "requests.csv")
    try:
        found = read_rows(path, LocustRow)
    except OSError as error:
        raise RunError(f"{path}: cannot be read: {error.strerror}; give the prefix of a run") from None
    if not found.rows:
        raise RunError(f"{path}: holds no request; give the prefix of a run that sent some")
    requests, parts = _requests(r for r in found.rows if r.end_s >= r.send_s)
    if not requests:
        raise RunError(f"{path}: only parts of requests ({', '.join(parts)}); log the requests themselves")
    return RequestRows(prefix, tuple(sorted(requests, key=lambda r: r.end_s)), parts, found.torn is not None)


def _requests(rows: Iterable[LocustRow]) -> tuple[list[LocustRow], tuple[str, ...]]:
    by_user: dict[tuple[int, int], list[LocustRow]] = defaultdict(list)
    for row in rows:
        by_user[row.worker, row.user].append(row)
    requests: list[LocustRow] = []
    parts: set[str] = set()
    for mine in by_user.values():
        groups, aggregates = _grouped(mine)
        parts |= {row.measures for row in aggregates}
        for group in groups:
            request = max(group, key=_rank)
            others = [row for row in group if row is not request]
            parts |= {row.measures for row in others}
            requests.append(_with_first_token(request, others))
    whole = [r for r in requests if not _is_part(r)]
    parts |= {r.measures for r in requests if whole and _is_part(r)}
    return whole, tuple(sorted(parts))


def _grouped(rows: Sequence[LocustRow]) -> tuple[list[list[LocustRow]], list[LocustRow]]:
    """Rows of one greenlet, a group for each request; and rows that measure several requests together.

    Rows of one name never measure the same request: a task that sends several at once may report them so.
    """
    groups: list[list[LocustRow]] = []
    aggregates = []
    for row in sorted(rows, key=lambda r: r.request_id):
        near = [g for g in reversed(groups[-MOST_AT_ONCE:]) if any(_overlap(row, other) for other in g)]
        joined = next((g for g in near if row.measures not in {other.measures for other in g}), None)
        over = [g for g in near if any(_overlap(row, other) and not _is_part(other) for other in g)]
        if len(over) > 1:
            aggregates.append(row)
        elif joined is None:
            groups.append([row])
        else:
            joined.append(row)
    return groups, aggregates


def _overlap(one: LocustRow, other: LocustRow) -> bool:
    shared_s = min(one.end_s, other.end_s) - max(one.send_s, other.send_s)
    return shared_s > SLACK_S and one.measures != other.measures


def _is_part(row: LocustRow) -> bool:
    return PART_WORDS.search(row.measures) is not None


def _rank(row: LocustRow) -> tuple[bool, bool, float]:
    return not _is_part(row), row.type.upper() in METHODS, row.latency_s


def _with_first_token(request: LocustRow, parts: Sequence[LocustRow]) -> LocustRow:
    """Its first token from its own row, else from a row of its parts that is called so."""
    if request.first_token_s is not None:
        inside = request.send_s <= request.first_token_s <= request.end_s + SLACK_S
        return request if inside else replace(request, first_token_s=None)
    told = (p.latency_s for p in parts if FIRST_TOKEN.search(p.measures))
    ttft_s = next((t for t in told if t <= request.latency_s), None)
    return request if ttft_s is None else replace(request, first_token_s=request.send_s + ttft_s)
