"""A locustfile that only counts the greenlets, every few seconds, into the file `SOAK_GREENLETS`.

careful: gc.get_objects knows nothing of what gc.freeze has set aside, so those of the start do not count.
"""

from locust import events

import gc
import os
from pathlib import Path
from typing import Any

import gevent

EVERY_S = 5.0


@events.init.add_listener
def count_greenlets(environment: Any, **_: Any) -> None:
    path = Path(os.environ["SOAK_GREENLETS"])

    def count() -> None:
        while True:
            number = sum(isinstance(o, gevent.Greenlet) and not o.dead for o in gc.get_objects())
            with path.open("a", encoding="utf-8") as file:
                file.write(f"{number}\n")
            gevent.sleep(EVERY_S)

    gevent.spawn(count)
