"""Frozen dataclasses as rows of a CSV file: the columns are the fields, missing is None and an empty cell.

A row is flushed as it is written, so that a kill tears at most the last line; the reader sets that apart.
A column that the reader does not know is ignored, one that it misses is named in `lacks`: older and newer
files are read as far as they go.
"""

import csv
import errno
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import Any, Generic, Literal, TextIO, TypeVar

from pydantic import TypeAdapter, ValidationError

from analysis.errors import RunError
from analysis.escapes import for_cell, from_cell, visible

Row = TypeVar("Row")
MOST_BYTES = 2_000_000_000  # of a CSV; a row has some 250
MOST_JSON_BYTES = 50_000_000  # of a manifest or an entities file; they have some kB
PLAIN = bytes({*range(32, 127), *b"\r\n"} - {*b"'"})  # what neither `visible` nor `from_cell` changes
REMEDY = "the file is damaged or not portlap's; see docs/FORMAT.md"


def columns(kind: type) -> tuple[str, ...]:
    return tuple(f.name for f in fields(kind))


def to_row(record: Any) -> list[str]:
    """The cells of one record: seconds with microseconds, missing as an empty cell."""
    cells = []
    for name in columns(type(record)):
        value = getattr(record, name)
        if value is None:
            cells.append("")
        else:
            cells.append(f"{value:.6f}" if isinstance(value, float) else _text_cell(str(value)))
    return cells


def _text_cell(text: str) -> str:
    """A row is a line: whatever a server wrote into an error must not tear it, nor run in a spreadsheet."""
    return for_cell(visible(" ".join(text.replace("\0", " ").splitlines())))


class RowWriter:
    """Appends rows to a new file, each flushed as it comes. Refuses to overwrite; `append`: to an old one."""

    def __init__(self, path: Path, kind: type, append: bool = False) -> None:
        mode: Literal["a", "x"] = "a" if append else "x"
        self._file: TextIO = path.open(
            mode, newline="", encoding="utf-8", errors="backslashreplace", buffering=1
        )
        self._csv = csv.writer(self._file, lineterminator="\n")
        if not append:
            self._csv.writerow(columns(kind))

    def write(self, record: Any) -> None:
        self._csv.writerow(to_row(record))

    def close(self) -> None:
        with suppress(OSError):  # a row that the disk did not take is tried once more
            self._file.close()


@dataclass(frozen=True, slots=True)
class Rows(Generic[Row]):
    """The rows of a file, its torn last line if there is one, and the columns that it lacks."""

    rows: tuple[Row, ...] = ()
    torn: str | None = None
    lacks: tuple[str, ...] = ()


def bytes_of(path: Path, most: int = MOST_BYTES) -> bytes:
    """All of the file. Raises OSError, also for a device or a pipe, which may have no end."""
    if path.exists() and not path.is_file() and not path.is_dir():
        raise OSError(errno.EINVAL, "not a file", str(path))
    with path.open("rb") as file:
        data = file.read(most + 1)
    if len(data) > most:
        raise OSError(errno.EFBIG, f"more than {most:,} bytes", str(path))
    return data


def read_rows(path: Path, kind: type[Row]) -> Rows[Row]:
    """All whole rows. Raises OSError, and RunError naming file, line, column and remedy."""
    data = bytes_of(path)
    plain = not data.translate(None, PLAIN)  # nothing else in it, as in most files
    text = data.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n")
    del data
    if not text:
        return Rows()  # killed, or the disk full, before the first line
    body, _, torn = text.rpartition("\n")
    left = body.split("\n")
    del text, body  # a million rows have 230 MB
    lines = csv.reader(_taken_from(left))
    try:
        header = next(lines, [])
        needed = [f.name for f in fields(kind) if f.default is MISSING]  # type: ignore[arg-type]
        if missing := [name for name in needed if name not in header]:
            raise RunError(f"{path}:1: no column {', '.join(missing)}; {REMEDY}")
        lacks = tuple(name for name in columns(kind) if name not in header)
        return Rows(tuple(_parse(lines, header, kind, path, plain)), torn or None, lacks)
    except csv.Error as error:
        raise RunError(f"{path}:{lines.line_num}: {error}; {REMEDY}") from None


def _taken_from(lines: list[str]) -> Iterator[str]:
    """Each in order; what was read needs no memory any more."""
    lines.reverse()
    while lines:
        yield lines.pop()


def _parse(
    lines: Iterator[list[str]], header: Sequence[str], kind: type[Row], path: Path, plain: bool
) -> Iterator[Row]:
    """`plain`: no cell holds anything to be made visible or taken back."""
    validate: Any = TypeAdapter(kind).validator.validate_strings  # without a layer for each row
    for number, cells in enumerate(lines, start=2):
        if len(cells) != len(header):
            raise RunError(
                f"{path}:{number}: {len(cells)} cells where {len(header)} belong; the file is damaged"
            )
        try:
            named = zip(header, cells, strict=True)
            known = {n: c for n, c in named if c} if plain else {n: _text(c) for n, c in named if c}
            yield validate(known)
        except ValidationError as invalid:
            raise RunError(f"{path}:{number}: column {first_problem(invalid)}; {REMEDY}") from None


def _text(cell: str) -> str:
    return visible(from_cell(cell))


def first_problem(invalid: ValidationError) -> str:
    """Where and what, of the first thing that is wrong: `end_s: 'x' should be a valid number`."""
    problem = invalid.errors(include_url=False, include_context=False)[0]
    where = ".".join(str(part) for part in problem["loc"]) or "the document"
    if problem["type"] == "missing":
        return f"{where}: missing"
    shown = repr(problem["input"])
    shown = shown if len(shown) <= 60 else f"{shown[:59]}…"
    return f"{where}: {shown}: {problem['msg'][0].lower()}{problem['msg'][1:]}"
