"""One user that sends four requests at once inside a task."""

from locust import HttpUser, constant, task

from gevent.pool import Pool

BODY = {"messages": [{"role": "user", "content": "one two three"}], "max_tokens": 11}


class Pooler(HttpUser):
    wait_time = constant(0)

    @task
    def four(self) -> None:
        pool = Pool(4)
        for _ in range(4):
            pool.spawn(self.client.post, "/v1/chat/completions", json=BODY, name="chat")
        pool.join()
