"""The servers that a scenario names itself, run as the child `python -m servers …`."""

import json
import subprocess
import sys
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

from analysis.errors import TargetError
from replay.scenario import Scenario, Server

CHECKOUT = Path(__file__).resolve().parent.parent
STOP_PATIENCE_S = 10.0


class Engines:
    """Children that serve until `stop`, or until this process is gone: they hold our pipe as stdin."""

    def __init__(self) -> None:
        self._children: list[subprocess.Popen[str]] = []

    def start(self, servers: Sequence[Server]) -> list[str]:
        """Base URLs in the order of `servers`, once all answer. Raises TargetError if a child fails."""
        urls: list[str] = []
        for kind, group in groupby(servers, key=lambda s: s.kind):
            urls += self._start(_command(kind, list(group)))
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


def _command(kind: str, servers: list[Server]) -> list[str]:
    """The arguments of `python -m servers` for neighbouring servers of one kind."""
    if kind == "llamacpp":
        command = ["llamacpp"]
        for s in servers:
            command += ["--port", str(s.port), "--slots", str(s.slots), "--threads", str(s.threads)]
            command += ["--model", str(Path(s.model).absolute()) if s.model else "embedded"]
        return command + ["--oversubscribe"] * any(s.oversubscribe for s in servers)
    command = ["simulate"]
    first = servers[0]
    for s in servers:
        command += ["--port", str(s.port), "--speed", str(s.speed or 1.0)]
    command += ["--policy", first.policy or "serial", "--slots", str(first.slots)]
    if first.ttft_s is not None:
        command += ["--ttft-s", str(first.ttft_s)]
    if first.tpot_s is not None:
        command += ["--tpot-s", str(first.tpot_s)]
    return command


def with_urls(scenario: Scenario, urls: Sequence[str]) -> Scenario:
    """The scenario with the addresses of its own servers filled in."""
    targets = tuple(
        t if t.server is None else t.model_copy(update={"base_url": urls[t.server], "server": None})
        for t in scenario.targets
    )
    return scenario.model_copy(update={"targets": targets})
