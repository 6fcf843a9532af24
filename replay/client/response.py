"""What an answer says, read from its stamped bytes once it has ended: no socket, no clock.

Never an exception: whatever a server writes (other types than promised, half a document, a page of
HTML) becomes an `error` of one line, without times, so that equal failures count as one in Locust.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any
from urllib.parse import urlsplit

from analysis.console import plural
from replay.client.content import Content, choices, has_text, read_content, text_of, thoughts_of
from replay.client.reply import Reply, clock_error_s
from replay.client.server_words import one_line, refusal, words_of
from replay.server_kinds import BEHIND, READERS, Reader

NO_END = "the stream ended without [DONE] and without a finish_reason"
NO_TEXT = "the stream ended without any text"
INSTANTS = ("scheduled_s", "send_s", "first_token_s", "last_token_s", "end_s", "longest_gap_end_s")


@dataclass(frozen=True, slots=True)
class Response:
    """One request, send to end, on time.monotonic(); None is what never came or is unknown.

    The fields have the names of the log's columns.
    """

    send_s: float | None = None
    first_token_s: float | None = None
    last_token_s: float | None = None
    end_s: float | None = None
    chunks: int | None = None  # deltas with text; None where nothing was streamed
    arrivals: int | None = None  # instants at which those arrived
    longest_gap_s: float | None = None
    longest_gap_end_s: float | None = None
    stamp: str | None = None
    http_status: int | None = None
    finish_reason: str | None = None
    error: str | None = None
    retry_after_s: float | None = None
    answered_model: str | None = None
    prompt_tokens: int | None = None
    cached_tokens: int | None = None
    output_tokens: int | None = None
    vectors: int | None = None  # of embeddings: as many as texts
    server_prefill_s: float | None = None
    server_decode_s: float | None = None
    server_queue_s: float | None = None
    server_load_s: float | None = None
    clock_error_s: float | None = None  # the first or the last token may have come so much earlier
    drafted_tokens: int | None = None  # for this answer, to be checked by the model
    accepted_tokens: int | None = None  # of those
    behind: str | None = None  # the address of the server that answered, as a proxy names it
    after_end: str | None = None  # `open` or `unfinished`: its connection, where HTTP's own end is missing
    ended_by: str | None = None  # `server` or `client`, which hung up; None: by neither
    text: str = ""  # no column: it goes back to the plan where the request asks for it
    thoughts: str = ""  # what came before it; no column either
    arrivals_s: tuple[float, ...] = ()  # of each chunk with text; no column either
    size_bytes: int = 0  # of the body, as it came; for Locust's statistics


def read_response(
    reply: Reply,
    end_s: float | None,
    problem: str | None,
    reader: Reader = READERS["openai"],
    texts: int | None = None,
) -> Response:
    """The response in `reply`; `problem` failed on the way, the server's own words go before it.

    `texts`: of which vectors were asked for; None: of none.
    """
    refusal = _refusal(reply)
    decoded = Content() if refusal else read_content(reply.pieces, reader)
    content = decoded._replace(
        documents=tuple((at, reader.chunk(event)) for at, event in decoded.documents),
        done=decoded.done or reply.done,  # the last line may lack its end
    )
    documents = [document for _, document in content.documents]
    begins = next((i for i, d in enumerate(documents) if _is_named(d) and has_text(d)), 0)
    places = [i for i, d in enumerate(documents) if i >= begins and content.streamed and has_text(d)]
    tokens = [content.documents[i][0] for i in places]
    gap_s, gap_end_s = max(((b.at_s - a.at_s, b.at_s) for a, b in pairwise(tokens)), default=(None, None))
    usage, timings = _last_dict(documents, "usage"), _last_dict(documents, "timings")
    cached = _count(_dict(usage.get("prompt_tokens_details")).get("cached_tokens"))
    vectors = next((n for d in documents if (n := _count(d.get("vectors"))) is not None), None)
    times = reader.times(reply.send_s, [(at.at_s, event) for at, event in decoded.documents])
    return Response(
        send_s=reply.send_s,
        first_token_s=tokens[0].at_s if tokens else None,
        last_token_s=tokens[-1].at_s if tokens else None,
        end_s=end_s,
        chunks=len(tokens) if content.streamed else None,
        arrivals=len({at.at_s for at in tokens}) if content.streamed else None,
        longest_gap_s=gap_s,
        longest_gap_end_s=gap_end_s,
        stamp=reply.stamp,
        http_status=reply.status,
        finish_reason=_finish_reason(documents),
        error=refusal
        or _said(documents)
        or problem
        or content.broken
        or (_unfinished(content) if texts is None else _short_of(texts, vectors)),
        retry_after_s=_retry_after_s(reply.headers),
        answered_model=_model(documents),
        prompt_tokens=_count(usage.get("prompt_tokens")) or None,
        cached_tokens=_count(timings.get("cache_n")) if cached is None else cached,
        vectors=vectors if texts is not None else None,
        output_tokens=_plausible(_count(usage.get("completion_tokens")), len(tokens)),
        server_queue_s=times.queue_s,
        server_load_s=times.load_s,
        server_prefill_s=times.prefill_s,
        server_decode_s=times.decode_s,
        clock_error_s=clock_error_s([at for at, _ in content.documents], places, content.done),
        drafted_tokens=_count(timings.get("draft_n")),
        accepted_tokens=_count(timings.get("draft_n_accepted")),
        behind=_behind(reply.headers),
        after_end=reply.after_end,
        ended_by="server" if reply.whole else None,
        text=text_of(documents),
        thoughts=thoughts_of(documents),
        arrivals_s=tuple(at.at_s for at in tokens),
        size_bytes=sum(len(data) for _, data in reply.pieces),
    )


def _is_named(document: dict[str, Any]) -> bool:
    """True if a completion has begun: messages about loading carry neither id nor model nor index."""
    return any(document.get(key) for key in ("id", "model")) or any("index" in c for c in choices(document))


def _refusal(reply: Reply) -> str | None:
    """Why the body cannot be a completion, by status and headers."""
    encoding = one_line(reply.headers.get("content-encoding", "identity")).lower()
    if reply.status == 200 and encoding != "identity":
        return f"the answer is {encoding} encoded, which delays tokens; switch compression off"
    if reply.status in (None, 200):
        return None
    body = reply.body.decode("utf-8", "replace") if encoding == "identity" else ""
    return refusal(reply.status, reply.headers, body)


def _retry_after_s(headers: Mapping[str, str]) -> float | None:
    """In seconds; a date is not read, and what makes no sense is none."""
    value = headers.get("retry-after", "").strip()
    return float(value) if re.fullmatch(r"\d{1,6}(\.\d{1,6})?", value, re.ASCII) else None


def _behind(headers: Mapping[str, str]) -> str | None:
    """Scheme, host, port and path; None where no header names an address."""
    try:
        parts = urlsplit(next((headers[name] for name in BEHIND if headers.get(name)), ""))
    except ValueError:
        return None
    host = parts.netloc.rpartition("@")[2]
    return one_line(f"{parts.scheme}://{host}{parts.path.rstrip('/')}") if parts.scheme and host else None


def _said(documents: list[dict[str, Any]]) -> str | None:
    """The server's own error, which may come under status 200 and in the midst of a stream."""
    return next((words_of(d["error"]) or _unnamed(d["error"]) for d in documents if d.get("error")), None)


