"""A key is shown in no spelling that servers send back, and not in part where a long error is cut."""

import base64
import html
import json
from urllib.parse import quote

import pytest

from replay.client.server_words import masked, one_line

KEY = 'sk-SECRET/77aa+b&c"d<e-0123456789abcdef'
SPELLINGS = {
    "as it is": KEY,
    "URL": quote(KEY),
    "URL, all": quote(KEY, safe=""),
    "URL, lower case": quote(KEY, safe="").lower(),
    "URL, twice": quote(quote(KEY, safe=""), safe=""),
    "URL, every character": "".join(f"%{ord(c):02X}" for c in KEY),
    "HTML": html.escape(KEY),
    "HTML, twice": html.escape(html.escape(KEY)),
    "HTML, decimal": "".join(f"&#{ord(c)};" for c in KEY),
    "HTML, hexadecimal": "".join(f"&#x{ord(c):X};" for c in KEY),
    "JSON": json.dumps(KEY),
    "JSON, in JSON": json.dumps(json.dumps(KEY)),
    "JSON, slashes": KEY.replace("/", "\\/"),
    "JSON, every character": "".join(f"\\u{ord(c):04x}" for c in KEY),
    "JavaScript": "".join(f"\\x{ord(c):02x}" for c in KEY),
    "quoted-printable": KEY.replace("=", "=3D").replace("+", "=2B"),
    "upper case": KEY.upper(),
    "hexadecimal": KEY.encode().hex(),
    "half and half": quote(KEY[:20], safe="") + html.escape(KEY[20:]),
    **{
        f"base64 after {b!r}": base64.b64encode(f"{b}{KEY}".encode()).decode()
        for b in ("", "x", "Bearer ", "u:")
    },
    "base64 of URLs": base64.urlsafe_b64encode(KEY.encode()).decode(),
}


def shows(text: str) -> bool:
    """Whether any four characters of the key's middle can be read there."""
    parts = [KEY[i : i + 4] for i in range(4, len(KEY) - 4)]
    texts = (text, text.lower(), html.unescape(text))
    return any(p in t or p.lower() in t for p in parts for t in texts)


@pytest.mark.parametrize("name", SPELLINGS)
def test_no_spelling_is_shown(name: str) -> None:
    said = masked(f"bad key {SPELLINGS[name]}, really", [KEY])
    assert said.startswith("bad key ") and said.endswith("really") and "***" in said
    assert SPELLINGS[name][6:-6] not in said
    assert not shows(said)


@pytest.mark.parametrize("name", SPELLINGS)
def test_a_cut_through_the_key_shows_no_part_of_it(name: str) -> None:
    spelling = SPELLINGS[name]
    for room in range(40, 200, 7):
        said = masked(one_line("x" * room + " " + spelling + " " + "y" * 200), [KEY])
        assert not shows(said), said


def test_what_is_no_key_stays() -> None:
    assert masked("as it is", []) == masked("as it is", [KEY]) == "as it is"
    assert masked("on and on", ["on"]) == "on and on", "a switch is no secret"
    assert masked(f"{KEY}, {KEY}", [KEY, "sk-another"]) == "***, ***"
