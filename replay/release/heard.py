"""What the plan hears of requests beside their rows: that tokens have come, their text and its arrivals."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic import TypeAdapter

from analysis.files.request_record import RequestRecord
from replay.client.request import Request
from replay.client.response import Response
from replay.client.server_words import masked
from replay.recall.text import MOST_TEXT, strange_numbers
from replay.recall.watch import Watch


@dataclass(frozen=True, slots=True)
class Heard:
    """Of a request with `keep`; instants on the run's clock. Empty of a request that was lost."""

    text: str = ""
    arrivals_s: tuple[float, ...] = ()
    thoughts: str = ""  # what a reasoning model wrote before it


HEARD = TypeAdapter(Heard)


def shows_more(request: Request, response: Response) -> bool:
    """Whether the plan hears of the text: it asked for it, or a number there is not the request's own."""
    return request.keep or bool(strange_numbers(f"{response.thoughts} {response.text}", request.body))


def heard_of(request: Request, response: Response) -> Heard:
    """The texts without the key, which no file may hold."""
    keys = [value.split()[-1] for _, value in request.headers if value.split()]
    text, thoughts = (masked(t[:MOST_TEXT], keys) for t in (response.text, response.thoughts))
    return Heard(text, response.arrivals_s if request.keep else (), thoughts)


@dataclass
class Ear:
    """State: what was heard in this run and has not been taken."""

    watch: Watch = field(default_factory=Watch)
    told: set[int] = field(default_factory=set)  # requests whose tokens have come that they were to tell at
    heard: dict[int, Heard] = field(default_factory=dict)

    def sent(self, requests: Sequence[Request]) -> None:
        self.watch.sent(requests)

    def row_came(self, request: Request, row: RequestRecord, data: Mapping[str, Any]) -> RequestRecord:
        """The row with what its answer said; keeps what the plan asked for. Raises ValueError if it is odd.

        `data`: the message; {} of a request that was lost.
        """
        found = HEARD.validate_python(data["heard"]) if data.get("heard") else None
        if request.keep and found is not None:
            arrivals_s = tuple(at_s - request.origin_s for at_s in found.arrivals_s)
            self.heard[request.request_id] = replace(found, arrivals_s=arrivals_s)
        return self.watch.ended(row, found.text if found else None, found.thoughts if found else "")

    def take(self, request: Request) -> Heard:
        self.told.discard(request.request_id)
        return self.heard.pop(request.request_id, Heard())
