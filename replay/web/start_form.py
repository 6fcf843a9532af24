"""What the web UI's start form may change: users, ramp, plan and classes. The rest was settled at the start.

Locust writes every field that is named like an option into the options: files, hosts, scenario.
"""

from locust.util.timespan import parse_timespan

import math
from typing import Any

from flask import Flask, jsonify, request
from werkzeug.datastructures import MultiDict

from replay.lifecycle import RunLifecycle
from replay.options import FREE, PLANS
from replay.output import log
from replay.scenario.limits import BUDGET_S, USERS

RAMP = ("user_count", "spawn_rate", "run_time")
PHASES_RAMP = {"user_count": "1", "spawn_rate": "1"}  # to begin with: each phase starts its own users


def settle(app: Flask, lifecycle: RunLifecycle, base_path: str) -> None:
    """Locust's `/swarm` sees only what a start may change; the form shows why a start is refused."""

    @app.before_request
    def settled() -> Any:
        if request.path != f"{base_path}/swarm" or request.method != "POST":
            return None
        try:
            request.form = _kept(request.form, lifecycle)  # type: ignore[assignment]
        except ValueError as error:
            lifecycle.refused = str(error)
            log.warning(f"not started, nothing changed: {error}")  # Locust's dialog EDIT closes without it
            return jsonify({"success": False, "message": str(error)})
        return None


def _kept(form: MultiDict[str, str], lifecycle: RunLifecycle) -> MultiDict[str, str]:
    """The form for Locust. Raises ValueError with a sentence for the form."""
    busy = lifecycle.busy()
    if busy is not None:
        raise ValueError(busy)
    plan = form.get("plan", lifecycle.environment.parsed_options.plan)
    if plan not in PLANS:
        raise ValueError(f"plan: choose {', '.join(PLANS)}")
    known = {c.__name__ for c in lifecycle.classes.values()}
    picked = [name for name in form.getlist("user_classes") if name in known]
    if not picked and form.getlist("user_classes"):
        raise ValueError("user classes: none of these is in the scenario")
    ramp = {field: form[field] for field in RAMP if field in form}
    users = ramp.get("user_count", "1")
    if not users.isdecimal():
        raise ValueError("number of users: write a whole number")
    if len(users) > len(str(USERS)) or int(users) > USERS:
        raise ValueError(f"number of users: at most {USERS}")  # more would only fill the memory
    if not _is_rate(ramp.get("spawn_rate", "1")):
        raise ValueError("ramp up: write users per second, as 1")
    running = lifecycle.run.plan if lifecycle.run is not None and lifecycle.is_running() else plan
    if plan != running:
        raise ValueError(f"the plan {running} is running; stop it first")
    budget_s = _seconds(ramp.get("run_time", ""))
    lifecycle.next_budget_s = lifecycle.refused = None
    if plan != FREE and not lifecycle.is_running():
        lifecycle.next_budget_s = budget_s
        ramp = PHASES_RAMP
    return MultiDict([*ramp.items(), ("plan", plan), *(("user_classes", name) for name in picked)])


def _is_rate(text: str) -> bool:
    try:
        return 0 < float(text) < math.inf
    except ValueError:
        return False


def _seconds(run_time: str) -> float | None:
    """None if there is none. Raises ValueError with a sentence for the form."""
    try:
        seconds = float(parse_timespan(run_time)) if run_time else None
    except OverflowError:
        seconds = math.inf
    if seconds is not None and not seconds <= BUDGET_S:
        raise ValueError(f"run time: at most {BUDGET_S / 86400:.0f} days")
    return seconds
