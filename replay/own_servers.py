"""The servers that a scenario names itself, run as the child `python -m servers …`."""

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

from analysis.errors import ScenarioError, TargetError
from replay.scenario.load import Scenario, Server

CHECKOUT = Path(__file__).resolve().parent.parent
STOP_PATIENCE_S = 10.0


class Engines:
    """Children that serve until `stop`, or until this process is gone: they hold our pipe as stdin."""

    def __init__(self) -> None:
        self._children: list[subprocess.Popen[str]] = []

    def start(self, servers: Sequence[Server], time_scale: float = 1) -> list[str]:
        """Base URLs in the order of `servers`, a farm's ports one by one, once all answer.

        `time_scale` is for the farms. Raises TargetError if a child fails.
        """
        urls: list[str] = []
        for command in _commands(servers, time_scale):
            urls += self._start(command)
        return urls

    def _start(self, command: list[str]) -> list[str]:
        child = subprocess.Popen(
            [sys.executable, "-m", "servers", *command, "--until-stdin-closes"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=CHECKOUT,
            start_new_session=True,  # Ctrl-C is for us: rows of open requests come first
        )
        self._children.append(child)
        urls: list[str] = []
        for line in child.stdout or ():
            told = json.loads(line)
            if told.get("ready"):
                return urls
            urls.append(told["base_url"])
        self.stop()
        raise TargetError(
            f"servers of the scenario: `python -m servers {command[0]}` ended with code {child.wait()}; "
            "its reason stands above"
        )

    def stop(self) -> None:
        """Ends all children. Called twice is fine."""
        for child in self._children:
            if child.stdin:
                child.stdin.close()
            child.terminate()
        for child in self._children:
            try:
                child.wait(STOP_PATIENCE_S)
            except subprocess.TimeoutExpired:
                child.kill()
        self._children = []


def _commands(servers: Sequence[Server], time_scale: float) -> Iterator[list[str]]:
    """The arguments of each child: neighbours of one kind share one, a farm's file is one of its own."""
    key = [(s.kind, i if s.farm else None) for i, s in enumerate(servers)]
    for (kind, _), places in groupby(range(len(servers)), key=lambda i: key[i]):
        group = [servers[i] for i in places]
        yield _llamacpp(group) if kind == "llamacpp" else _simulate(group, time_scale)


def _llamacpp(servers: Sequence[Server]) -> list[str]:
    command = ["llamacpp"]
    for s in servers:
        command += ["--port", str(s.port), "--slots", str(s.slots), "--threads", str(s.threads)]
        command += ["--model", str(Path(s.model).absolute()) if s.model else "embedded"]
    return command + ["--oversubscribe"] * any(s.oversubscribe for s in servers)


def _simulate(servers: Sequence[Server], time_scale: float) -> list[str]:
    """A farm's file, or the farm itself: neighbours of one policy are ports of one machine."""
    if farm := servers[0].farm:
        source = farm if isinstance(farm, str) else json.dumps(farm)
        return ["simulate", "--farm", source, *(["--time-scale", str(time_scale)] if time_scale != 1 else [])]
    machines = []
    for policy, group in groupby(servers, key=lambda s: s.policy or "serial"):
        ports = []
        for s in group:
            given = {"port": s.port, "ttft_s": s.ttft_s, "tpot_s": s.tpot_s, "speed": s.speed}
            given["slots"] = s.slots if policy == "slots" else None
            ports.append({key: value for key, value in given.items() if value is not None})
        machines.append({"policy": policy, "ports": ports})
    return ["simulate", "--farm", json.dumps({"machines": machines})]


def with_urls(scenario: Scenario, urls: Sequence[str]) -> Scenario:
    """The scenario with the addresses of its own servers filled in. Raises ScenarioError."""
    for i, target in enumerate(scenario.targets):  # of a farm's file, only now it is known how many it has
        if target.server is not None and target.server >= len(urls):
            raise ScenarioError(
                f"targets[{i}].server: no server {target.server}: those of the scenario are {len(urls)}, "
                "counted from 0, each port of a farm as one; correct it"
            )
    targets = tuple(
        t if t.server is None else t.model_copy(update={"base_url": urls[t.server], "server": None})
        for t in scenario.targets
    )
    return scenario.model_copy(update={"targets": targets})
