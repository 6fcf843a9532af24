"""What a server says in words: the sentence in an error of any shape, short and safe to show.

A server may quote the key that it refuses, as it is or in the spelling of a URL, of HTML, JSON or base64.
"""

import base64
import html
import http.client
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from html.entities import html5
from typing import Any

WORD_KEYS = ("message", "msg", "error", "detail", "reason", "title", "description")
MAX_TEXT = 200  # characters of a server's own words in an error
DEEPEST = 8  # levels of an error
MOST_OBJECTS = 20  # of a body that is no JSON: each is tried
MASK = "***"
SHORTEST_KEY = 6  # below it a header's value is no secret but a switch
LONGEST_SPELLING = 8  # of one character, the half of it that a cut leaves, and `…`


def refusal(status: int, headers: Mapping[str, str], text: str) -> str:
    """`HTTP 403: …` with the server's own words, whatever their form; without any, the name of the status."""
    words = _words_in(text) or http.client.responses.get(status, "no reason")
    retry = one_line(headers.get("retry-after", ""))
    return f"HTTP {status}: {words}" + (f" (Retry-After: {retry})" if retry else "")


def _words_in(body: str) -> str:
    """Of JSON; of the first JSON object in an event stream or a text that holds some; else all the text."""
    try:
        return words_of(json.loads(body))
    except (ValueError, RecursionError):
        pass
    if "<" not in body:
        for begin in [m.start() for m in re.finditer(r"\{", body)][:MOST_OBJECTS]:
            with suppress(ValueError, RecursionError):
                if words := words_of(json.JSONDecoder().raw_decode(body, begin)[0]):
                    return words
    return one_line(without_tags(body))


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


def masked(text: str, keys: Sequence[str]) -> str:
    """The text with `***` for each key, in whatever spelling; also for one that the end of the text cuts."""
    for key in keys:
        if len(key) >= SHORTEST_KEY:
            for spelling in _spellings(key):
                text = _masked(text, spelling)
    return text


Spelling = tuple[re.Pattern[str], tuple[re.Pattern[str], ...]]  # of the whole, and of each character


def _masked(text: str, spelling: Spelling) -> str:
    whole, characters = spelling
    text = whole.sub(MASK, text)
    if not text.endswith("…"):
        return text
    # careful: long words are cut, and the cut may go through the key
    for start in range(max(len(text) - MAX_TEXT, 0), len(text)):
        at, known = start, 0
        while known < len(characters) and (match := characters[known].match(text, at)):
            at, known = match.end(), known + 1
        if known >= SHORTEST_KEY and len(text) - at <= LONGEST_SPELLING:
            return f"{text[:start]}{MASK}…"
    return text


@lru_cache(maxsize=256)
def _spellings(key: str) -> tuple[Spelling, ...]:
    """The key itself with each character in any spelling, in either case; in base64 and in hexadecimal."""
    whole = [[_any_spelling(c) for c in key]]
    whole += [[re.escape(c) for c in text] for text in (*_base64(key), key.encode().hex())]
    return tuple(
        (re.compile("".join(cs), re.IGNORECASE), tuple(re.compile(c, re.IGNORECASE) for c in cs))
        for cs in whole
    )


def _any_spelling(character: str) -> str:
    """A pattern: as it is, `%2B`, `%252b`, `=2B`, `&#43;`, `&#x2b;`, `&plus;`, `\\u002b`, `\\x2b`, `\\+`."""
    code = ord(character)
    names = [name.rstrip(";") for name, text in html5.items() if text == character]
    entity = "|".join((f"#0*{code}", f"#x0*{code:x}", *map(re.escape, sorted(set(names)))))
    spellings = (  # the longest first: `&` begins `&amp;`
        rf"&(?:amp;)*(?:{entity});?",
        rf"[%=](?:25)*{code:02x}",
        rf"\\*(?:u00{code:02x}|u\{{0*{code:x}\}}|x{code:02x}|{code:03o}|{re.escape(character)})",
    )
    return f"(?:{'|'.join(spellings)})"


def _base64(key: str) -> Iterator[str]:
    """What of it stays the same wherever the key stands in a longer text, in both alphabets."""
    for before in range(3):
        encoded = base64.b64encode(b"\0" * before + key.encode()).decode().rstrip("=")
        first = (8 * before + 5) // 6  # characters that hold bits of what stands before
        stays = encoded[first : (8 * (before + len(key.encode()))) // 6]
        yield stays
        if (other := stays.replace("+", "-").replace("/", "_")) != stays:
            yield other
