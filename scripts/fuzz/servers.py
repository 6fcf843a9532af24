"""Readers of what a server sends: whatever it is, they answer with values, None or ValueError."""

import json
import math
from collections.abc import Callable
from dataclasses import asdict
from typing import Final

from hypothesis import strategies as st

from analysis.errors import TargetError
from replay.checks.check import choose
from replay.client.reply import Arrival, Reply
from replay.client.response import read_response
from replay.client.sse import read_events
from replay.server_kinds import READERS, SERVER_KINDS, Server
from replay.server_kinds.kind import GetReply
from scripts.fuzz import inputs

STREAMS: Final = (
    b'data: {"choices":[{"delta":{"content":"a"}}]}\n\ndata: [DONE]\n\n',
    b'{"message":{"content":"a"},"done":false}\n{"done":true,"eval_count":3,"total_duration":5}\n',
    b'event: x\ndata: {"type":"message.delta","content":"a"}\n\ndata: {"type":"chat.end","result":{}}\n\n',
    b'{"choices":[{"message":{"content":"a"}}],"usage":{"completion_tokens":1}}',
)
STATUSES = st.sampled_from((200, 200, 200, 200, 204, 302, 400, 401, 404, 429, 500, 503))


def streams(data: st.DataObject) -> None:
    """Any body, cut anywhere, is a Response; and the cuts change nothing in its events."""
    event = inputs.documents().map(lambda d: b"data: " + json.dumps(d).encode() + b"\n\n")
    events = st.lists(event, max_size=5).map(b"".join)
    odd = st.sampled_from(STREAMS).flatmap(inputs.changed_bytes)
    body = data.draw(st.one_of(events, odd, st.binary(max_size=60)))
    parts = inputs.pieces(body, data.draw(st.lists(st.integers(0, 300), max_size=8)))
    stamped = [(Arrival(float(i), 0.0), part) for i, part in enumerate(parts) if part]
    headers = data.draw(st.sampled_from(({}, {"content-encoding": "gzip"}, {"content-type": "text/html"})))
    reply = Reply(0.0, 9.0, data.draw(st.one_of(st.none(), STATUSES)), dict(headers), stamped, True)
    for reader in READERS.values():
        response = read_response(reply, 9.0, None, reader)
        (response.error or "").encode()
        (response.answered_model or "").encode()
        numbers = [v for v in asdict(response).values() if isinstance(v, int | float)]
        assert all(math.isfinite(v) for v in numbers)
    whole, cut = ([text for _, text in read_events(p)] for p in ([(0, body)], list(enumerate(parts))))
    assert whole == cut


def probes(data: st.DataObject) -> None:
    """Any replies to all GETs: a kind of server with its models, or none; its counter, or none."""
    replies: dict[str, GetReply] = {}
    few = data.draw(st.lists(st.tuples(STATUSES, inputs.texts(inputs.documents())), min_size=1, max_size=4))

    def get(path: str) -> GetReply:
        if path not in replies:
            status, text = data.draw(st.sampled_from(few))
            replies[path] = GetReply(status, {"server": "BaseHTTP/0.6"}, text)
        return replies[path]

    for kind in SERVER_KINDS.values():
        counter = kind.request_counter(get)
        assert counter is None or isinstance(counter, str)
        if (server := kind.identify(get)) is not None:
            _is_a_server(server)


def _is_a_server(server: Server) -> None:
    assert all(isinstance(model.id, str) for model in server.models)
    json.dumps(asdict(server), allow_nan=False, ensure_ascii=False).encode()
    for asked in (None, "a"):
        try:
            choose(asked, server.models, "http://127.0.0.1:1")
        except TargetError as error:
            assert "\n" not in str(error)


def load_counters(data: st.DataObject) -> None:
    """Any text is a load that could be, or ValueError."""
    text = data.draw(inputs.texts(inputs.documents()))
    for counters in (c for kind in SERVER_KINDS.values() for c in kind.load_counters):
        try:
            load = counters.load(text)
        except ValueError:
            continue
        counts = [v for v in asdict(load).values() if v is not None]
        assert all(isinstance(v, int | float) and 0 <= v < 1e12 for v in counts)


READERS_OF_SERVERS: Final[tuple[Callable[[st.DataObject], None], ...]] = (streams, probes, load_counters)
