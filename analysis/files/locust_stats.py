"""Locust's own statistics, `_stats.csv`, `_failures.csv` and their history: the only reader of these."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby, pairwise
from pathlib import Path

from analysis.errors import RunError
from analysis.files.locust_table import Line, read_table

ALL = ("", "Aggregated")
TOTALS = ("Aggregated", "Total")  # names of the last row, now and before 2020
MOST = 1e12  # requests, or milliseconds
WHOLE_MS = 1e-3  # s: so much is cut off a time at most

Name = tuple[str, str]  # (type, name)


@dataclass(frozen=True, slots=True)
class Sums:
    """One row of Locust's: how many requests ended, how many of them failed, and Σ latency ± `slack_s`."""

    requests: int
    failures: int
    latency_s: float
    fastest_s: float
    slowest_s: float
    slack_s: float = 0.0  # older versions write whole milliseconds, cut off


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The rows of the history that Locust wrote at one instant, within the second from `at_s` on."""

    at_s: int
    users: int  # 0 also where this version does not write it
    sums: Mapping[Name, Sums]


@dataclass(frozen=True, slots=True)
class Table:
    """`_stats.csv`. `total` and `window_s`: None where the last row is missing."""

    rows: Mapping[Name, Sums]  # without the last one
    total: Sums | None
    window_s: tuple[float, float] | None  # from start to last end by its Requests/s: at least, at most


def read_stats(path: Path) -> dict[Name, Sums]:
    """The rows of `_stats.csv` but for the last; {} if the file is missing or empty. Raises RunError."""
    if not path.exists() or not path.stat().st_size:
        return {}
    return dict(read_stats_table(path).rows)


def read_stats_table(path: Path) -> Table:
    """Raises RunError."""
    lines = list(read_table(path))
    rows = {
        _named(line): sums_of(line, where) for line, where in lines if line.get("Average Response Time") != ""
    }
    last = lines[-1] if lines and _is_total(_named(lines[-1][0])) else None
    if last is None:
        return Table(rows, None, None)
    total = rows.pop(_named(last[0]))
    return Table(rows, total, _window_s(last, total))


def _named(line: Line) -> Name:
    return line["Type"], line["Name"]


def _is_total(name: Name) -> bool:
    return name[1] in TOTALS and name[0] in ("", "None")


def _window_s(last: tuple[Line, str], total: Sums) -> tuple[float, float] | None:
    """The count over the rate, as far as its digits go: `0.09` is 0.085 to 0.095. Raises RunError."""
    line, where = last
    text = line.get("Requests/s", "").strip()
    try:
        rate = float(text)
    except ValueError:
        raise RunError(f"{where}: Requests/s cannot be read; the file is damaged") from None
    if not 0 < rate < MOST or not total.requests:
        return None
    exact_s = total.requests / rate
    if not _is_cut(line) or len(text.partition(".")[2]) > 2:
        return exact_s, exact_s
    half = 0.5e-2  # of a rate with two digits; such a version counts the time in whole seconds, too
    longest_s = total.requests / max(rate - half, rate / 2)
    return max(total.requests / (rate + half) - 1.0, 0.0), longest_s + 1.0


def _is_cut(line: Line) -> bool:
    """Whether this version of Locust writes whole milliseconds."""
    return re.fullmatch(r"\d+", line["Average Response Time"].strip()) is not None


def read_failures(path: Path) -> int | None:
    """Σ occurrences of `_failures.csv`; None if there is none to read."""
    if not path.exists():
        return None
    try:
        return sum(int(line["Occurrences"]) for line, _ in read_table(path))
    except (RunError, ValueError, KeyError):
        return None


def sums_of(line: Line, where: str) -> Sums:
    """Raises RunError."""
    try:
        count, failures = (int(line[f"{which} Count"] or 0) for which in ("Request", "Failure"))
        average, fastest, slowest = (
            float(line[f"{which} Response Time"] or 0) / 1e3 for which in ("Average", "Min", "Max")
        )
    except KeyError as missing:
        raise RunError(f"{where}: no column {missing}; these are not Locust's statistics") from None
    except ValueError as error:
        raise RunError(f"{where}: {error}; the file is damaged") from None
    if not all(0 <= figure < MOST for figure in (count, failures, average, fastest, slowest)):
        raise RunError(f"{where}: a count or a time that cannot be; the file is damaged")
    cut_s = WHOLE_MS if _is_cut(line) else 0.0
    half_s = cut_s / 2  # in the mean an average is so much longer than written, and at most as much again
    return Sums(
        count, failures, count * (average + half_s), fastest, slowest + cut_s, slack_s=count * half_s
    )  # fmt: skip


def read_history(path: Path, rows: Mapping[Name, Sums], total: Sums | None) -> tuple[list[Snapshot], bool]:
    """Snapshots since the statistics began (anew), and whether they were reset while requests ran.

    `rows`, `total`: of the file beside it; None: there is none, or it has no last row. Raises RunError.
    """
    if not path.exists():
        return [], False
    found: list[Snapshot] = []
    for at, lines in groupby(read_table(path), key=lambda pair: pair[0].get("Timestamp")):
        sums, users, where = {}, "", ""
        for line, where in lines:
            name = _named(line)
            sums[ALL if _is_total(name) else name] = sums_of(line, where)
            users = line.get("User Count", "")
        try:
            found.append(Snapshot(int(float(at or "")), int(users or 0), sums))
        except ValueError:
            raise RunError(
                f"{where}: no time or number of users; these are not Locust's statistics"
            ) from None
    counts = [s.sums[ALL].requests if ALL in s.sums else 0 for s in found]
    anew = [i for i, (before, after) in enumerate(pairwise(counts), start=1) if after < before]
    if counts and total is not None:
        more = counts[-1] > total.requests or not set(found[-1].sums) <= {*rows, ALL}
        others = more and not any(_same(s.sums[ALL], total) for s in found if ALL in s.sums)
        if others:
            raise RunError(
                f"{path}: other requests than in the statistics beside it; they are of different runs"
            )
    return found[anew[-1] :] if anew else found, bool(anew)


def _same(one: Sums, other: Sums) -> bool:
    """True for a row that stood in both files: a killed Locust may have flushed its history later."""
    return (one.requests, one.failures) == (other.requests, other.failures) and math.isclose(
        one.latency_s, other.latency_s, rel_tol=1e-6, abs_tol=one.slack_s + other.slack_s
    )
