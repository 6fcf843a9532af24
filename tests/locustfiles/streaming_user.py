"""A User that streams and fires its own events, as many LLM locustfiles do: chat, and a row for its TTFT."""

from locust import User, constant, task

import json
import time

import requests

BODY = {"messages": [{"role": "user", "content": "one two three"}], "max_tokens": 11, "stream": True}


class Streamer(User):
    wait_time = constant(0)

    @task
    def chat(self) -> None:
        start, first, size = time.time(), None, 0
        with requests.post(f"{self.host}/v1/chat/completions", json=BODY, stream=True, timeout=60) as reply:
            for line in reply.iter_lines(chunk_size=1):
                if (
                    b'"content"' in line
                    and first is None
                    and json.loads(line[6:])["choices"][0]["delta"].get("content")
                ):
                    first = time.time()
                size += len(line)
        end = time.time()
        fire = self.environment.events.request.fire
        if first is not None:
            fire(request_type="TTFT", name="chat", response_time=(first - start) * 1e3, response_length=0,
                 exception=None, context={}, start_time=start)  # fmt: skip
        fire(request_type="SSE", name="chat", response_time=(end - start) * 1e3, response_length=size,
             exception=None, context={"first_token_s": first}, start_time=start)  # fmt: skip
