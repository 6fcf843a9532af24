"""What the plan hears of requests beside their rows: that tokens have come, their text and its arrivals."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import TypeAdapter

from replay.client.request import Request


@dataclass(frozen=True, slots=True)
class Heard:
    """Of a request with `keep`; instants on the run's clock. Empty of a request that was lost."""

    text: str = ""
    arrivals_s: tuple[float, ...] = ()


HEARD = TypeAdapter(Heard)


@dataclass
class Ear:
    """State: what was heard in this run and has not been taken."""

    told: set[int] = field(default_factory=set)  # requests whose tokens have come that they were to tell at
    heard: dict[int, Heard] = field(default_factory=dict)

    def row_came(self, request: Request, data: Mapping[str, Any]) -> None:
        """Keeps what came with the row. Raises ValueError where it is no such thing."""
        if request.keep:
            found = HEARD.validate_python(data["heard"])
            arrivals_s = tuple(at_s - request.origin_s for at_s in found.arrivals_s)
            self.heard[request.request_id] = Heard(found.text, arrivals_s)

    def take(self, request: Request) -> Heard:
        self.told.discard(request.request_id)
        return self.heard.pop(request.request_id, Heard())
