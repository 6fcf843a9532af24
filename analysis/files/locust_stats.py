"""Locust's own statistics, `_stats.csv`, `_failures.csv` and their history: the only reader of these."""

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby, pairwise
from pathlib import Path

from analysis.errors import RunError

ALL = ("", "Aggregated")
KEY = ("Type", "Name")  # the columns that name a row
MOST = 1e12  # requests, or milliseconds

Name = tuple[str, str]  # (type, name)


@dataclass(frozen=True, slots=True)
class Sums:
    """One row of Locust's: how many requests ended, how many of them failed, and Σ latency ± `slack_s`."""

    requests: int
    failures: int
    latency_s: float
    fastest_s: float
    slowest_s: float
    slack_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The rows of the history that Locust wrote at one instant, within the second from `at_s` on."""

    at_s: int
    users: int
    sums: Mapping[Name, Sums]


def read_table(path: Path) -> Iterator[tuple[dict[str, str], str]]:
    """The lines of a file of statistics as dicts, and where each stands; a torn last line is left out.

    Raises RunError: the file, the line and what is wrong.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise RunError(f"{path}: cannot be read: {error}; give the prefix of a run of Locust") from None
    first = text.partition("\n")[0]
    separator = max(",;\t", key=first.count)
    lines = csv.DictReader(io.StringIO(text, newline=""), delimiter=separator)
    if missing := [name for name in KEY if name not in (lines.fieldnames or ())]:
        raise RunError(f"{path}:1: no column {', '.join(missing)}; these are not Locust's statistics")
    for number, line in enumerate(lines, start=2):
        if None in line.values() and number > text.count("\n"):
            return
        if None in line or None in line.values():
            raise RunError(f"{path}:{number}: not as many cells as the first line names; the file is damaged")
        yield line, f"{path}:{number}"


def read_stats(path: Path) -> dict[Name, Sums]:
    """The rows of `_stats.csv` but for `Aggregated`; {} if the file is missing or empty. Raises RunError."""
    if not path.exists() or not path.stat().st_size:
        return {}
    named = ((line, where) for line, where in read_table(path) if line["Name"] != ALL[1])
    return {
        (line["Type"], line["Name"]): sums_of(line, "", where)
        for line, where in named
        if line.get("Average Response Time") != ""
    }


def read_failures(path: Path) -> int | None:
    """Σ occurrences of `_failures.csv`; None if there is none to read."""
    try:
        with path.open(newline="", encoding="utf-8") as file:
            return sum(int(line["Occurrences"]) for line in csv.DictReader(file))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def sums_of(line: Mapping[str, str], prefix: str, where: str) -> Sums:
    try:
        count = int(line[f"{prefix}Request Count"])
        average, fastest, slowest = (
            float(line[f"{prefix}{which} Response Time"]) / 1e3 for which in ("Average", "Min", "Max")
        )
        failures = int(line[f"{prefix}Failure Count"])
    except KeyError as missing:
        raise RunError(f"{where}: no column {missing}; these are not Locust's statistics") from None
    except ValueError as error:
        raise RunError(f"{where}: {error}; the file is damaged") from None
    if not all(0 <= figure < MOST for figure in (count, failures, average, fastest, slowest)):
        raise RunError(f"{where}: a count or a time that cannot be; the file is damaged")
    return Sums(count, failures, count * average, fastest, slowest)


def read_history(path: Path, rows: Mapping[Name, Sums], total: Sums) -> tuple[list[Snapshot], bool]:
    """Snapshots since the statistics began (anew), and whether they were reset while requests ran."""
    if not path.exists():
        return [], False
    found: list[Snapshot] = []
    for at, lines in groupby(read_table(path), key=lambda pair: pair[0].get("Timestamp")):
        sums, users, where = {}, "", ""
        for line, where in lines:
            sums[line["Type"], line["Name"]] = sums_of(line, "Total ", where)
            users = line.get("User Count", "")
        try:
            found.append(Snapshot(int(at or ""), int(users), sums))
        except ValueError:
            raise RunError(
                f"{where}: no time or number of users; these are not Locust's statistics"
            ) from None
    counts = [s.sums[ALL].requests if ALL in s.sums else 0 for s in found]
    anew = [i for i, (before, after) in enumerate(pairwise(counts), start=1) if after < before]
    if counts and (counts[-1] > total.requests or not set(found[-1].sums) <= {*rows, ALL}):
        raise RunError(f"{path}: other requests than in the statistics beside it; they are of different runs")
    return found[anew[-1] :] if anew else found, bool(anew)
