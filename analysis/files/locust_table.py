"""A table of Locust's as it lies on disk: of any of its versions, in any encoding, saved again by anybody.

Its columns come out under the names that Locust writes today, numbers with a decimal point. Blank rows are
left out, and so is a last row that was torn.
"""

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path

from analysis.errors import RunError
from analysis.files.csv_rows import bytes_of

SEPARATORS = ",;\t"
NAMES = {
    "type": "Type",
    "method": "Type",
    "name": "Name",
    "timestamp": "Timestamp",
    "user count": "User Count",
    "request count": "Request Count",
    "# requests": "Request Count",
    "failure count": "Failure Count",
    "# failures": "Failure Count",
    "average response time": "Average Response Time",
    "min response time": "Min Response Time",
    "max response time": "Max Response Time",
    "requests/s": "Requests/s",
    "occurrences": "Occurrences",
}
HIGH = re.compile(rb"[\x80-\xff]+")
DECIMAL_COMMA = re.compile(r"-?\d+,\d+")

Line = dict[str, str]


def read_table(path: Path) -> Iterator[tuple[Line, str]]:
    """The lines as dicts by column, and where each stands (`PATH:LINE`).

    Raises RunError: the file cannot be read, holds no table, or a line in its midst has too few cells.
    """
    text = _decoded(path)
    first = text.lstrip("\r\n").partition("\n")[0]
    separator = max(SEPARATORS, key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    try:
        rows = [(reader.line_num, row) for row in reader if any(cell.strip() for cell in row)]
    except csv.Error as error:
        raise RunError(f"{path}: {error}; the file is damaged") from None
    if not rows:
        raise RunError(f"{path}: is empty; run Locust again with --csv")
    header = [_column(cell) for cell in rows[0][1]]
    if missing := [name for name in ("Type", "Name") if name not in header]:
        raise RunError(f"{path}:1: no column {', '.join(missing)}; these are not Locust's statistics")
    for at, (number, row) in enumerate(rows[1:], start=2):
        if len(row) < len(header) or len(row) > len(header):
            if at == len(rows) and len(row) < len(header):
                return  # torn: Locust was killed while it wrote, or the file was cut
            raise RunError(f"{path}:{number}: not as many cells as the first line names; the file is damaged")
        cells = (_number(cell) if separator != "," else cell for cell in row)
        yield dict(zip(header, cells, strict=True)), f"{path}:{number}"


def _column(cell: str) -> str:
    """`Total Request Count` and `# requests` are `Request Count`."""
    name = cell.strip().lower()
    return NAMES.get(name.removeprefix("total "), cell.strip())


def _number(cell: str) -> str:
    return cell.replace(",", ".") if DECIMAL_COMMA.fullmatch(cell) else cell


def _decoded(path: Path) -> str:
    """UTF-8 or UTF-16 by their marks, else what the bytes look like: a name need only be the same."""
    try:
        raw = bytes_of(path)
    except OSError as error:
        raise RunError(
            f"{path}: cannot be read: {error.strerror}; give the prefix of a run of Locust"
        ) from None
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return raw.decode("utf-16", "replace")
    if raw[1:2] == b"\0":
        return raw.decode("utf-16-le", "replace")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if error.end == len(raw) and error.reason == "unexpected end of data":
            return raw.decode("utf-8-sig", "ignore")  # torn within a letter
        return raw.decode(_code_page(raw), "replace")


def _code_page(raw: bytes) -> str:
    """Locust writes in the system's code page: Chinese comes in pairs of bytes, umlauts beside letters."""
    for run in HIGH.finditer(raw):
        beside = raw[max(run.start() - 1, 0) : run.start()] + raw[run.end() : run.end() + 1]
        if len(run[0]) % 2 or any(chr(byte).isalpha() for byte in beside):
            return "cp1252"
    return "gb18030"
