"""Users that stream and are reported before they read: Locust's time is that of the head alone."""

from locust import FastHttpUser, HttpUser, task

BODY = {"messages": [{"role": "user", "content": "one two three"}], "max_tokens": 11, "stream": True}


class Unread(HttpUser):
    fixed_count = 1

    @task
    def chat(self) -> None:
        for _ in self.client.post("/v1/chat/completions", json=BODY, stream=True, name="late").iter_lines():
            pass

    @task
    def within(self) -> None:
        path = "/v1/chat/completions"
        with self.client.post(path, json=BODY, stream=True, catch_response=True, name="whole") as answer:
            for _ in answer.iter_lines():
                pass


class FastUnread(FastHttpUser):
    fixed_count = 1

    @task
    def chat(self) -> None:
        answer = self.client.post("/v1/chat/completions", json=BODY, stream=True, name="fast late")
        for _ in answer.iter_content(100):
            pass
