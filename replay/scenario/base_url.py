"""One way to write a server's address: `http://host:port`, without `/v1`, without secrets."""

import re
from typing import Final
from urllib.parse import SplitResult, urlsplit

from analysis.errors import ScenarioError

DEFAULT_PORTS: Final = {"http": 80, "https": 443}
BARE_ADDRESS: Final = re.compile(r"[\w.-]+(:\d+)?(/v1)?/?", re.ASCII)
REMEDY: Final = "write http://HOST:PORT"


def normal_base_url(url: str) -> str:
    """The address without a trailing slash, `/v1` or default port. Raises ScenarioError.

    careful: the messages quote only what cannot hold a password or a key.
    """
    text = url.strip()
    if "@" in text:
        raise ScenarioError("no user:password in a URL; keys come by `api_key_env` only")
    if BARE_ADDRESS.fullmatch(text):
        bare = text.rstrip("/").removesuffix("/v1")
        raise ScenarioError(f"{text!r} has no scheme; write http://{bare}")
    if not text.isprintable() or " " in text or "\\" in text:
        raise ScenarioError(f"blanks, control characters and '\\' are not for a URL; {REMEDY}")
    if "?" in text or "#" in text:
        raise ScenarioError(f"no '?' or '#' in a base URL; {REMEDY}")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise ScenarioError(f"the host or port of the URL cannot be read; {REMEDY}") from None
    if parts.scheme not in DEFAULT_PORTS:
        raise ScenarioError(f"the URL begins neither with http:// nor with https://; {REMEDY}")
    if not parts.hostname:
        raise ScenarioError(f"the URL names no host; {REMEDY}")
    if port == 0:
        raise ScenarioError("port 0 is no server's; write the port the server listens on")
    path = parts.path.rstrip("/").removesuffix("/v1").rstrip("/")
    if path.endswith(("/chat/completions", "/completions", "/models")):
        raise ScenarioError("the URL is an endpoint's; write its beginning only, up to the port")
    shown = "" if port in (None, DEFAULT_PORTS[parts.scheme]) else f":{port}"
    return f"{parts.scheme}://{_host(parts)}{shown}{path}"


def name_of_url(url: object) -> str:
    """`host:port` for people; any text if the URL is refused anyway."""
    try:
        parts = urlsplit(normal_base_url(str(url)))
    except ScenarioError:
        return "unnamed"
    port = parts.port or DEFAULT_PORTS[parts.scheme]
    return f"{_host(parts)}:{port}{parts.path.replace('/', ' ')}"


def _host(parts: SplitResult) -> str:
    host = parts.hostname or ""
    return f"[{host}]" if ":" in host else host
