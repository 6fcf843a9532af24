"""A user that streams and fires its own events, as many LLM locustfiles do: chat, and a row for its TTFT."""

from locust import User, constant, task

import json
import time
from typing import Any

import requests

BODY = {"messages": [{"role": "user", "content": "one two three"}], "max_tokens": 11, "stream": True}

AS_THEY_COME: Any = None  # chunks, not pieces of a number of bytes


def has_text(line: bytes) -> bool:
    if not line.startswith(b"data: {"):
        return False
    choices = json.loads(line.removeprefix(b"data: "))["choices"]
    return bool(choices and choices[0]["delta"].get("content"))


class Streamer(User):
    wait_time = constant(0)

    @task
    def chat(self) -> None:
        start_s, first_s, size = time.time(), None, 0
        with requests.post(
            f"{self.host}/v1/chat/completions", data=json.dumps(BODY), stream=True, timeout=60
        ) as reply:
            for line in reply.iter_lines(AS_THEY_COME):
                if first_s is None and has_text(line):
                    first_s = time.time()
                size += len(line)
        end_s = time.time()
        self.fire("SSE", start_s, end_s, size, {"first_token_s": first_s})
        if first_s is not None:
            self.fire("TTFT", start_s, first_s, 0, {})

    def fire(self, kind: str, start_s: float, end_s: float, size: int, context: dict) -> None:
        self.environment.events.request.fire(
            request_type=kind,
            name="chat",
            response_time=(end_s - start_s) * 1e3,
            response_length=size,
            exception=None,
            context=context,
            start_time=start_s,
        )
