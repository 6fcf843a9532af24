"""One streamed request against a real socket; known_chunks_server.py knows its every write."""

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import count, pairwise
from pathlib import Path
from shutil import which
from statistics import median
from typing import Any

import gevent
import pytest

from replay.client import http_stream
from replay.client.connection import Connection
from replay.client.http_stream import SO_TIMESTAMPNS, arrival_of
from replay.client.reply import Arrival
from replay.client.request import Request
from replay.client.response import Response
from tests.support.checkout import CHECKOUT

pytestmark = pytest.mark.alone

SERVER = CHECKOUT / "tests" / "support" / "known_chunks_server.py"
IDS = count()


class Known:
    """The running server: orders for it, and the instants of its writes."""

    def __init__(self, folder: Path, *certificate: str) -> None:
        self.log = folder / "writes.jsonl"
        command = [sys.executable, str(SERVER), str(self.log), *certificate]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout
        self.where = f"127.0.0.1:{int(self.process.stdout.readline())}"
        self.url = f"{'https' if certificate else 'http'}://{self.where}"

    def order(self, model: str, timeout_s: float = 10.0, **body: Any) -> Request:
        return Request(self.url, {"model": model, "id": next(IDS), **body}, timeout_s)

    def writes(self, order: Request) -> list[float]:
        lines = map(json.loads, self.log.read_text().splitlines())
        return next(line["writes"] for line in lines if line["id"] == order.body["id"])

    def stop(self) -> None:
        self.process.communicate(timeout=10)  # closes its input, which ends it


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Known]:
    server = Known(tmp_path_factory.mktemp("known"))
    yield server
    server.stop()


@pytest.fixture
def connection() -> Iterator[Connection]:
    one = Connection()
    yield one
    one.close()


def ask(connection: Connection, order: Request) -> Response:
    connection.prepare(order)
    return connection.ask()


def ask_together(orders: list[Request]) -> list[Response]:
    connections = [Connection() for _ in orders]
    for one, order in zip(connections, orders, strict=True):
        one.prepare(order)
    users = [gevent.spawn(one.ask) for one in connections]
    gevent.joinall(users)
    for one in connections:
        one.close()
    return [user.get() for user in users]


