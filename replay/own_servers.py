"""The servers that a scenario starts itself, as child processes `python -m servers …`."""

import json
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

from gevent.subprocess import PIPE

from analysis.errors import ScenarioError, TargetError
from analysis.files.run import file_of
from replay.children import Child
from replay.output import log
from replay.scenario.schema import OwnServer, Scenario


class OwnServers:
    """The children that serve until `stop`; none for a scenario without `servers`."""

    def __init__(self) -> None:
        self._children: list[Child] = []

    def start(
        self,
        servers: Sequence[OwnServer],
        time_scale: float = 1,
        prefix: Path | None = None,
        embeddings: bool = False,
    ) -> list[str]:
        """Base URLs in the order of `servers`, a farm's ports one by one, once all answer.

        `time_scale` is for farms; `embeddings`: llama.cpp makes vectors. A command leaves its log at
        `prefix`, if there is one. Raises TargetError if a child fails.
        """
        commands = _commands(servers, time_scale, prefix, embeddings)
        with log.named_wait("the scenario's servers to start"):
            return [url for command in commands for url in self._start(command)]

    def _start(self, command: list[str]) -> list[str]:
        child = Child("servers", *command, "--until-stdin-closes", stdout=PIPE)
        self._children.append(child)
        urls: list[str] = []
        for line in child.lines():
            message = json.loads(line)
            if message.get("ready"):
                child.warn_if_it_dies("servers of the scenario", "their requests fail from now on")
                return urls
            urls.append(message["base_url"])
        raise TargetError(
            f"servers of the scenario: `python -m servers {command[0]}` ended with code {child.wait()}; "
            "the reason is above"
        )

    def stop(self, within_s: float) -> None:
        """Ends all children, and kills those that take longer. Called twice is fine."""
        for child in self._children:
            child.ask_to_end(terminate=True)  # one that still loads its model does not look at its stdin
        for child in self._children:
            child.end(within_s)
        self._children = []


def _commands(
    servers: Sequence[OwnServer], time_scale: float, prefix: Path | None = None, embeddings: bool = False
) -> Iterator[list[str]]:
    """The arguments of each child: neighbours of one kind share a child, a farm has its own."""
    key = [(s.kind, i if s.farm else None) for i, s in enumerate(servers)]
    for (kind, _), group in groupby(range(len(servers)), key=lambda i: key[i]):
        places = list(group)
        here = [servers[i] for i in places]
        match kind:
            case "llamacpp":
                yield _llamacpp(here) + ["--embeddings"] * embeddings
            case "command":
                yield ["command", *(word for i in places for word in _command(servers[i], i, prefix))]
            case _:
                yield _simulate(here, time_scale)


def _command(server: OwnServer, place: int, prefix: Path | None) -> list[str]:
    """Its command runs where portlap was started, as if it were typed there."""
    kept = None if prefix is None else str(file_of(prefix, f"server_{place}.log").absolute())
    spec = {
        "command": server.command,
        "port": server.port,
        "slots": server.slots,
        "threads": server.threads,
        "model": server.model,
        "within_s": server.ready_within_s,
        "log": kept,
        "folder": str(Path.cwd()),
    }
    return ["--server", json.dumps({key: value for key, value in spec.items() if value is not None})]


def _llamacpp(servers: Sequence[OwnServer]) -> list[str]:
    command = ["llamacpp"]
    for s in servers:
        command += ["--port", str(s.port), "--slots", str(s.slots), "--threads", str(s.threads)]
        command += ["--model", str(Path(s.model).absolute()) if s.model else "embedded"]
    return [*command, "--oversubscribe"] if any(s.oversubscribe for s in servers) else command


def _simulate(servers: Sequence[OwnServer], time_scale: float) -> list[str]:
    """A farm's file, or the farm itself: neighbours of one policy are ports of one machine."""
    if farm := servers[0].farm:
        source = farm if isinstance(farm, str) else json.dumps(farm)
        command = ["simulate", "--farm", source]  # the file may have a time scale of its own
        return command if time_scale == 1 else [*command, "--time-scale", str(time_scale)]
    machines = []
    for policy, group in groupby(servers, key=lambda s: s.policy or "serial"):
        ports = []
        for s in group:
            port = {"port": s.port, "ttft_s": s.ttft_s, "tpot_s": s.tpot_s, "speed": s.speed}
            port["slots"] = s.slots if policy == "slots" else None
            ports.append({key: value for key, value in port.items() if value is not None})
        machines.append({"policy": policy, "ports": ports})
    return ["simulate", "--farm", json.dumps({"machines": machines})]


def with_urls(scenario: Scenario, urls: Sequence[str]) -> Scenario:
    """The scenario with the addresses of its own servers filled in. Raises ScenarioError."""
    for i, target in enumerate(scenario.targets):  # a farm's file shows only now how many servers it has
        if target.server is not None and target.server >= len(urls):
            raise ScenarioError(
                f"targets[{i}].server: there is no server {target.server}; the scenario has {len(urls)}, "
                "counted from 0, each port of a farm is one"
            )
    targets = tuple(
        t if t.server is None else t.model_copy(update={"base_url": urls[t.server], "server": None})
        for t in scenario.targets
    )
    return scenario.model_copy(update={"targets": targets})
