"""Put this file beside any locustfile: it writes PREFIX_requests.csv, a row for each request.

    locust -f locustfile.py,request_log.py --headless --csv PREFIX -u 4 -r 0.1 -t 2m
    python -m analysis report PREFIX          # in a checkout of portlap

It needs nothing but Locust, and changes nothing: it listens to the event `request`. Web UI, --processes and
workers are fine (on one machine: the instants are its clock's, in seconds since 1970). The file of a run
with the same --csv is replaced, as Locust replaces its own. The columns: docs/ANY_LOCUSTFILE.md.

A request's first token is known where its context holds `first_token_s` (time.time() when it came) or
`ttft_s` (seconds since the request was sent).
"""

from locust import events
from locust.runners import WorkerRunner

import csv
import itertools
import time
from pathlib import Path

import gevent

COLUMNS = ("worker", "request_id", "user", "users", "type", "name", "send_s", "first_token_s", "end_s",
           "unread", "length", "error")  # fmt: skip
AT_ONCE_MS = 5.0  # a stream that is reported so soon after its head was not read before it was reported


@events.init.add_listener
def log_requests(environment, runner, **_):
    numbers = itertools.count(1)

    def send_row(request_type, name, response_time, response_length, exception=None, context=None, **more):
        now_s, lasted_ms, context = time.time(), response_time or 0.0, context or {}
        send_s = more.get("start_time") or now_s - lasted_ms / 1e3
        first_token_s, ttft_s = context.get("first_token_s"), context.get("ttft_s")
        if first_token_s is None and isinstance(ttft_s, int | float):
            first_token_s = send_s + ttft_s
        if not isinstance(first_token_s, int | float):
            first_token_s = None
        end_s, response = send_s + lasted_ms / 1e3, more.get("response")
        body = getattr(response, "raw", response)  # of an HttpUser; a FastHttpUser has no `raw`
        streamed = body is not None and not response_length  # then Locust's time ends with the head
        is_open = not getattr(body, "closed", getattr(body, "isclosed", lambda: True)())
        unread = streamed and is_open and (now_s - end_s) * 1e3 < AT_ONCE_MS
        instants = (send_s, first_token_s, now_s if streamed else end_s)
        row = [getattr(runner, "worker_index", 0), next(numbers), gevent.getcurrent().minimal_ident]
        row += [environment.runner.user_count, *(" ".join(str(t).split()) for t in (request_type, name))]
        row += [None if s is None else f"{s:.6f}" for s in instants]
        row += [unread, response_length, " ".join(repr(exception).split()) if exception else None]
        runner.send_message("request_row", row)

    environment.events.request.add_listener(send_row)
    if isinstance(runner, WorkerRunner):
        return  # its rows go to the master, each at once
    prefix = environment.parsed_options.csv_prefix or "locust"
    file = Path(f"{prefix}_requests.csv").open("w", newline="", encoding="utf-8", buffering=1)  # noqa: SIM115
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(COLUMNS)
    runner.register_message("request_row", lambda msg, **_: writer.writerow(msg.data))
