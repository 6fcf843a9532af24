r"""Made tests/runs/plain* and full*: an ordinary locustfile that knows nothing of portlap.

.venv/bin/python -m servers simulate --port 8181 --policy serial --ttft-s 0.2 --tpot-s 0.04 --jitter 0.05
locust -f tests/runs/plain_locustfile.py -H http://127.0.0.1:8181 --headless -u 3 -r 0.1 -t 30s \
    --csv tests/runs/plain
NAMES="short long" locust ... --csv tests/runs/full --csv-full-history
"""

from locust import HttpUser, constant, task

import os

NAMES = os.environ.get("NAMES", "chat").split()


class Chatter(HttpUser):
    wait_time = constant(0)

    @task
    def chat(self) -> None:
        for number, name in enumerate(NAMES, start=1):
            body = {"messages": [{"role": "user", "content": name}], "max_tokens": 8 * number}
            self.client.post("/v1/chat/completions", json=body, name=name)
