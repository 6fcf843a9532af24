"""The documents that the bytes of an answer hold, and the text in them: no socket, no clock."""

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from replay.client.reply import Arrival, Reply
from replay.client.server_words import one_line
from replay.client.sse import read_events, read_lines
from replay.server_kinds import Reader

NO_TEXT_KEYS = {"role", "name", "id", "type", "index", "finish_reason", "logprobs", "stop_reason"}
NO_TEXT_KEYS |= {"tool_calls", "function_call"}
THOUGHTS = ("reasoning_content", "reasoning", "thinking")
DEEPEST = 8  # levels of a delta


class Content(NamedTuple):
    """The JSON documents of a body, each with the arrival of its end."""

    documents: tuple[tuple[Arrival, dict[str, Any]], ...] = ()
    streamed: bool = False
    done: bool = False  # the server said that this was all
    broken: str | None = None


def read_content(pieces: list[tuple[Arrival, bytes]], reader: Reader) -> Content:
    """The events of a stream, in the reader's form, or the one document that is the whole body."""
    body = b"".join(data for _, data in pieces).strip()
    if not body:
        return Content(broken="the answer is empty")
    if reader.lines:
        return _read_documents(read_lines([*pieces, (pieces[-1][0], b"\n")]))
    if body.startswith(b"{"):  # as no line of an event stream does, whatever Content-Type says
        document = parse(body)
        known = document and (choices(document) or choices(reader.chunk(document)))
        broken = None if known else f"the answer is JSON without {reader.answer}"
        return Content(((pieces[-1][0], document),) if document else (), done=True, broken=broken)
    content = _read_documents(read_events(pieces))
    if not (content.documents or content.done or content.broken):
        start = one_line(body.decode("utf-8", "replace"))
        return content._replace(broken=f"the answer is neither a stream nor JSON: {start!r}")
    return content


def _read_documents(texts: Iterable[tuple[Arrival, str | bytes]]) -> Content:
    """What a stream holds: JSON objects, and the word that it is done."""
    documents, done, broken = [], False, None
    for arrival, text in texts:
        document = parse(text)
        if document is not None:
            documents.append((arrival, document))
        elif text.strip() in ("[DONE]", b"[DONE]"):
            done = True
        elif text.strip():
            event = text if isinstance(text, str) else text.decode("utf-8", "replace")
            broken = broken or f"an event of the stream is no JSON object: {one_line(event)!r}"
    return Content(tuple(documents), streamed=True, done=done, broken=broken)


def has_text(document: dict[str, Any]) -> bool:
    """True if it brings text, under any key and in any nesting (a reasoning token is a token).

    A role, an empty delta, the name of a tool, prompt progress or usage alone is none.
    """
    for choice in choices(document):
        delta = choice.get("delta")
        if isinstance(delta, dict) and isinstance(delta.get("content"), str) and delta["content"]:
            return True  # nearly always
        if _holds_text(delta) or _holds_text(choice.get("text")):
            return True
    return False


def _holds_text(value: Any, depth: int = 0) -> bool:
    if isinstance(value, str):
        return bool(value)
    if depth > DEEPEST:
        return False
    if isinstance(value, dict):
        return any(_holds_text(v, depth + 1) for k, v in value.items() if k not in NO_TEXT_KEYS)
    return isinstance(value, list) and any(_holds_text(v, depth + 1) for v in value)


def text_of(documents: Iterable[dict[str, Any]]) -> str:
    """The text of the answer itself, without what a reasoning model thinks before it."""
    return "".join(_texts(documents))


def _texts(documents: Iterable[dict[str, Any]]) -> Iterator[str]:
    for document in documents:
        for choice in choices(document):
            for part in (choice.get("delta"), choice.get("message")):
                if isinstance(part, dict):
                    yield from _strings(part.get("content"))
            yield from _strings(choice.get("text"))


def _strings(content: Any) -> Sequence[str]:
    if isinstance(content, str):
        return (content,)
    pieces = content if isinstance(content, list) else ()
    return [
        text for piece in pieces if isinstance(piece, dict) and isinstance(text := piece.get("text"), str)
    ]


def thoughts_of(documents: Iterable[dict[str, Any]]) -> str:
    """What a reasoning model wrote before its answer."""
    parts = [c.get(key) for d in documents for c in choices(d) for key in ("delta", "message")]
    found = [part.get(key) for part in parts if isinstance(part, dict) for key in THOUGHTS]
    return "".join(text for text in found if isinstance(text, str))


def tokens_so_far(reply: Reply, reader: Reader) -> int:
    """How many chunks with text have come of an answer that goes on."""
    found = read_content(reply.pieces, reader)
    return sum(has_text(reader.chunk(event)) for _, event in found.documents)


def first_text_s(reply: Reply, reader: Reader) -> float | None:
    """When the first chunk with text arrived of an answer that goes on."""
    found = read_content(reply.pieces, reader)
    return next((at.at_s for at, event in found.documents if has_text(reader.chunk(event))), None)


def parse(text: str | bytes) -> dict[str, Any] | None:
    """The JSON object in `text`; None if it is anything else."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def choices(document: dict[str, Any]) -> list[dict[str, Any]]:
    found = document.get("choices")  # [] in the usage chunk
    return [c for c in found if isinstance(c, dict)] if isinstance(found, list) else []
