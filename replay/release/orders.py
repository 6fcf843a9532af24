"""What the conductor tells a user to do: plain values, because they travel between processes."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from replay.client.connection import CHAT_PATH, ChatOrder


@dataclass(frozen=True, slots=True)
class Order:
    """One request for one user, to be sent when the gate of its batch opens."""

    batch: int  # orders of one batch leave one gate
    request_id: int
    worker: int
    user: int
    phase: str
    round: int
    kind: str
    target: str
    base_url: str
    model: str | None
    body: dict[str, Any]
    timeout_s: float
    origin_s: float  # the run's 0 s on this machine's monotonic clock
    api_key_env: str | None = None  # the key itself never travels
    offset_s: float = 0.0  # after the gate's instant
    workers: int | None = None  # requests in flight at most; the others queue here
    path: str = CHAT_PATH
    reader: str = "openai"  # of the answer

    def chat(self, environ: Mapping[str, str] = os.environ) -> ChatOrder:
        key = environ.get(self.api_key_env, "") if self.api_key_env else ""
        headers = (("Authorization", f"Bearer {key}"),) if key else ()
        return ChatOrder(self.base_url, self.body, self.timeout_s, self.path, self.reader, headers)
