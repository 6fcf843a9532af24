"""Servers that a command starts, one after the other: two that load at once would fight for memory."""

import json
import os
import shlex
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from analysis.errors import ScenarioError
from servers import children
from servers.children import Launch
from servers.command.guard import ENDS_S
from servers.ports import free_ports
from servers.ready import asked_to_stop, tell

HOST = "127.0.0.1"
PLACEHOLDERS = ("port", "slots", "threads", "model")
EXAMPLE = '{"command": "llama-server -m X.gguf --port {port} -np {slots}", "slots": 4}'


@dataclass(frozen=True, slots=True)
class CommandSpec:
    """One server as it was asked for."""

    command: str
    port: int = 0
    slots: int | None = None
    threads: int | None = None
    model: str | None = None
    within_s: float = 600.0  # to be ready
    log: str | None = None  # a file that its output is added to; None: shown only if it fails
    folder: str = "."  # where the command runs


def spec_of(text: str) -> CommandSpec:
    """The spec in a JSON object. Raises ScenarioError."""
    try:
        return CommandSpec(**json.loads(text))
    except (ValueError, TypeError):
        keys = ", ".join(field.name for field in fields(CommandSpec))
        raise ScenarioError(f"--server {text}: write a JSON object with {keys}, as in {EXAMPLE}") from None


def plan(specs: Sequence[CommandSpec]) -> list[Launch]:
    """How each is started, all checked. Raises ScenarioError: the command, what is wrong and what to do."""
    parts = [_words(spec) for spec in specs]  # first: a port may be free in vain
    ports = free_ports(HOST, [spec.port for spec in specs])
    return [
        _launch(spec, environment, words, port)
        for spec, (environment, words), port in zip(specs, parts, ports, strict=True)
    ]


def serve(launches: Sequence[Launch], until_stdin_closes: bool) -> int:
    """Runs the servers until it is asked to stop; the exit code: 0 asked to, 1 a server failed."""
    stop = asked_to_stop(until_stdin_closes)
    for launch in launches:
        log = f"; its log: {launch.log}" if launch.log else ""
        tell(f"starting {launch.name}: port {launch.port}{log}")
    return children.serve([[launch] for launch in launches], stop, 2 * ENDS_S)


def _words(spec: CommandSpec) -> tuple[dict[str, str], list[str]]:
    """(the variables before the program, the program and its arguments). Raises ScenarioError."""
    try:
        words = shlex.split(spec.command)
    except ValueError as error:
        raise ScenarioError(f"command {spec.command!r}: {error}; close the quotes") from None
    environment: dict[str, str] = {}
    while words and words[0].partition("=")[0].isidentifier() and "=" in words[0]:
        name, _, value = words.pop(0).partition("=")
        environment[name] = value
    if not words:
        raise ScenarioError(f"command {spec.command!r}: there is no program in it; write it as in {EXAMPLE}")
    if not spec.port and "{port}" not in spec.command:
        raise ScenarioError(f"command {spec.command!r}: write {{port}} in it, or give the port it listens at")
    for name in PLACEHOLDERS[1:]:
        if f"{{{name}}}" in spec.command and getattr(spec, name) is None:
            raise ScenarioError(f"command {spec.command!r}: {{{name}}} has no value; give {name}")
    path = str(Path(spec.folder, words[0])) if os.sep in words[0] else words[0]
    if shutil.which(path, path=environment.get("PATH")) is None:
        raise ScenarioError(
            f"command {spec.command!r}: {words[0]} is not found, or not a program; "
            "install it, or give its path"
        )
    return environment, words


def _launch(spec: CommandSpec, environment: Mapping[str, str], words: Sequence[str], port: int) -> Launch:
    values: dict[str, Any] = {name: getattr(spec, name) for name in PLACEHOLDERS} | {"port": port}
    guarded = {
        "folder": spec.folder,
        "environment": {name: _filled(value, values) for name, value in environment.items()},
        "words": [_filled(word, values) for word in words],
    }
    shown = {name: value for name, value in values.items() if value is not None and name != "port"}
    return Launch(
        name=f"the server of {Path(words[0]).name}",
        host=HOST,
        port=port,
        module=("servers.command.guard", json.dumps(guarded)),
        path="/v1/models",  # not /health: LiteLLM asks its models for an answer there
        within_s=spec.within_s,
        description={"kind": "command", **shown},
        log=Path(spec.log) if spec.log else None,
    )


def _filled(word: str, values: Mapping[str, Any]) -> str:
    """Only our own names in braces: JSON in an argument stays as it is."""
    for name, value in values.items():
        word = word.replace(f"{{{name}}}", str(value))
    return word
