"""One keep-alive HTTP/1.1 connection that says of every piece of an answer when it arrived.

An own socket, because a client library hands bytes over late: they have waited for the event loop
and for the parsing of other answers. Here each piece is stamped as it is read, and where the kernel
tells when it *arrived*, that instant is taken (0.01 ms late instead of 0.4, and no worse when many
answers come at once). h11 only finds the end of the body; its content waits until the answer ended.
"""

import functools
import socket as constants
import ssl
import struct
import time
from typing import Any

import gevent
import gevent.socket
import gevent.ssl
import h11

from analysis.files.request_record import OPEN, UNFINISHED
from replay.client.reply import Arrival, Reply, ends_between_chunks, whole_chunks
from replay.monitor.looks import of_this_loop

# Linux: "tell with each read when the kernel received the bytes", a struct timespec of the wall
# clock. Python's socket module has no name for it; where it is unknown (macOS) setsockopt refuses.
SO_TIMESTAMPNS = 35
_TIMESPEC = struct.Struct("@ll")
_NOTE_BYTES = constants.CMSG_SPACE(_TIMESPEC.size) if hasattr(constants, "CMSG_SPACE") else 0  # Windows

READ_BYTES = 65536
MOST_BYTES = 16_000_000  # of one answer; a token with all that is sent about it has some 250
LONGEST_TURN_S = 0.005  # of one answer, while others wait to be read
MAX_LATENESS_S = 5.0  # bytes do not wait that long to be read: somebody has set the clock
CLOCKS_APART_S = 20e-6  # two clocks were read "at one instant" if no more than this lay between


AFTER_DONE_S = 0.1  # for the end of the body after [DONE]: then the connection is closed
AFTER_FINISH_S = 1.0  # of silence after a finish reason: usage may still come
ENDS_BY = {"transfer-encoding", "content-length"}  # without one of them a body ends by the close


