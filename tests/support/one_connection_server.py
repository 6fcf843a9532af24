"""A server on Python's plain HTTPServer, as old mlx_lm is: one connection at a time, a queue of five.

`python … PORT HOW TOKENS T`: HOW is `one` or `many` (threads), T the seconds of an answer.
"""

import json
import sys
import time
from http.server import BaseHTTPRequestHandler, HTTPServer, ThreadingHTTPServer

TOKENS, ANSWER_S = int(sys.argv[3]), float(sys.argv[4])


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.say("application/json")
        self.wfile.write(json.dumps({"object": "list", "data": [{"id": "m", "object": "model"}]}).encode())

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        tokens = min(TOKENS, asked["max_tokens"])
        self.say("text/event-stream")
        for i in range(tokens):
            time.sleep(ANSWER_S / tokens)
            last = "length" if i == tokens - 1 else None
            choice = {"index": 0, "delta": {"content": f" w{i}"}, "finish_reason": last}
            self.wfile.write(
                f"data: {json.dumps({'id': '1', 'model': 'm', 'choices': [choice]})}\n\n".encode()
            )
        self.wfile.write(b"data: [DONE]\n\n")

    def say(self, content_type: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", content_type)
        self.end_headers()

    def log_message(self, *arguments: object) -> None:
        pass


if __name__ == "__main__":
    kind = {"one": HTTPServer, "many": ThreadingHTTPServer}[sys.argv[2]]
    kind(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
