"""One chat completion from plan to row: a `Request` is all that is sent and who sends it.

The conductor makes it, the gate carries it to its user, the connection sends it, and `row_of` puts it and
the response together. It holds plain values only, because it travels between processes. A new column of
the log that the request or the response knows needs a field there with the column's name, and no more.
"""

import os
from dataclasses import dataclass, fields
from typing import Any

from analysis.files.request_record import RequestRecord
from replay.client.response import INSTANTS, Response

CHAT_PATH = "/v1/chat/completions"


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent where (the first seven fields), by whom, and what it belongs to."""

    base_url: str  # as `normal_base_url` writes it: without /v1
    body: dict[str, Any]
    timeout_s: float  # from send to end; a connect has as much once more
    path: str = CHAT_PATH
    reader: str = "openai"  # how the answer is read: a name in replay.server_kinds.READERS
    api_key_env: str | None = None  # the variable; the key itself never travels
    model: str | None = None
    request_id: int = 0
    phase: str = ""
    round: int | None = None
    kind: str = ""
    target: str = ""
    worker: int = 0
    user: int = 0
    batch: int = 0  # requests of one batch leave one gate
    origin_s: float = 0.0  # the run's 0 s on this machine's monotonic clock
    offset_s: float = 0.0  # after the gate's instant
    workers: int | None = None  # requests in flight at most; the others queue in the client
    own_connection: bool = False  # opened when it is due and closed after the answer
    tell_at: int | None = None  # the plan hears of it when so many tokens have come
    texts: int | None = None  # in the body, of which vectors are wanted; None: it is a chat
    keep: bool = False  # its text and the arrivals of its tokens go back to the plan
    prompt_words: int | None = None
    turn: int | None = None
    code: str | None = None
    part: str | None = None

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """The key, where a variable is named and set in this process."""
        key = os.environ.get(self.api_key_env, "") if self.api_key_env else ""
        return (("Authorization", f"Bearer {key}"),) if key else ()


COLUMNS = {f.name for f in fields(RequestRecord)}
OF_REQUEST = tuple(f.name for f in fields(Request) if f.name in COLUMNS)
OF_RESPONSE = tuple(f.name for f in fields(Response) if f.name in COLUMNS)


def row_of(
    request: Request, response: Response, due_s: float | None = None, queued_s: float | None = None
) -> RequestRecord:
    """The row: instants since the run's start, all times to the microsecond.

    `due_s`: the instant the request was due; `queued_s`: its wait in the client's own queue.
    """
    seen: dict[str, Any] = {name: getattr(response, name) for name in OF_RESPONSE}
    seen |= {"scheduled_s": due_s, "queued_s": queued_s}
    for name, value in seen.items():
        if isinstance(value, float):
            seen[name] = round(value - request.origin_s if name in INSTANTS else value, 6)
    return RequestRecord(**{name: getattr(request, name) for name in OF_REQUEST}, **seen)
