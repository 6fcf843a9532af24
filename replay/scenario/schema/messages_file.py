"""A target's own prompts: a chat per line as JSON, or a prompt per line as text. One of them is sent."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from analysis.errors import ScenarioError

ROLES: Final = ("system", "user", "assistant")
FILE_BYTES: Final = 50_000_000


@dataclass(frozen=True, slots=True)
class Chat:
    """The last message, which is the user's, and those before it."""

    last: str
    before: tuple[Mapping[str, str], ...] = ()

    @property
    def chars(self) -> int:
        return len(self.last) + sum(len(m["content"]) for m in self.before)


def middle_chat(path: Path) -> Chat:
    """The chat of median length: all requests of a target are of one length, or they could not be compared.

    Raises ScenarioError naming file, line and remedy.
    """
    try:
        if path.stat().st_size > FILE_BYTES:
            raise ScenarioError(f"{path}: has more than {FILE_BYTES / 1e6:.0f} MB; take a part of it")
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ScenarioError(f"{path}: {error.strerror}; give a file that can be read") from None
    except UnicodeDecodeError:
        raise ScenarioError(f"{path}: is not UTF-8; save it as UTF-8") from None
    lines = [(number, line) for number, line in enumerate(text.split("\n"), start=1) if line.strip()]
    chats = sorted((_chat(path, number, line) for number, line in lines), key=lambda chat: chat.chars)
    if not chats:
        raise ScenarioError(f"{path}: is empty; write a prompt per line, or a chat per line as JSON")
    return chats[len(chats) // 2]


def _chat(path: Path, number: int, line: str) -> Chat:
    if line.lstrip()[:1] not in ("{", "["):
        return Chat(line.strip())
    try:
        document = json.loads(line)
    except (ValueError, RecursionError):
        raise ScenarioError(f"{path}:{number}: begins like JSON and is none; mend it") from None
    messages = document.get("messages") if isinstance(document, dict) else document
    if not isinstance(messages, list) or not messages or not all(map(_is_message, messages)):
        example = '{"messages": [{"role": "user", "content": "…"}]}'
        raise ScenarioError(f"{path}:{number}: is no chat; write {example} (roles: {', '.join(ROLES)})")
    if messages[-1]["role"] != "user":
        raise ScenarioError(f"{path}:{number}: its last message is not the user's; end it with one that asks")
    before = tuple({"role": m["role"], "content": m["content"]} for m in messages[:-1])
    return Chat(messages[-1]["content"], before)


def _is_message(message: Any) -> bool:
    if not isinstance(message, dict):
        return False
    return (
        message.get("role") in ROLES
        and isinstance(message.get("content"), str)
        and bool(message["content"].strip())
    )