def _unnamed(error: Any) -> str:
    code = _dict(error).get("code")
    return f"an unnamed error, code {code}" if isinstance(code, int) else "an unnamed error"


def _unfinished(content: Content) -> str | None:
    documents = [document for _, document in content.documents]
    if not content.done and _finish_reason(documents) is None:
        return NO_END
    counted = _count(_last_dict(documents, "usage").get("completion_tokens"))
    silent = content.streamed and not counted and not any(map(has_text, documents))
    return NO_TEXT if silent else None


def _short_of(texts: int, vectors: int | None) -> str | None:
    """Why the answer does not hold what was asked for: a vector for each text, all of one size."""
    if vectors == texts:
        return None
    return f"{plural(vectors or 0, 'whole vector')} for {plural(texts, 'text')}"


def _plausible(counted: int | None, chunks: int) -> int | None:
    """What the server counts, unless it counts nothing where text came: then it does not count."""
    return None if counted == 0 and chunks else counted


def _model(documents: list[dict[str, Any]]) -> str | None:
    """The whole name, as it is: it is compared with the one that was asked for."""
    names = (d["model"] for d in reversed(documents) if isinstance(d.get("model"), str) and d["model"])
    last = next(names, None)
    return None if last is None else last.encode("utf-8", "replace").decode()


def _finish_reason(documents: list[dict[str, Any]]) -> str | None:
    """The last one, in one line."""
    said = (c.get("finish_reason") for d in reversed(documents) for c in reversed(choices(d)))
    last = next((reason for reason in said if isinstance(reason, str) and reason), None)
    return None if last is None else one_line(last)


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _last_dict(documents: list[dict[str, Any]], key: str) -> dict[str, Any]:
    return next((d[key] for d in reversed(documents) if isinstance(d.get(key), dict)), {})


def _count(value: Any) -> int | None:
    return value if type(value) is int and value >= 0 else None
