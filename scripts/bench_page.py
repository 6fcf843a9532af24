"""What the page Overlap costs the process that measures, while a browser looks at it once a second.

`make bench` runs it. So many requests are open, half of them with tokens; each look is a whole HTTP exchange
in this process, so that the browser's side of it is counted too: the true cost is less.
"""

import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

CHECKOUT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(CHECKOUT))

from flask import Flask  # noqa: E402

from analysis.files.request_record import BURST  # noqa: E402
from replay.client.content import first_text_s  # noqa: E402
from replay.client.reply import Arrival, Reply  # noqa: E402
from replay.client.request import Request  # noqa: E402
from replay.plan.live import LiveRun  # noqa: E402
from replay.server_kinds import READERS  # noqa: E402
from replay.web.overlap.pages import add_overlap_page  # noqa: E402

LOOKS = 300
ROLE = b'data: {"choices":[{"delta":{"role":"assistant"}}]}\n\n'
TOKEN = b'data: {"choices":[{"delta":{"content":"word "}}]}\n\n'
FEW, FEW_GOAL = 8, 0.02  # users, and the share of a core that a look a second may take
MANY, MORE_GOAL = 64, 0.01  # and how much more this many may take


def main() -> None:
    few, many = share(FEW), share(MANY)
    print(f"Overlap page, {FEW} users: {few:.2%} of one core (limit: {FEW_GOAL:.0%})")
    print(f"Overlap page, {MANY} users: {many - few:.2%} of one core more (limit: {MORE_GOAL:.0%})")


def share(users: int) -> float:
    """Of one core, at a look a second."""
    now_s = time.monotonic()
    replies = [Reply(send_s=now_s, pieces=[(Arrival(now_s, None), ROLE)]) for _ in range(users)]
    for reply in replies[: users // 2]:
        reply.pieces += [(Arrival(now_s + i / 10, None), TOKEN) for i in range(100)]
    live = LiveRun("bench", "phases")
    live.lanes.first_token_s = lambda number: first_text_s(replies[number], READERS["openai"])
    ports = [f"http://127.0.0.1:{1234 + i % 2}" for i in range(users)]
    requests = [
        Request(url, {}, 9.0, request_id=i, phase="phase3", round=0, kind=BURST, target=url, user=i)
        for i, url in enumerate(ports)
    ]
    live.sent(requests, now_s)
    app = Flask("bench")
    web_ui: Any = SimpleNamespace(app=app, auth_required_if_enabled=lambda view: view)
    state: Any = SimpleNamespace(live=live, recorder=SimpleNamespace(prefix=Path("none")))
    add_overlap_page(web_ui, lambda: [state], "")
    client = app.test_client()
    assert client.get("/overlap/data").text.count('"segments"') == users
    began_s = time.process_time()
    for _ in range(LOOKS):
        client.get("/overlap/data")
    return (time.process_time() - began_s) / LOOKS


if __name__ == "__main__":
    main()
