"""The LLM servers that run on this host: asked over loopback, GET only; and a scenario that measures them.

Nothing is started or changed here. A server that loads on demand is measured with its one installed model; of
several somebody chooses, for what is not named is never loaded.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Final

import yaml

from analysis.errors import ScenarioError, TargetError
from analysis.escapes import visible
from replay.checks.check import MODELS
from replay.checks.http_get import HttpGet
from replay.checks.local_ports import Listener, ancestors, listeners, program
from replay.client.server_words import one_line
from replay.output import log
from replay.scenario.limits import NAME_CHARS
from replay.server_kinds import GetReply, Server, identify
from replay.server_kinds.kind import LOADING, REFUSED, refused

AUTO: Final = "auto"
AT_ONCE: Final = 16
MOST_TARGETS: Final = 8
ROUNDS: Final = {"min": 3, "max": 5}  # a look after three rounds: a first verdict within a minute


@dataclass(frozen=True, slots=True)
class Found:
    """One LLM server; `models` are those in memory, or all that it lists where it does not show which are."""

    base_url: str
    kind: str
    models: tuple[str, ...]
    slots: int | None
    program: str | None
    pid: int | None
    remark: str = ""  # why it cannot be measured as it stands
    choices: tuple[str, ...] = ()  # its models, where somebody has to name one
    note: str = ""  # what to know, though it can be measured


def find(ports: Sequence[int] = ()) -> list[Found]:
    """The LLM servers on these ports, or on all that listen here, lowest port first.

    Left out: what another found server started itself, as Ollama does with a llama-server per model.
    """
    known = listeners()
    asked = [c for c in known if c.port in ports] if ports else known
    asked += [Listener(port) for port in ports if port not in {c.port for c in known}]
    with log.named_wait(f"what answers on {len(asked)} ports"), ThreadPoolExecutor(AT_ONCE) as pool:
        found = [server for server in pool.map(_ask, asked) if server is not None]
    serving = {f.pid for f in found if f.pid is not None}
    return [f for f in found if not ancestors(f.pid) & serving]


def scenario_of(found: Sequence[Found]) -> dict[str, Any]:
    """A scenario of what can be measured, as written in YAML. Raises ScenarioError if there is nothing."""
    ready = [(f, model) for f in found if not f.remark for model in f.models][:MOST_TARGETS]
    if not ready:
        reasons = "; ".join(f"{f.base_url}: {f.remark}" for f in found) or "none answers on loopback"
        raise ScenarioError(
            f"no LLM server to measure on this host: {reasons}; start one, or give --target URL"
        )
    crowded = {f.base_url for f, _ in ready if sum(g.base_url == f.base_url for g, _ in ready) > 1}
    targets = [
        {"name": _name(f, model if f.base_url in crowded else None), "base_url": f.base_url, "model": model}
        for f, model in ready
    ]
    return {"name": AUTO, "targets": targets, "phases": _phases([str(t["name"]) for t in targets])}


def as_yaml(scenario: dict[str, Any]) -> str:
    """The scenario as a file that says what it asks and how to run it."""
    return (
        "# Do the LLM servers on this host work in parallel? Written by `python -m servers find --yaml`.\n"
        "# Predicted: each port works by itself: ports-parallel; one port does as well: one-port-suffices;\n"
        "# one lock: serial; one chip in turns: shared-compute.\n"
    ) + yaml.safe_dump(scenario, sort_keys=False, allow_unicode=True, default_flow_style=None, width=110)


def ports_of(text: str) -> tuple[int, ...] | None:
    """The ports of `auto:1234,1235`, () for `auto`; None if it is a file. Raises ScenarioError."""
    word, colon, numbers = text.partition(":")
    if word != AUTO:
        return None
    parts = numbers.split(",") if colon else []
    if not all(p.isascii() and p.isdigit() and 0 < int(p) < 65536 for p in parts):
        raise ScenarioError(f"--scenario {text}: write {AUTO}, or {AUTO}:1234,1235 for these ports only")
    return tuple(int(p) for p in parts)


def _ask(listener: Listener) -> Found | None:
    """What answers on this port; None if it is no LLM server."""
    url = f"http://{listener.host}:{listener.port}"
    owner = (program(listener.pid), listener.pid)
    try:
        with closing(HttpGet(url)) as http:
            identified = identify(http.get)
            first = http.get(MODELS)
    except TargetError:
        return None  # nothing answers there, or not in HTTP
    kind, server = identified or (None, Server(()))
    models = server.models
    if why := server.unusable or ("" if models else _not_now(first)):
        return Found(url, kind.name if kind else "?", (), None, *owner, why)
    if kind is None:
        return None
    loaded = [m for m in models if m.loaded is not False]
    names = tuple(dict.fromkeys(m.id for m in models))
    remark = note = ""
    if not loaded and len(names) == 1:
        loaded, note = [models[0]], f"no model is in memory; the first answer loads {one_line(names[0])}"
    elif not loaded:
        remark = "it has no model loaded: name one of those that it lists"
    elif len(loaded) > 1 and all(m.loaded is None for m in loaded):
        remark = "it does not say which of its models is loaded: name one"
    slots = {m.slots for m in loaded}
    return Found(
        base_url=url,
        kind=kind.name,
        models=tuple(m.id for m in loaded),
        slots=slots.pop() if len(slots) == 1 else None,
        program=owner[0],
        pid=owner[1],
        remark=remark,
        choices=names if remark else (),
        note=note,
    )


def _not_now(first: GetReply) -> str:
    """Why a server with this reply to GET /v1/models lists no model; empty if that shows no reason."""
    if first.loads:
        return LOADING
    return refused(first) if first.status in (*REFUSED, 503) else ""


def _name(found: Found, model: str | None) -> str:
    port = found.base_url.rpartition(":")[2]
    if model is None:
        return f"Port {port}"
    return f"Port {port} {visible(model).replace('/', '-')}"[:NAME_CHARS].strip()


def _phases(names: list[str]) -> list[dict[str, Any]]:
    """One user per target first, then the control on one port: together they answer; larger ones refine."""
    phases: list[dict[str, Any]] = [{"name": "ports", "users": max(len(names), 2), "rounds": dict(ROUNDS)}]
    if len(names) > 1:
        phases.append({"name": "control", "users": 2, "rounds": dict(ROUNDS), "targets": names[:1]})
    phases += [{"name": f"users{n}", "users": n, "rounds": dict(ROUNDS)} for n in (4, 8) if n > len(names)]
    return phases