@pytest.mark.parametrize("stamps", ["the kernel's", "our own"])
@pytest.mark.parametrize("streams", [1, 8])
def test_instants_are_those_of_the_writes(
    known: Known, monkeypatch: pytest.MonkeyPatch, streams: int, stamps: str
) -> None:
    """Medians: this machine may be busy with something else for a moment."""
    if stamps == "our own":
        monkeypatch.setattr(http_stream, "ask_for_kernel_stamps", lambda _: False)
    pairs: list[tuple[Response, list[float]]] = []
    for _ in range(max(3, 8 // streams)):
        orders = [known.order("whole", first_s=0.03, gap_s=0.004) for _ in range(streams)]
        pairs += zip(ask_together(orders), map(known.writes, orders), strict=True)
    for answer, writes in pairs:
        assert (answer.error, answer.chunks, len(writes)) == (None, 10, 10)
    first_s = median(abs(a.first_token_s - w[0]) for a, w in pairs if a.first_token_s)
    last_s = median(abs(a.last_token_s - w[-1]) for a, w in pairs if a.last_token_s)
    gap_s = median(
        abs(a.longest_gap_s - max(y - x for x, y in pairwise(w))) for a, w in pairs if a.longest_gap_s
    )
    assert first_s < 0.002
    assert last_s < 0.002
    assert gap_s < 0.003


def test_a_whole_answer_says_everything(known: Known, connection: Connection) -> None:
    answer = ask(connection, known.order("whole"))
    assert answer.send_s and answer.first_token_s and answer.last_token_s and answer.end_s
    assert answer.send_s < answer.first_token_s < answer.last_token_s <= answer.end_s
    assert answer.error is None
    assert (answer.http_status, answer.finish_reason, answer.answered_model) == (200, "length", "m")
    assert (answer.prompt_tokens, answer.output_tokens, answer.cached_tokens) == (7, 10, 3)
    assert (answer.server_prefill_s, answer.server_decode_s) == (0.0125, 0.25)


def test_every_answer_says_how_sure_its_times_are(known: Known, connection: Connection) -> None:
    with socket.create_connection(known.where.split(":")) as probe:  # type: ignore[arg-type]
        stamped = http_stream.ask_for_kernel_stamps(probe)
    answers = [ask(connection, known.order("whole")) for _ in range(5)]
    assert {a.stamp for a in answers} <= {"kernel", "user"}  # a busy machine may spoil a stamp, never all
    assert any(a.stamp == "kernel" for a in answers) == stamped
    assert all(a.clock_error_s is not None and a.clock_error_s >= 0 for a in answers)


@pytest.mark.parametrize("model", ["whole", "without_length", "split", "closes_when_idle"])
def test_two_answers_come_over_one_connection_however_they_are_framed(
    known: Known, connection: Connection, model: str
) -> None:
    for _ in range(2):
        order = known.order(model)
        answer = ask(connection, order)
        assert (answer.error, answer.chunks, answer.finish_reason) == (None, 10, "length")
        assert answer.first_token_s == pytest.approx(known.writes(order)[0], abs=0.02)
        time.sleep(0.05)  # closes_when_idle has closed by now


def test_a_connection_that_the_server_closed_at_the_gate_is_opened_again(
    known: Known, connection: Connection
) -> None:
    assert ask(connection, known.order("closes_when_idle")).error is None
    connection.prepare(known.order("whole"))
    time.sleep(0.05)
    assert connection.ask().error is None


def test_no_token_is_a_role_an_empty_delta_a_ping_progress_or_usage(
    known: Known, connection: Connection
) -> None:
    order = known.order("odd")
    answer = ask(connection, order)
    assert (answer.error, answer.chunks, answer.output_tokens) == (None, 3, 10)
    assert answer.first_token_s == pytest.approx(known.writes(order)[0], abs=0.008)
    assert answer.last_token_s == pytest.approx(known.writes(order)[-1], abs=0.008)


def test_tokens_in_one_lump_have_one_stamp(known: Known, connection: Connection) -> None:
    answer = ask(connection, known.order("lump"))
    assert (answer.error, answer.chunks) == (None, 10)
    assert answer.longest_gap_s == pytest.approx(0.0, abs=0.005)


def test_an_answer_that_was_not_streamed_counts_by_its_usage(known: Known, connection: Connection) -> None:
    answer = ask(connection, known.order("unstreamed"))
    assert (answer.error, answer.output_tokens, answer.finish_reason) == (None, 10, "stop")
    assert (answer.first_token_s, answer.last_token_s, answer.chunks) == (None, None, None)


@pytest.mark.parametrize(
    ("model", "chunks", "error"),
    [
        ("cut", 5, "SERVER closed the connection before the answer ended"),
        ("unfinished", 5, "the stream ended without [DONE] and without a finish_reason"),
        ("hang", 3, "timed out after 0.3 s"),
        ("silent", None, "SERVER closed the connection without an answer"),
        ("error_in_stream", 2, "the context is full"),
        ("no_json_in_stream", 2, "an event of the stream is no JSON object: '{\"choices\": ['"),
        ("error_under_200", None, "Unexpected endpoint or method. (POST /chat/completions)"),
        ("not_found", None, 'HTTP 404: Model "x" not found. Your models: a'),
        ("a_page", 0, "the answer is neither a stream nor JSON: '<html> welcome</html>'"),
        (
            "compressed",
            None,
            "the answer is gzip encoded, which delays tokens; switch compression off",
        ),
    ],
)
def test_a_failure_is_an_error_and_keeps_what_arrived(
    known: Known, connection: Connection, model: str, chunks: int | None, error: str
) -> None:
    answer = ask(connection, known.order(model, timeout_s=0.3, first_s=0.01))
    assert (answer.chunks, answer.error) == (chunks, error.replace("SERVER", known.where))
    assert (answer.first_token_s is not None) == bool(chunks)
    assert answer.send_s and answer.end_s and answer.send_s < answer.end_s
    assert ask(connection, known.order("whole")).error is None, "the next request is a new chance"


def test_an_answer_that_floods_us_is_cut(
    known: Known, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_stream, "MOST_BYTES", 1000)
    answer = ask(connection, known.order("whole"))
    assert "sent more than 0.001 MB for one answer" in str(answer.error)
    assert answer.chunks


def test_a_killed_user_keeps_what_arrived(known: Known, connection: Connection) -> None:
    answers = []

    def user() -> None:
        try:
            ask(connection, known.order("hang", first_s=0.01))
        except BaseException:
            answers.append(connection.cut())
            raise

    killed = gevent.spawn(user)
    gevent.sleep(0.2)
    killed.kill()
    assert [(a.chunks, a.error) for a in answers] == [(3, "stopped before the answer ended")]
    assert answers[0].first_token_s and answers[0].end_s


def test_a_user_killed_after_the_last_byte_has_a_whole_answer(known: Known, connection: Connection) -> None:
    assert ask(connection, known.order("whole")).error is None
    assert connection.cut().error is None


def test_the_timeout_of_another_is_not_taken_for_the_own(known: Known, connection: Connection) -> None:
    with pytest.raises(gevent.Timeout), gevent.Timeout(0.1):
        ask(connection, known.order("hang"))
    assert connection.cut("the round is over").error == "the round is over"


def test_who_is_stopped_at_the_gate_has_sent_nothing(known: Known, connection: Connection) -> None:
    connection.prepare(known.order("whole"))
    answer = connection.cut()
    assert (answer.send_s, answer.http_status, answer.chunks) == (None, None, None)
    assert answer.error == "stopped before the answer ended"


def test_a_refused_connection_is_reported_before_the_gate(connection: Connection) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: nobody else gets the port
        where = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(OSError, match=f"^connection refused by {where}$"):
            connection.prepare(Request(f"http://{where}", {}, 5.0))


def test_a_host_that_does_not_exist_is_named(connection: Connection) -> None:
    label = "x" * 70  # longer than a label may be: refused without asking a name server
    with pytest.raises(OSError, match=f"the host name '{label}' is not known"):
        connection.prepare(Request(f"http://{label}:1234", {}, 5.0))


def test_the_key_is_sent_and_never_shown(
    known: Known, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEY", "sk-secret")
    order = Request(known.url, {"model": "quotes_the_key"}, 5.0, api_key_env="KEY")
    assert "secret" not in repr(order)
    assert ask(connection, order).error == "HTTP 401: bad key: Bearer ***"


def test_a_key_that_cannot_be_sent_is_refused_without_showing_it(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    for value in ("sk-secret\nx", "sk-sécret"):
        monkeypatch.setenv("KEY", value)
        order = Request("http://127.0.0.1:1", {}, 5.0, api_key_env="KEY")
        with pytest.raises(OSError, match="line end in the API key") as caught:
            connection.prepare(order)
        assert "cret" not in str(caught.value)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    openssl = which("openssl")
    if openssl is None:
        pytest.skip("the openssl command is not there to make a certificate")
    folder = tmp_path_factory.mktemp("tls")
    certificate, key = str(folder / "certificate.pem"), str(folder / "key.pem")
    make = "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost"
    names = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate]
    subprocess.run([openssl, *make.split(), *names], check=True, capture_output=True)
    return certificate, key


@pytest.fixture(scope="module")
def known_tls(certificate: tuple[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Known]:
    server = Known(tmp_path_factory.mktemp("known_tls"), *certificate)
    yield server
    server.stop()


@pytest.fixture
def fresh_trust() -> Iterator[None]:
    http_stream.tls_context.cache_clear()
    yield
    http_stream.tls_context.cache_clear()


def test_tls_streams_like_plain_http_with_stamps_of_our_own(
    known_tls: Known,
    certificate: tuple[str, str],
    connection: Connection,
    fresh_trust: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", certificate[0])
    for model in ("whole", "closes_when_idle", "without_length"):
        order = known_tls.order(model)
        answer = ask(connection, order)
        assert (answer.error, answer.chunks, answer.stamp) == (None, 10, "user")
        assert answer.first_token_s == pytest.approx(known_tls.writes(order)[0], abs=0.02)
        time.sleep(0.05)
    assert ask(connection, known_tls.order("cut")).chunks == 5


def test_a_certificate_no_one_vouches_for_is_refused(
    known_tls: Known, connection: Connection, fresh_trust: None
) -> None:
    with pytest.raises(OSError, match=f"the certificate of {known_tls.where} is not trusted"):
        connection.prepare(known_tls.order("whole"))


NOW_S, NOW_NS = 100.0, 1_700_000_000_500_000_000


@pytest.mark.parametrize(
    ("kernel_ns", "not_before_s", "arrival"),
    [
        (NOW_NS - 2_000_000, 99.0, Arrival(99.998, 0.002)),
        (NOW_NS, 99.0, Arrival(100.0, 0.0)),
        (NOW_NS + 2_000_000, 99.0, Arrival(100.0, None)),
        (NOW_NS - 6_000_000_000, 90.0, Arrival(100.0, None)),
        (NOW_NS - 2_000_000, 99.999, Arrival(100.0, None)),
    ],
)
def test_a_kernel_stamp_that_cannot_be_true_is_replaced_by_our_own(
    kernel_ns: int, not_before_s: float, arrival: Arrival
) -> None:
    seconds, nanoseconds = divmod(kernel_ns, 1_000_000_000)
    data = http_stream._TIMESPEC.pack(seconds, nanoseconds)
    note = (socket.SOL_SOCKET, SO_TIMESTAMPNS, data)
    assert arrival_of([note], NOW_S, NOW_NS, not_before_s) == pytest.approx(arrival)


def test_the_client_does_without_locust() -> None:
    program = "import sys, replay.client.connection; sys.exit('locust' in sys.modules)"
    root = CHECKOUT
    subprocess.run([sys.executable, "-c", program], cwd=root, check=True)
