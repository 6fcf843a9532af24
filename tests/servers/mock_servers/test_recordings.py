"""Each mock's replies have the fields of the recorded real engine, in each part of a stream, and no others.

The recordings: one request of 12 tokens with usage asked for. A field is its name and the type of its value.
"""

import json
import urllib.request
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from tests.support.checkout import CHECKOUT
from tests.support.serving import MockServer

RECORDINGS = CHECKOUT / "tests" / "runs" / "recordings"
FILES = sorted(path.relative_to(RECORDINGS) for path in RECORDINGS.glob("*/*.txt"))
CHATS = {"stream": "/v1/chat/completions", "whole": "/v1/chat/completions", "native": "/api/chat"}
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
    """Server-sent events, or a document per line, or the one document."""
    if "data:" in body[:200]:
        found = [line[5:].strip() for line in body.splitlines() if line.startswith("data:")]
        return [DONE if text == DONE else json.loads(text) for text in found]
    try:
        return [json.loads(body)]
    except ValueError:
        return [json.loads(line) for line in body.splitlines() if line.strip()]


def asked(url: str, kind: str, name: str) -> str:
    if name not in CHATS:
        return text_of(urllib.request.Request(f"{url}/{name.replace('_', '/')}"))
    path = AT.get(kind, CHATS[name])
    body: dict[str, Any] = {
        "model": "mock-model",
        "messages": [{"role": "user", "content": "Say something."}],
    }
    if name == "native":
        body |= {"options": {"num_predict": 12}}
    else:
        body |= {"max_tokens": 12, "stream": name == "stream"}
        body |= {"stream_options": {"include_usage": True}} if name == "stream" else {}
    return text_of(
        urllib.request.Request(url + path, json.dumps(body).encode(), {"Content-Type": "application/json"})
    )


def text_of(request: urllib.request.Request) -> str:
    with urllib.request.urlopen(request, timeout=10) as reply:
        text: str = reply.read().decode()
        return text


@pytest.mark.parametrize("file", FILES, ids=str)
def test_a_mock_has_the_fields_of_the_recording(mock: MockServer, file: Path) -> None:
    recorded = (RECORDINGS / file).read_text(encoding="utf-8").partition("\n\n")[2]
    kind = file.parent.name
    told = asked(mock(kind).urls[0], kind, file.stem)
    assert parts(events_of(told)) == parts(events_of(recorded))
