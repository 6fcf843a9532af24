"""GETs to one target, and in words why they fail: the door before any dialect is spoken."""

import platform
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from ipaddress import ip_address
from urllib.parse import urlsplit

import requests
import urllib3

from analysis.errors import TargetError
from replay.server_kinds import Reply

TIMEOUT_S = 5.0
MOST_BYTES = 8_000_000  # of one answer to a GET; a list of models has a tenth of it
READ_BYTES = 65536
ENDLESS = "another program answers there, not an LLM server (its answer does not end); check the port"
LOADING_PATIENCE_S = 120.0  # a llama.cpp server answers 503 while it loads: not ready is not failed
NO_KEY = (401, 403)
MAC_PERMISSION = " (macOS: System Settings, Privacy & Security, Local Network must allow this terminal)"


class Visitor:
    """Asks one server; remembers what was answered, so that dialects may ask the same again."""

    def __init__(self, url: str, key: str) -> None:
        self._url = url
        self._session = requests.Session()
        self._session.trust_env = False  # a proxy of the environment would stand between us and the server
        if key:
            if not (key.isascii() and key.isprintable()):  # careful: what fails later would quote it
                raise TargetError("its key cannot be sent over HTTP; is there a line end in the variable?")
            self._session.headers["Authorization"] = f"Bearer {key}"
        self.replies: dict[str, Reply] = {}
        self._answered = False

    def get(self, path: str) -> Reply:
        """The answer to GET path. Raises TargetError with the likely reason if there is none."""
        if path not in self.replies:
            self.replies[path] = self._ask(path)
        return self.replies[path]

    def get_ready(self, path: str) -> Reply:
        """The same, waiting while the server says that it is still loading. Raises TargetError in the end."""
        patience_until = time.monotonic() + LOADING_PATIENCE_S
        while loads(reply := self._ask(path)):
            if time.monotonic() > patience_until:
                raise TargetError(
                    f"it still loads its model after {LOADING_PATIENCE_S:.0f} s (HTTP 503); "
                    "run again when it has ended"
                )
            time.sleep(1.0)
        self.replies[path] = reply
        return reply

    def close(self) -> None:
        self._session.close()

    def _ask(self, path: str) -> Reply:
        try:
            return self._get(path)
        except requests.ConnectionError as error:
            if self._answered and not isinstance(error, requests.Timeout):
                with suppress(requests.RequestException):
                    return self._get(path)  # it had closed the idle connection: not its fault
            raise TargetError(reason(self._url, error)) from None
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:  # a host that cannot be
            raise TargetError(reason(self._url, error)) from None

    def _get(self, path: str) -> Reply:
        with self._session.get(
            self._url + path, timeout=TIMEOUT_S, allow_redirects=False, stream=True
        ) as reply:
            self._answered = True
            headers = {name.lower(): value for name, value in reply.headers.items()}
            return Reply(reply.status_code, headers, _body(reply))


def _body(reply: requests.Response) -> str:
    """What it says, as far as it came. Raises TargetError where it does not end: no LLM server does so.

    UTF-8 as JSON is: requests would guess where no charset is named, and guess model names wrongly.
    """
    body = bytearray()
    ends_s = time.monotonic() + TIMEOUT_S
    # cut short: what came is judged as it is, and is no JSON
    with suppress(urllib3.exceptions.HTTPError, OSError):
        while piece := reply.raw.read1(READ_BYTES, decode_content=True):
            body += piece
            if len(body) > MOST_BYTES or time.monotonic() > ends_s:
                raise TargetError(ENDLESS)
    return body.decode("utf-8", "replace")


def loads(reply: Reply) -> bool:
    """Whether the server says that it is not ready yet."""
    return reply.status == 503 and "loading" in reply.text.lower()


@contextmanager
def visiting(url: str, key: str) -> Iterator[Visitor]:
    visitor = Visitor(url, key)
    try:
        yield visitor
    finally:
        visitor.close()


def reason(url: str, error: Exception) -> str:
    """Why nothing came, as far as the failure tells, and what to do."""
    host, said = urlsplit(url).hostname or "", str(error).lower()
    if isinstance(error, requests.exceptions.SSLError):
        if "certificate" in said:
            return "its TLS certificate is not trusted; SSL_CERT_FILE may name its authority"
        return "TLS failed; is it http:// rather than https://?"
    if isinstance(error, requests.exceptions.ReadTimeout):
        return (
            f"it takes connections and says nothing for {TIMEOUT_S:.0f} s; "
            "does it load a model, or hang? wait and try again, or restart it"
        )
    if isinstance(error, requests.exceptions.Timeout):
        return f"no answer within {TIMEOUT_S:.0f} s; a firewall in between, or the host off?" + _mac(host)
    if "refused" in said:
        if is_here(host):
            return "connection refused; no server listens on this port: start it, or mend the port"
        return (
            "connection refused; is the server started, and bound to 0.0.0.0 rather than 127.0.0.1 "
            "(LM Studio: `lms server start --bind 0.0.0.0`; Ollama: OLLAMA_HOST=0.0.0.0)?"
        )
    if any(
        words in said for words in ("label empty", "resolve", "name or service", "nodename", "getaddrinfo")
    ):
        return f"the host {host} is not known; mend the name"
    if "unreachable" in said or "no route" in said:
        return "its network cannot be reached; check the address" + _mac(host)
    if any(words in said for words in ("badstatusline", "disconnected", "reset", "aborted")):
        return "it hangs up on plain HTTP; is it https:// rather than http://, or another program's port?"
    return "it cannot be connected to; check host and port"


def is_here(host: str) -> bool:
    """Whether the host name means this machine's loopback."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _mac(host: str) -> str:
    return MAC_PERMISSION if platform.system() == "Darwin" and not is_here(host) else ""


def first_meaning(host: str, port: int) -> tuple[str, bool] | None:
    """(the address that `host` means first, whether somebody listens there); None if it has but one."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError:
        return None
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    if len(addresses) < 2:
        return None
    try:
        with socket.create_connection((addresses[0], port), timeout=1.0):
            return addresses[0], True
    except OSError:
        return addresses[0], False
