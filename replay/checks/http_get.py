"""The one GET client, for the checks and the monitor; and why a GET failed, in words."""

import errno
import http.client
import platform
import socket
import ssl
import threading
import time
from contextlib import suppress
from ipaddress import ip_address
from urllib.parse import urlsplit

from analysis.errors import TargetError
from replay.client.server_words import masked
from replay.server_kinds import SERVER_KINDS, GetReply

TIMEOUT_S = 5.0  # of one GET, its head included; a connect has as much
GRACE_S = 0.1  # a server that says nothing at all is kept apart from one that drips
MOST_BYTES = 8_000_000  # of one reply; a list of models has a tenth of it
READ_BYTES = 65536
ENDLESS = "another program answers there, not an LLM server (its answer does not end); check the port"
LOADING_PATIENCE_S = 120.0  # a llama.cpp server answers 503 while it loads: not ready is not failed
STARTS_S = 0.5  # between a hang-up and the second try
MAC_PERMISSION = " (macOS: System Settings, Privacy & Security, Local Network must allow this terminal)"


class Silent(TimeoutError):
    """The server took the connection and sent nothing."""


class HttpGet:
    """One server over one keep-alive connection. No proxy, no redirect, no compression."""

    def __init__(self, url: str, key: str = "") -> None:
        """Raises TargetError if the key cannot be sent."""
        if not (key.isascii() and key.isprintable()):  # careful: what fails later would quote it
            raise TargetError("its key cannot be sent over HTTP; is there a line end in the variable?")
        parts = urlsplit(url)
        scheme = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._connection = scheme(parts.hostname or "", parts.port, timeout=TIMEOUT_S)
        self._connection._create_connection = self._dial  # type: ignore[attr-defined]
        self._ends_s = 0.0  # of the GET that is going on
        self._dialled: socket.socket | None = None  # the connection once more, until TLS is agreed upon
        self._url, self._root = url, parts.path.rstrip("/")
        self._keys = (key,)
        self._headers = {"User-Agent": "portlap"} | ({"Authorization": f"Bearer {key}"} if key else {})
        self.replies: dict[str, GetReply] = {}  # the last one of each path

    def get(self, path: str) -> GetReply:
        """The reply to GET path, asked for once. Raises TargetError with the likely reason of a failure."""
        return self.replies[path] if path in self.replies else self._get_again(path)

    def get_ready(self, path: str) -> GetReply:
        """The same, waiting while the server still loads. Raises TargetError if that takes too long."""
        patience_until = time.monotonic() + LOADING_PATIENCE_S
        reply = self.get(path)
        while reply.loads:
            if time.monotonic() > patience_until:
                raise TargetError(
                    f"it still loads its model after {LOADING_PATIENCE_S:.0f} s (HTTP 503); "
                    "run again when it has ended"
                )
            time.sleep(1.0)
            reply = self._get_again(path)
        return reply

    def fetch(self, path: str) -> GetReply:
        """The reply to GET path. Raises OSError, HTTPException or UnicodeError, TargetError if endless."""
        reused = self._connection.sock is not None
        try:
            return self._exchange(path)
        except ConnectionError:
            if not reused:
                raise
            return self._exchange(path)  # it had closed the idle connection, which is no failure

    def close(self) -> None:
        self._connection.close()

    def _get_again(self, path: str) -> GetReply:
        try:
            try:
                self.replies[path] = self.fetch(path)
            except (ConnectionResetError, BrokenPipeError):  # llama.cpp does so in its first instants
                time.sleep(STARTS_S)
                self.replies[path] = self.fetch(path)
        except (OSError, http.client.HTTPException, UnicodeError) as error:
            raise TargetError(reason(self._url, error)) from None
        return self.replies[path]

    def _exchange(self, path: str) -> GetReply:
        self._ends_s = time.monotonic() + TIMEOUT_S
        # careful: a timeout of the socket counts for each read, and a head may come a byte at a time
        deadline = threading.Timer(TIMEOUT_S + GRACE_S, self._cut)
        deadline.daemon = True
        deadline.start()
        whole = False
        try:
            if self._connection.sock is None:
                self._connect()
            self._connection.sock.settimeout(max(self._ends_s - time.monotonic(), GRACE_S))
            with self._reply_to(path) as response:
                text = _body(response, self._ends_s)
                whole = response.isclosed() or response.length == 0  # all is read: the next GET may follow
                headers = {name.lower(): masked(v, self._keys) for name, v in response.getheaders()}
                return GetReply(response.status, headers, masked(text, self._keys))
        except (OSError, http.client.HTTPException) as error:
            if not isinstance(error, TimeoutError) and time.monotonic() > self._ends_s:
                raise TargetError(ENDLESS) from None
            raise
        finally:
            deadline.cancel()
            if not whole:
                self._connection.close()

    def _connect(self) -> None:
        try:
            self._connection.connect()
        finally:
            if self._dialled is not None:
                self._dialled.close()
                self._dialled = None

    def _reply_to(self, path: str) -> http.client.HTTPResponse:
        try:
            self._connection.request("GET", self._root + path, headers=self._headers)
            return self._connection.getresponse()
        except TimeoutError as error:
            raise Silent(str(error)) from None

    def _dial(self, address: tuple[str, int], *_: object) -> socket.socket:
        """Connects to the first address of the host that answers; all together have the time of one GET."""
        found = socket.getaddrinfo(*address, type=socket.SOCK_STREAM)
        problem = OSError(errno.EHOSTUNREACH, "no address")
        for i, (family, kind, protocol, _name, where) in enumerate(found):
            connected = socket.socket(family, kind, protocol)
            connected.settimeout(max((self._ends_s - time.monotonic()) / (len(found) - i), GRACE_S))
            try:
                connected.connect(where)
            except OSError as error:
                connected.close()
                problem = error
                continue
            self._dialled = connected.dup()
            return connected
        raise problem

    def _cut(self) -> None:
        """Whoever reads from the connection wakes up, and finds its end."""
        for connected in (self._dialled, self._connection.sock):
            with suppress(OSError):  # it is closed already
                if connected is not None:
                    connected.shutdown(socket.SHUT_RDWR)


