"""What portlap adds to Locust's own page: a tab *Verdict*, rows in *Statistics*, links, a longer last look.

Locust's page asks for statistics every 2 s and for its log every 5 s, and stops as soon as the run stops.
So the run counts as running there until the page has had the time to read the verdict.
"""

import json
import time
from collections.abc import Iterable, Mapping
from typing import Any

from flask import Flask, Response, request

from replay.lifecycle import RunLifecycle
from replay.plan.live import PER_TOKEN, LiveRun
from replay.web.overlap.pages import LATEST

TAB = "verdict"
READ_S = 7.0  # after the verdict: the page reads its log every 5 s
ACTIVE = ("spawning", "running")
PATH = "/stats/requests"


def extend(web_ui: Any, lifecycle: RunLifecycle, base_path: str) -> None:
    """Adds the tab, the rows and the links."""
    files = f"./overlap/files/{LATEST}"
    web_ui.template_args |= {
        "extended_tabs": [{"title": "Verdict", "key": TAB}],
        "extended_tables": [
            {"key": TAB, "structure": [{"key": "what", "title": "What"}, {"key": "words", "title": "Found"}]}
        ],
        "extended_csv_files": [
            {"href": "./overlap", "title": "portlap: the Overlap page, live"},
            {"href": f"{files}/report.html", "title": "portlap: report of the last run"},
            {"href": f"{files}/requests.csv", "title": "portlap: requests of the last run, a row each"},
        ],
    }
    app: Flask = web_ui.app

    @app.after_request
    def extended(reply: Response) -> Response:
        if request.path != f"{base_path}{PATH}" or reply.status_code != 200:
            return reply
        found = json.loads(reply.get_data())
        live = lifecycle.live()
        found["stats"][-1:-1] = list(_rows(live))
        found["extended_stats"] = [{"key": TAB, "data": live.verdict_rows(lifecycle.refused)}]
        if found["state"] not in ACTIVE and _is_news(lifecycle):
            found["state"] = "running"
        # careful: Locust keeps its reply for 2 s, so it must stay as it is
        return Response(json.dumps(found), mimetype="application/json")


def _is_news(lifecycle: RunLifecycle) -> bool:
    """Whether the page may not have read the end of the last run."""
    if lifecycle.is_running() or lifecycle.shutdown.is_closing:
        return True
    closed_s = lifecycle.shutdown.closed_s
    return closed_s is not None and time.monotonic() - closed_s < READ_S


def _rows(live: LiveRun) -> Iterable[Mapping[str, Any]]:
    """Time to first token and time per token, in Locust's columns, which are milliseconds."""
    for entry in live.statistics.entries.values() if live.statistics is not None else ():
        pace = f": {1e3 / entry.avg_response_time:.1f} tokens/s" if PER_TOKEN in entry.method else ""
        row = entry.to_dict()
        yield row | {"name": f"{row['name']}{pace}"}
