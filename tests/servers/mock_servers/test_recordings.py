"""Each mock's replies have the fields of the recorded real engine, in each part of a stream, and no others.

Also the status, the version of HTTP, and whether the connection closes. A field is its name and the type of
its value. The recordings: `KIND/REPLY.txt`, `KIND+OPTION/…` of one started with an option. A chat is one
request of 12 tokens with usage asked for; `wrong_model` names a model that is not there.
"""

import http.client
import json
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.support.checkout import CHECKOUT
from tests.support.serving import MockServer

RECORDINGS = CHECKOUT / "tests" / "runs" / "recordings"
FILES = sorted(path.relative_to(RECORDINGS) for path in RECORDINGS.glob("*/*.txt"))
NATIVE = "/api/chat"
CHATS = {"stream", "whole", "native", "wrong_model", "native_wrong_model"}
PAGES = {"root": "/", "404": "/no/such/page"}
OPTIONS = {
    "empty": ("--quirk", "empty"),
    "old": ("--quirk", "old"),
    "hidden": ("--quirk", "hidden"),
    "key": ("--key", "sesame"),
    "loading": ("--quirk", "loading"),
    "no-cache": ("--quirk", "empty"),
    "router": ("--quirk", "router"),
}
AT = {"open-webui": "/api/chat/completions"}
DONE = "[DONE]"


def shape(value: Any) -> Any:
    """The names and types in a JSON value; of a list those of its first entry."""
    if isinstance(value, dict):
        return {key: shape(inner) for key, inner in sorted(value.items())}
    if isinstance(value, list):
        return [shape(inner) for inner in value[:1]]
    if isinstance(value, bool) or value is None:
        return str(value)
    return "number" if isinstance(value, int | float) else "text"


def parts(events: Iterable[Any]) -> list[Any]:
    """The shapes of the events of a stream in order, equal neighbours once."""
    shapes = [event if event == DONE else shape(event) for event in events]
    return [one for i, one in enumerate(shapes) if i == 0 or one != shapes[i - 1]]


def events_of(body: str) -> list[Any]:
    """Server-sent events, or a document per line, or the one document, or words."""
    if body.startswith(("data:", ":")):
        found = [line[5:].strip() for line in body.splitlines() if line.startswith("data:")]
        return [DONE if text == DONE else json.loads(text) for text in found]
    try:
        return [json.loads(body)]
    except ValueError:
        lines = [line.strip() for line in body.splitlines() if line.strip()]
        return [json.loads(line) for line in lines] if body.startswith("{") else lines


def asked(url: str, kind: str, name: str) -> tuple[str, str]:
    """The head as far as it is compared, and the body."""
    with closing(http.client.HTTPConnection(url.removeprefix("http://"), timeout=10)) as connection:
        _send(connection, kind, name)
        with connection.getresponse() as reply:
            closes = (reply.getheader("Connection") or "").lower() == "close" or reply.version == 10
            return f"HTTP/1.{reply.version - 10} {reply.status} {closes}", reply.read().decode()


def _send(connection: http.client.HTTPConnection, kind: str, name: str) -> None:
    if name in CHATS:
        path = NATIVE if name.startswith("native") else AT.get(kind, "/v1/chat/completions")
        body: dict[str, Any] = {
            "model": "no-such-model" if name.endswith("wrong_model") else "mock-model",
            "messages": [{"role": "user", "content": "Say something."}],
        }
        if name.startswith("native"):
            body |= {"options": {"num_predict": 12}}
        else:
            body |= {"max_tokens": 12, "stream": name != "whole"}
            body |= {"stream_options": {"include_usage": True}} if name != "whole" else {}
        connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
    else:
        connection.request("GET", PAGES.get(name, f"/{name.replace('_', '/')}"))


def head_of(recorded: str) -> str:
    """Version, status, and whether the connection closes. Ends of lines are LF."""
    version, status, *_ = recorded.split()
    closes = "\nconnection: close" in recorded.lower().partition("\n\n")[0] or version == "HTTP/1.0"
    return f"{version} {status} {closes}"


@pytest.mark.parametrize("file", FILES, ids=str)
def test_a_mock_has_the_fields_of_the_recording(mock: MockServer, file: Path) -> None:
    recorded = (RECORDINGS / file).read_text(encoding="utf-8")
    kind, *options = file.parent.name.split("+")
    [url] = mock(kind, *(word for name in options for word in OPTIONS[name])).urls
    head, body = asked(url, kind, file.stem)
    assert head == head_of(recorded)
    assert parts(events_of(body)) == parts(events_of(recorded.partition("\n\n")[2]))
