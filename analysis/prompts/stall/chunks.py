"""`PREFIX_chunks.csv`: when each token of a runner came, so that a stall can be worked out again."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from analysis.files.csv_rows import read_rows
from analysis.files.run import file_of

SUFFIX = "chunks.csv"


@dataclass(frozen=True, slots=True)
class Chunk:
    """One chunk with text."""

    request_id: int
    worker: int
    at_s: float  # on the run's clock


Arrivals = Mapping[tuple[int, int], tuple[float, ...]]  # by (worker, request)


def read_chunks(prefix: Path) -> Arrivals:
    """The instants by request; none if there is no such file. Raises RunError if it is damaged."""
    found: dict[tuple[int, int], list[float]] = defaultdict(list)
    try:
        rows = read_rows(file_of(prefix, SUFFIX), Chunk).rows
    except OSError:
        return {}
    for row in rows:
        found[row.worker, row.request_id].append(row.at_s)
    return {request: tuple(instants) for request, instants in found.items()}
