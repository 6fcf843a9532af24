"""A plain HttpUser that asks for whole answers. WAIT: seconds of `wait_time`; STREAM: reads a stream."""

from locust import HttpUser, constant, task

import os

BODY = {"messages": [{"role": "user", "content": "one two three"}], "max_tokens": 11}


class Chatter(HttpUser):
    wait_time = constant(float(os.environ.get("WAIT", "0")))

    @task
    def chat(self) -> None:
        self.client.post("/v1/chat/completions", json=BODY, name="chat")