class HttpStream:
    """The connection to one address: opened, used for one request after another, closed."""

    def __init__(self, host: str, port: int, *, tls: bool) -> None:
        self.host, self.port, self.tls = host, port, tls
        self._socket: Any = None  # gevent has no types
        self._kernel_stamps = False
        self._read_s = 0.0  # the last read ended

    @property
    def address(self) -> tuple[str, int, bool]:
        return self.host, self.port, self.tls

    @property
    def where(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def ensure_open(self) -> None:
        """Connects, unless it is connected. Raises OSError."""
        if self._is_open():
            return
        self.close()
        self._socket = gevent.socket.create_connection((self.host, self.port))
        self._socket.setsockopt(constants.IPPROTO_TCP, constants.TCP_NODELAY, 1)
        self._kernel_stamps = not self.tls and ask_for_kernel_stamps(self._socket)
        if self.tls:
            self._socket = tls_context().wrap_socket(self._socket, server_hostname=self.host)

    def _is_open(self) -> bool:
        """False too if the idle server has closed it meanwhile. Costs one system call."""
        if self._socket is None:
            return False
        self._socket.settimeout(0.0)
        try:
            self._socket.recv(1)  # its end, or bytes that were not asked for: of no use in either case
        except (BlockingIOError, ssl.SSLWantReadError):
            return True
        except OSError:
            return False
        finally:
            self._socket.settimeout(None)
        return False

    def exchange(self, http: h11.Connection, request: bytes, reply: Reply) -> None:
        """Writes the request at once and fills `reply` to its end. Raises OSError."""
        try:
            reply.send_s = reply.seen_s = self._read_s = time.monotonic()
            self._socket.sendall(request)
            received, between_chunks = 0, False
            while not reply.whole:
                try:
                    self._socket.settimeout(_patience_s(reply))
                    arrival, data = self._read(reply.seen_s)
                except TimeoutError:
                    if _patience_s(reply) is None:
                        raise
                    reply.whole, reply.after_end = True, OPEN  # only its connection has not ended
                    break
                if data and not reply.done:
                    reply.seen_s = arrival.at_s
                if not data and (reply.done or reply.finished):
                    reply.whole = True  # closed after its end, perhaps without HTTP's own
                    reply.after_end = UNFINISHED if ENDS_BY & reply.headers.keys() else None
                    break
                piece = whole_chunks(data) if between_chunks else None
                if piece is not None:
                    reply.add(arrival, piece)
                else:
                    begins = reply.status is None
                    self._feed(http, arrival, data, reply)
                    between_chunks = begins and ends_between_chunks(data, reply)
                if (received := received + len(data)) > MOST_BYTES:
                    raise ConnectionError(
                        f"{self.where} sent more than {MOST_BYTES / 1e6:g} MB for one answer"
                    )
        finally:
            again = http.our_state is http.their_state is h11.DONE and not http.trailing_data[0]
            if not (reply.whole and again):
                self.close()
            elif self._socket is not None:
                self._socket.settimeout(None)

    def _read(self, not_before_s: float) -> tuple[Arrival, bytes]:
        looks, before = of_this_loop(), self._read_s
        count = looks.count
        if self._kernel_stamps:
            data, notes, _, _ = self._socket.recvmsg(READ_BYTES, _NOTE_BYTES)
            arrival = arrival_of(notes, *read_both_clocks(), not_before_s)
        else:
            data = self._socket.recv(READ_BYTES)
            arrival = Arrival(time.monotonic(), None)
        self._read_s = time.monotonic()
        earliest_s = max(looks.earliest_s(count, before), not_before_s)
        return Arrival(arrival.at_s, arrival.lateness_s, max(arrival.at_s - earliest_s, 0.0)), data

    def _feed(self, http: h11.Connection, arrival: Arrival, data: bytes, reply: Reply) -> None:
        if not data and reply.status is None:
            raise ConnectionError(f"{self.where} closed the connection without an answer")
        try:
            http.receive_data(data)
            _take_events(http, arrival, reply)
        except h11.RemoteProtocolError as error:
            if not data:
                text = f"{self.where} closed the connection before the answer ended"
            else:
                text = f"{self.where} does not answer in HTTP/1.1: {error}"
            raise ConnectionError(text) from None

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def _take_events(http: h11.Connection, arrival: Arrival, reply: Reply) -> None:
    """Moves what h11 has found in the bytes so far into `reply`.

    What came with one read is one piece, in however many chunks it was sent.
    """
    came: list[bytes] = []
    turn_ends_s = time.monotonic() + LONGEST_TURN_S
    try:
        for event in iter(http.next_event, h11.NEED_DATA):
            match event:
                case h11.Response():
                    reply.status = event.status_code
                    reply.headers = {k.decode("ascii"): v.decode("latin-1") for k, v in event.headers}
                case h11.Data():
                    came.append(bytes(event.data))
                case h11.EndOfMessage():
                    reply.whole = True
                    return  # careful: after its end h11 never says NEED_DATA
            if time.monotonic() > turn_ends_s:
                gevent.sleep(0)
                turn_ends_s = time.monotonic() + LONGEST_TURN_S
    finally:
        if came:
            reply.add(arrival, b"".join(came))


def _patience_s(reply: Reply) -> float | None:
    """How long more bytes are waited for; None: as long as the request may take."""
    if reply.done:
        return AFTER_DONE_S
    return AFTER_FINISH_S if reply.finished else None


def ask_for_kernel_stamps(connected: Any) -> bool:
    """True if the kernel agrees to stamp what this socket receives."""
    if not _NOTE_BYTES:
        return False
    try:
        connected.setsockopt(constants.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        return bool(connected.getsockopt(constants.SOL_SOCKET, SO_TIMESTAMPNS))
    except OSError:
        return False


def arrival_of(
    notes: list[tuple[int, int, bytes]], now_s: float, now_ns: int, not_before_s: float
) -> Arrival:
    """The kernel's instant on the monotonic clock; ours where there is none or it cannot be true.

    careful: of several segments that waited unread the kernel tells only when the last one came.
    """
    for level, kind, data in notes:
        if (level, kind, len(data)) == (constants.SOL_SOCKET, SO_TIMESTAMPNS, _TIMESPEC.size):
            seconds, nanoseconds = _TIMESPEC.unpack(data)
            lateness_s = (now_ns - seconds * 1_000_000_000 - nanoseconds) / 1e9
            if 0 <= lateness_s <= MAX_LATENESS_S and now_s - lateness_s >= not_before_s:
                return Arrival(now_s - lateness_s, lateness_s)
    return Arrival(now_s, None)


def read_both_clocks() -> tuple[float, int]:
    """time.monotonic() and time.time_ns() at one instant: again if we were put aside in between."""
    for _ in range(3):
        before_s, now_ns, now_s = time.monotonic(), time.time_ns(), time.monotonic()
        if now_s - before_s < CLOCKS_APART_S:
            break
    return now_s, now_ns


@functools.cache
def tls_context() -> ssl.SSLContext:
    """Verifies certificate and host name; SSL_CERT_FILE names an authority of one's own."""
    context: ssl.SSLContext = gevent.ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_default_certs()
    return context
