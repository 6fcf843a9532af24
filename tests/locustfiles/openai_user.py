"""Locust's own OpenAI user, as its documentation shows it; OPENAI_BASE_URL says where the server is."""

from locust import constant, task
from locust.contrib.oai import OpenAIUser


class Asker(OpenAIUser):
    wait_time = constant(0)

    @task
    def chat(self) -> None:
        self.client.chat.completions.create(
            model="simulated", messages=[{"role": "user", "content": "one two three"}], max_tokens=11
        )
