"""Server-sent events out of stamped pieces of bytes: no socket, no clock.

The rules are those of the WHATWG HTML standard (9.2.6): a line ends with LF, CR or CRLF; an empty
line ends the event; a line that begins with a colon is a comment (servers ping with them); an event
that the end of the stream cuts is dropped. However the bytes were cut, the events are the same.
"""

import json
import re
from collections.abc import Iterable, Iterator
from typing import TypeVar

Stamp = TypeVar("Stamp")  # whatever the caller knows about the arrival of a piece

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_LINE_END = re.compile(rb"\r\n|\n|\r")


def read_events(pieces: Iterable[tuple[Stamp, bytes]]) -> Iterator[tuple[Stamp, str]]:
    """The data of each event, with the stamp of the piece that completed it."""
    data: list[str] = []
    for stamp, line in read_lines(pieces):
        if not line:
            if data:
                yield stamp, "\n".join(data)
            data = []
            continue
        name, _, value = line.partition(b":")  # a comment has the empty name
        if name == b"data":
            data.append(value.removeprefix(b" ").decode("utf-8", "replace"))
        elif name == b"error":  # llama.cpp until September 2025
            yield stamp, as_error(value.strip().decode("utf-8", "replace"))


def as_error(words: str) -> str:
    """An `error:` field as the JSON document that other servers send."""
    try:
        return json.dumps({"error": json.loads(words)})
    except (ValueError, RecursionError):
        return json.dumps({"error": words or "an unnamed error"})


def read_lines(pieces: Iterable[tuple[Stamp, bytes]]) -> Iterator[tuple[Stamp, bytes]]:
    """Whole lines, cut as bytes: no byte of a longer UTF-8 character looks like CR or LF."""
    begun: list[bytes] = []  # of the line that has not ended: joined once, a long line costs no more
    after_cr, first = False, True
    for stamp, piece in pieces:
        if not piece:
            continue
        # careful: CR completes a line at once; an LF that comes later still belongs to that end
        fresh = piece[1:] if after_cr and piece.startswith(b"\n") else piece
        after_cr = piece.endswith(b"\r")
        rest, *starts = _LINE_END.split(fresh)
        begun.append(rest)
        for start in starts:
            line = b"".join(begun)
            yield stamp, line.removeprefix(BYTE_ORDER_MARK) if first else line
            begun, first = [start], False
