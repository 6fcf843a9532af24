"""What a server says in words: the sentence in an error of any shape, short and safe to show."""

import html
import re
from typing import Any

WORD_KEYS = ("message", "msg", "error", "detail", "reason", "title", "description")
MAX_TEXT = 200  # characters of a server's own words in an error
DEEPEST = 8  # levels of an error


def words_of(value: Any, depth: int = 0) -> str:
    """The sentence in an error of any shape; "" if it holds none."""
    if isinstance(value, str):
        return one_line(value)
    if isinstance(value, list):
        return next((words for item in value if (words := words_of(item, depth + 1))), "")
    if not isinstance(value, dict) or depth > DEEPEST:
        return ""
    known = [value[key] for key in WORD_KEYS if value.get(key)]
    return next((words for v in (*known, *value.values()) if (words := words_of(v, depth + 1))), "")


def without_tags(text: str) -> str:
    """The words of a page of HTML: its title if it has one, else all its text."""
    title = re.search(r"<title[^>]*>(.*?)</title>", text, re.IGNORECASE | re.DOTALL)
    if title and title[1].strip():
        return re.sub(r"^\s*\d{3}\s+", "", html.unescape(title[1]))
    return html.unescape(re.sub(r"<[^>]*>", " ", text)) if "<" in text else text


def one_line(text: str) -> str:
    """Short, on one line, writable as UTF-8, without terminal escapes: whatever a server has put into it."""
    writable = text.encode("utf-8", "replace").decode()
    line = " ".join("".join(c if c.isprintable() else " " for c in writable).split())
    return line if len(line) <= MAX_TEXT else line[: MAX_TEXT - 1] + "…"
