"""Frozen dataclasses as rows of a CSV file: the columns are the fields, missing is None and an empty cell.

A row is flushed as it is written, so that a kill tears at most the last line; the reader sets that apart.
"""

import csv
import types
import typing
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import fields
from pathlib import Path
from typing import Any, TextIO, TypeVar

from analysis.errors import RunError

Row = TypeVar("Row")


def columns(kind: type) -> tuple[str, ...]:
    return tuple(f.name for f in fields(kind))


def _cells(kind: type) -> tuple[tuple[str, type, bool], ...]:
    """(column, type of its values, whether it may be empty)."""
    hints = typing.get_type_hints(kind)
    return tuple(
        (name, _plain_type(hints[name]), isinstance(hints[name], types.UnionType)) for name in columns(kind)
    )


def _plain_type(annotation: Any) -> type:
    """`float` for `float | None`."""
    if isinstance(annotation, types.UnionType):
        annotation = next(t for t in typing.get_args(annotation) if t is not type(None))
    return typing.cast(type, annotation)


def to_row(record: Any) -> list[str]:
    """The cells of one record: seconds with microseconds, missing as an empty cell."""
    cells = []
    for name in columns(type(record)):
        value = getattr(record, name)
        if value is None:
            cells.append("")
        else:
            cells.append(f"{value:.6f}" if isinstance(value, float) else _one_line(value))
    return cells


def _one_line(value: object) -> str:
    """A row is a line: whatever a server wrote into an error must not tear it."""
    return " ".join(str(value).replace("\0", " ").splitlines())


def from_row(kind: type[Row], cells: list[str], where: str) -> Row:
    """The record of one row. Raises RunError naming `where` and the column that cannot be read."""
    return _record(kind, _cells(kind), cells, where)


def _record(kind: type[Row], wanted: tuple[tuple[str, type, bool], ...], cells: list[str], where: str) -> Row:
    values: dict[str, Any] = {}
    if len(cells) != len(wanted):
        raise RunError(f"{where}: {len(cells)} cells where {len(wanted)} belong; the file is damaged")
    for (name, plain, optional), cell in zip(wanted, cells, strict=True):
        try:
            values[name] = None if cell == "" and optional else plain(cell)
        except ValueError:
            raise RunError(f"{where}: column {name}: {cell!r} is not {plain.__name__}") from None
    return kind(**values)


class RowWriter:
    """Appends rows to a new file, each flushed as it comes. Refuses to overwrite."""

    def __init__(self, path: Path, kind: type) -> None:
        self._file: TextIO = path.open("x", newline="", encoding="utf-8", buffering=1)
        self._csv = csv.writer(self._file, lineterminator="\n")
        self._csv.writerow(columns(kind))

    def write(self, record: Any) -> None:
        self._csv.writerow(to_row(record))

    def close(self) -> None:
        with suppress(OSError):  # a row that the disk did not take is tried once more
            self._file.close()


def read_rows(path: Path, kind: type[Row]) -> tuple[tuple[Row, ...], str | None]:
    """(the rows of the file, its torn last line if there is one). Raises OSError and RunError."""
    text = path.read_text(encoding="utf-8", errors="replace")
    if not text:
        return (), None  # killed, or the disk full, before the first line
    body, _, torn = text.rpartition("\n")
    rows = csv.reader(body.split("\n"))
    if next(rows, None) != list(columns(kind)):
        raise RunError(f"{path}: the first line is not the header of format 1; see docs/FORMAT.md")
    return tuple(_parse(rows, kind, path)), torn or None


def _parse(rows: Iterator[list[str]], kind: type[Row], path: Path) -> Iterator[Row]:
    wanted = _cells(kind)
    for number, cells in enumerate(rows, start=2):
        yield _record(kind, wanted, cells, f"{path}:{number}")