def _body(response: http.client.HTTPResponse, ends_s: float) -> str:
    """The body as far as it came. Raises TargetError where it does not end: no LLM server does so."""
    body = bytearray()
    # cut short: what came is judged as it is, and is no JSON
    with suppress(http.client.HTTPException, OSError):
        while piece := response.read1(READ_BYTES):
            body += piece
            if len(body) > MOST_BYTES or time.monotonic() > ends_s:
                raise TargetError(ENDLESS)
    if time.monotonic() > ends_s:
        raise TargetError(ENDLESS)
    return body.decode("utf-8", "replace")


def reason(url: str, error: Exception) -> str:
    """Why no reply came, as far as the failure shows, and what to do."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    match error:
        case ssl.SSLCertVerificationError():
            return "its TLS certificate is not trusted; SSL_CERT_FILE may name its authority"
        case ssl.SSLError():
            return "TLS failed; is it http:// rather than https://?"
        case Silent():
            return (
                f"it takes connections and says nothing for {TIMEOUT_S:.0f} s; "
                "does it load a model, or hang? wait and try again, or restart it"
            )
        case TimeoutError():
            return f"no answer within {TIMEOUT_S:.0f} s; a firewall in between, or the host off?" + _mac(host)
        case ConnectionRefusedError() if is_here(host):
            return "connection refused; no server listens on this port: start it, or correct the port"
        case ConnectionRefusedError():
            return (
                "connection refused; is the server started, and bound to 0.0.0.0 rather than 127.0.0.1"
                f"{_settings(parts.port)}?"
            )
        case socket.gaierror() | UnicodeError():
            return f"the host {host} is not known; correct the name"
        case OSError(errno=errno.ENETUNREACH | errno.EHOSTUNREACH):
            return "its network cannot be reached; check the address" + _mac(host)
        case http.client.HTTPException() | ConnectionError():
            return "it hangs up on plain HTTP; is it https:// rather than http://, or another program's port?"
    return "it cannot be connected to; check host and port"


def _settings(port: int | None) -> str:
    """What makes the servers that usually listen on this port answer other machines."""
    known = [(k.name, k.listens_to_all_by) for k in SERVER_KINDS.values() if port in k.ports]
    settings = "; ".join(f"{name}: {setting}" for name, setting in known if setting)
    return f" ({settings})" if settings else ""


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
