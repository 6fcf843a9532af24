"""A chat server for test_chat.py whose every write is known; `model` names what it does oddly.

A process of its own, so that it waits for nobody. It prints its port, writes one JSON line per
answer to the file LOG (the instants of its token writes on time.monotonic(), one clock for all
processes of a machine) and ends when its input closes. Shares no code with portlap.

    python known_chunks_server.py LOG [CERTIFICATE KEY]
"""

import http.server
import json
import os
import ssl
import sys
import threading
import time
from pathlib import Path

LOG = Path(sys.argv[1])
LOCK = threading.Lock()
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"


def event(**chunk):
    return b"data: " + json.dumps({"model": "m", **chunk}, ensure_ascii=False).encode() + b"\n\n"


def delta(**fields):
    return event(choices=[{"index": 0, "delta": fields, "finish_reason": None}])


FINISH = event(choices=[{"index": 0, "delta": {}, "finish_reason": "length"}])
USAGE = event(
    choices=[],
    usage={
        "prompt_tokens": 7,
        "completion_tokens": 10,
        "prompt_tokens_details": {"cached_tokens": 3},
    },
    timings={"prompt_ms": 12.5, "predicted_ms": 250, "cache_n": 99},
)
DONE = b"data: [DONE]\n\n"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self):
        self.asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.writes = []
        getattr(self, self.asked["model"])()
        self.wfile.flush()

    def log_message(self, *_):
        pass

    def put(self, data):
        self.connection.sendall(data)

    def chunk(self, data):
        self.put(b"%x\r\n%s\r\n" % (len(data), data))

    def tell(self):
        """Before the last bytes of an answer: its reader shall find the line."""
        with LOCK, LOG.open("a") as log:
            log.write(json.dumps({"id": self.asked.get("id"), "writes": self.writes}) + "\n")

    def stream(self, write, count=None):
        """Tokens at their instants; token 5 comes late by three gaps more."""
        due = time.monotonic() + self.asked.get("first_s", 0.02)
        gap = self.asked.get("gap_s", 0.005)
        for i in range(count or self.asked.get("tokens", 10)):
            due += gap * (4 if i == 5 else 1) if i else 0
            time.sleep(max(0.0, due - time.monotonic()))
            self.writes.append(time.monotonic())
            write(delta(content=f" tök{i}"))

    def whole(self):
        self.put(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
        self.chunk(delta(role="assistant", content=None))
        self.stream(self.chunk)
        self.tell()
        self.chunk(FINISH + USAGE + DONE)
        self.put(b"0\r\n\r\n")

    def without_length(self):
        self.put(HEAD + b"Connection: close\r\n\r\n")
        self.stream(self.put)
        self.tell()
        self.put(FINISH + USAGE + DONE)
        self.close_connection = True

    def split(self):
        """Everything in two packets: headers, chunk sizes, characters."""

        def in_two(data, at):
            self.put(data[:at])
            time.sleep(0.005)
            self.writes[-1:] = [time.monotonic()]  # the second half completes a token
            self.put(data[at:])

        in_two(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", 30)
        self.writes.clear()

        def halves(data):
            framed = b"%x\r\n%s\r\n" % (len(data), data)
            in_two(framed, framed.index("ö".encode()) + 1)

        self.stream(halves)
        self.tell()
        in_two(b"%x\r\n%s\r\n" % (len(FINISH + DONE), FINISH + DONE), 1)
        in_two(b"0\r\n\r\n", 3)

    def odd(self):
        """Much that is no token before, between and after two that are."""
        self.put(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
        for noise in (
            b": ping\n\n",
            delta(role="assistant"),
            delta(role="assistant", content=""),
            delta(content=None, reasoning_content=""),
            event(choices=[{"index": 0, "delta": {}}], prompt_progress={"total": 9, "processed": 3}),
        ):
            self.chunk(noise)
            time.sleep(0.01)
        for fields in ({"reasoning_content": "Hm"}, {"reasoning": "so"}, {"content": "yes"}):
            self.writes.append(time.monotonic())
            self.chunk(delta(**fields))
            time.sleep(0.01)
        self.chunk(b": ping\n\n" + delta(content=""))
        time.sleep(0.01)
        self.tell()
        self.chunk(FINISH)
        self.chunk(USAGE + DONE)
        self.put(b"0\r\n\r\n")

    def lump(self):
        body = b"".join(delta(content=str(i)) for i in range(10)) + FINISH + DONE
        self.put(HEAD + b"Content-Length: %d\r\n\r\n%s" % (len(body), body))

    def cut(self):
        self.put(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
        self.stream(self.chunk, count=5)
        self.tell()
        self.close_connection = True

    def unfinished(self):
        self.put(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
        self.stream(self.chunk, count=5)
        self.tell()
        self.put(b"0\r\n\r\n")

    def hang(self):
        self.put(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
        self.stream(self.chunk, count=3)
        self.tell()
        time.sleep(5)
        self.close_connection = True

    def silent(self):
        self.close_connection = True

    def closes_when_idle(self):
        """Says keep-alive and closes 20 ms later, as servers with a short idle time do."""
        self.whole()
        time.sleep(0.02)
        self.close_connection = True

    def error_in_stream(self):
        self.put(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
        self.stream(self.chunk, count=2)
        self.chunk(b"event: error\n" + event(error={"message": "the context\nis full", "code": 500}))
        self.put(b"0\r\n\r\n")

    def no_json_in_stream(self):
        self.put(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
        self.stream(self.chunk, count=2)
        self.chunk(b'data: {"choices": [\n\n' + FINISH + DONE)
        self.put(b"0\r\n\r\n")

    def answer(self, status, body, extra=b""):
        head = b"HTTP/1.1 %d Whatever\r\nContent-Type: application/json\r\n" % status
        self.put(head + extra + b"Content-Length: %d\r\n\r\n%s" % (len(body), body))

    def error_under_200(self):
        self.answer(200, b'{"error":"Unexpected endpoint or method. (POST /chat/completions)"}')

    def not_found(self):
        self.answer(404, b'{"error":{"message":"Model \\"x\\" not found.\\n\\nYour models:\\na"}}')

    def quotes_the_key(self):
        self.answer(401, b'{"error":"bad key: %s"}' % self.headers["Authorization"].encode())

    def compressed(self):
        self.answer(200, b"\x1f\x8b\x08\x00", b"Content-Encoding: gzip\r\n")

    def unstreamed(self):
        usage = {"prompt_tokens": 7, "completion_tokens": 10}
        choice = {"message": {"content": "yes"}, "finish_reason": "stop"}
        self.answer(200, json.dumps({"model": "m", "choices": [choice], "usage": usage}).encode())

    def a_page(self):
        self.answer(200, b"<html>\nwelcome</html>")


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request, client_address):
        pass  # a client that hangs up is part of the tests


if __name__ == "__main__":
    server = Server(("127.0.0.1", 0), Handler)
    if sys.argv[2:]:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*sys.argv[2:])
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_address[1], flush=True)
    sys.stdin.read()
    os._exit(0)
