"""One streamed chat completion: prepared before the gate, sent in one write, read to its end.

`Connection.prepare(request)` builds the bytes and connects; after the gate `ask()` returns the
`Response`, whatever network and server do; `cut()` returns what a stopped one had so far.
"""

import json
import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any
from urllib.parse import SplitResult, urlsplit

import gevent
import h11

from analysis.files.request_record import STOPPED
from replay.client.content import first_text_s, tokens_so_far
from replay.client.http_stream import HttpStream
from replay.client.reply import Reply
from replay.client.request import Request
from replay.client.response import Response, read_response
from replay.client.server_words import masked, one_line
from replay.server_kinds import READERS

SERVERS_WORDS = ("error", "answered_model", "finish_reason", "behind")  # of an answer: what a server worded
MAX_COURTESY_S = 0.1  # an ended answer waits no longer for the streams still open
LARGE_BYTES = 250_000  # to parse more in the loop would make others' bytes and timeouts wait
FIXED_HEADERS = (
    ("Content-Type", "application/json"),
    ("Accept", "text/event-stream, application/x-ndjson, application/json"),
    ("Accept-Encoding", "identity"),  # a compressor would hold tokens back
    ("User-Agent", "portlap"),
)


class Connection:
    """The keep-alive connection of one user. A socket is state, so this is."""

    def __init__(self) -> None:
        self._request: Request | None = None
        self._stream: HttpStream | None = None
        self._http = h11.Connection(h11.CLIENT)
        self._bytes = b""
        self._reply = Reply()
        self._hung_up = False

    def prepare(self, request: Request) -> None:
        """Builds the request and connects, unless that is for `ask`. Raises OSError, one line for people."""
        self._request, self._reply, self._hung_up = request, Reply(), False
        url = urlsplit(request.base_url)
        tls = url.scheme == "https"
        host, port = url.hostname or "", url.port or (443 if tls else 80)
        if self._stream is None or self._stream.address != (host, port, tls):
            self.close()
            self._stream = HttpStream(host, port, tls=tls)
        self._http = h11.Connection(h11.CLIENT)
        self._bytes = _request_bytes(self._http, request, url)
        if request.own_connection:
            self.close()  # an idle one would hold up a server that takes one at a time
            return
        problem = self._try(request, self._stream, self._stream.ensure_open)
        if problem:
            raise ConnectionError(problem)

    def when_told(self, tokens: int, tell: Callable[[], None]) -> None:
        """Calls `tell` once, as soon as so many tokens have come of what was prepared."""
        reply, reader = self._reply, READERS[self._request.reader if self._request else "openai"]

        def look() -> None:
            if tokens_so_far(reply, reader) >= tokens:
                reply.listener = None
                tell()

        reply.listener = look

    def first_text_s(self) -> float | None:
        """When the first text arrived of the answer that `ask` waits for."""
        return first_text_s(self._reply, READERS[self._request.reader if self._request else "openai"])

    def hang_up(self) -> None:
        """Ends the answer that `ask` waits for; what has come of it is no failure."""
        self._hung_up = True
        self.close()

    def ask(self) -> Response:
        """The whole answer to what was prepared, or what came of it with `error`.

        A connection that the server closed at the gate is opened once more; `send_s` is after that.
        A kill (GreenletExit, a foreign Timeout) passes through; `cut` then gives what had arrived.
        """
        request, stream = self._request, self._stream
        if request is None or stream is None or not self._bytes:
            raise RuntimeError("ask() without prepare()")
        message, self._bytes = self._bytes, b""

        def exchange() -> None:
            if self._hung_up:  # before it was sent
                raise ConnectionError(STOPPED)
            stream.ensure_open()
            stream.exchange(self._http, message, self._reply)

        problem = self._try(request, stream, exchange)
        if request.own_connection:
            self.close()
        end_s = time.monotonic() if problem else self._reply.seen_s
        with gevent.Timeout(MAX_COURTESY_S, False):
            gevent.idle()  # careful: others' bytes wait to be stamped while this answer is parsed
        return self._response(end_s, problem)

    def cut(self, reason: str = STOPPED) -> Response:
        """Gives up: closes the connection; what arrived since prepare(), `reason` as its error.

        An answer that was whole when the stop came is returned as whole.
        """
        end_s = time.monotonic()
        self.close()
        if self._reply.whole:
            return self._response(self._reply.seen_s, None)
        return self._response(end_s, reason)

    def close(self) -> None:
        if self._stream is not None:
            self._stream.close()

    def _try(self, request: Request, stream: HttpStream, work: Callable[[], None]) -> str | None:
        """What went wrong with `work` within the request's time, as one line; None if nothing did."""
        deadline = gevent.Timeout.start_new(request.timeout_s)
        try:
            work()
            return None
        except gevent.Timeout as expired:
            if expired is not deadline:
                raise
            problem = f"timed out after {request.timeout_s:g} s"
        except (OSError, UnicodeError) as error:
            problem = _explain(error, stream)
        finally:
            deadline.close()
        self.close()
        return problem

    def _response(self, end_s: float | None, problem: str | None) -> Response:
        reader = READERS[self._request.reader if self._request else "openai"]
        texts = self._request.texts if self._request else None
        read = partial(read_response, self._reply, end_s, problem, reader, texts)
        large = sum(len(data) for _, data in self._reply.pieces) > LARGE_BYTES
        response = gevent.get_hub().threadpool.apply(read) if large else read()
        if self._hung_up and response.ended_by is None:
            failed = None if response.http_status == 200 else response.error
            response = replace(response, error=failed, ended_by="client")
        keys = _keys(self._request.headers if self._request else ())
        words = {name: getattr(response, name) for name in SERVERS_WORDS}
        safe: dict[str, Any] = {name: text and masked(text, keys) for name, text in words.items()}
        return replace(response, **safe)


def _request_bytes(conn: h11.Connection, request: Request, url: SplitResult) -> bytes:
    """The request as it goes over the wire, in one piece."""
    body = json.dumps(request.body).encode()
    headers = [
        ("Host", url.netloc),
        *FIXED_HEADERS,
        ("Content-Length", str(len(body))),
        *request.headers,
    ]
    try:
        head = h11.Request(method="POST", target=url.path + request.path, headers=headers)
    except (h11.LocalProtocolError, UnicodeEncodeError):
        # careful: their texts quote the header, and with it the key
        raise ConnectionError(
            "the URL or a header cannot be sent over HTTP; is there a line end in the API key?"
        ) from None
    parts = (head, h11.Data(data=body), h11.EndOfMessage())
    return b"".join(conn.send(part) or b"" for part in parts)


def _explain(error: Exception, stream: HttpStream) -> str:
    """What failed and where, in the same words for equal failures."""
    where = stream.where
    match error:
        case ConnectionRefusedError():
            return f"connection refused by {where}"
        case ConnectionResetError() | BrokenPipeError():
            return f"connection reset by {where}"
        case socket.gaierror() | UnicodeError():
            return f"the host name {stream.host!r} is not known"
        case ssl.SSLCertVerificationError():
            why = f"{error.verify_message}; SSL_CERT_FILE may name its authority"
            return f"the certificate of {where} is not trusted: {why}"
        case ssl.SSLError():
            return f"TLS failed with {where}: {error.reason or one_line(str(error))}"
        case OSError() if error.strerror:
            return f"{where}: {error.strerror.lower()}"
    return one_line(str(error))


def _keys(headers: tuple[tuple[str, str], ...]) -> list[str]:
    return [value.split()[-1] for _, value in headers if value.split()]
