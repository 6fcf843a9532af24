"""`config-aientities.json`: which model stands on which host and port, as a bot's configuration says it.

Three forms, also mixed: `aiEntities` with a server each, the same without names, and the older list
`lmStudioServers` with `enabled`. Keys that are not known here are left alone.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from analysis.errors import ScenarioError
from analysis.files.csv_rows import MOST_JSON_BYTES, bytes_of

ENTITIES: Final = "aiEntities"
SERVERS: Final = "lmStudioServers"
SERVER: Final = "lmStudioServer"
WORKERS: Final = ("queueSettings", "maxConcurrentWorkers")


@dataclass(frozen=True, slots=True)
class Entity:
    """One model on one server, under the name it has as a target. `base_url` None: no server is named."""

    name: str
    model: str | None
    base_url: str | None
    index: int | None  # in `aiEntities`; None: an entry of `lmStudioServers`


@dataclass(frozen=True, slots=True)
class EntitiesFile:
    """The file as it stands, and what it says."""

    path: Path
    text: str
    entities: tuple[Entity, ...]  # enabled ones only
    workers: int | None


def address(host: str, port: int) -> str:
    """`http://host:port`; an IPv6 address in brackets."""
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def host_and_port(base_url: str) -> tuple[str, int]:
    """What an entity's server holds of a base URL."""
    parts = urlsplit(base_url)
    return parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)


def read_entities(path: Path) -> EntitiesFile:
    """What the file says, nothing asked of any server. Raises ScenarioError: file, key, what to do."""
    try:
        text = bytes_of(path, MOST_JSON_BYTES).decode("utf-8")
        data = json.loads(text.removeprefix("\ufeff"))
    except OSError as error:
        raise ScenarioError(f"{path}: {error.strerror}; give a config-aientities.json") from None
    except (ValueError, RecursionError) as error:
        raise ScenarioError(f"{path}: not JSON: {error}; correct it there") from None
    if not isinstance(data, dict) or not (ENTITIES in data or SERVERS in data):
        raise ScenarioError(
            f"{path}: neither {ENTITIES} nor {SERVERS} in it; is it a config-aientities.json?"
        )
    servers = _servers(path, data)
    entities = _entities(path, data, servers) if data.get(ENTITIES, []) != [] else servers
    if not entities:
        raise ScenarioError(f"{path}: every entry is disabled, or there is none; enable one")
    return EntitiesFile(path, text, tuple(entities), _workers(path, data))


def _servers(path: Path, data: dict[str, Any]) -> list[Entity]:
    found = []
    for i, server in enumerate(_list(path, data, SERVERS)):
        where = f"{path}: {SERVERS}[{i}]"
        if _enabled(where, server):
            url = server.get("baseUrl")
            if not isinstance(url, str) or not url.strip():
                raise ScenarioError(f"{where}.baseUrl: is missing; write http://HOST:PORT")
            name = _name(_text(where, server, "name"), f"server {i + 1}")
            found.append(Entity(name, None, url, None))
    return found


def _entities(path: Path, data: dict[str, Any], servers: list[Entity]) -> list[Entity]:
    """Entities without a server of their own are dealt over the enabled ones of the older list."""
    found: list[Entity] = []
    for i, entity in enumerate(_list(path, data, ENTITIES)):
        where = f"{path}: {ENTITIES}[{i}]"
        if not _enabled(where, entity):
            continue
        own = _own_server(where, entity)
        if own is None and servers:
            own = servers[len(found) % len(servers)].base_url
        name = _name(_text(where, entity, "name"), _text(where, entity, "id"), f"entity {i + 1}")
        found.append(Entity(name, _text(where, entity, "modelName"), own, i))
    return found


def _enabled(where: str, entry: dict[str, Any]) -> bool:
    value = entry.get("enabled", True)
    if not isinstance(value, bool):
        raise ScenarioError(f"{where}.enabled: must be true or false, without quotes")
    return value


def _own_server(where: str, entity: dict[str, Any]) -> str | None:
    server = entity.get(SERVER)
    if server is None:
        return None
    if not isinstance(server, dict):
        raise ScenarioError(f'{where}.{SERVER}: must be {{"host": …, "port": …}}')
    host, port = server.get("host"), server.get("port")
    if not isinstance(host, str) or not host.strip() or "/" in host:
        raise ScenarioError(f"{where}.{SERVER}.host: must be a name or an address, without http:// and port")
    if not isinstance(port, int) or isinstance(port, bool) or not 0 < port < 65536:
        raise ScenarioError(f"{where}.{SERVER}.port: must be a number from 1 to 65535")
    return address(host.strip(), port)


def _workers(path: Path, data: dict[str, Any]) -> int | None:
    settings = data.get(WORKERS[0])
    if settings is None:
        return None
    if not isinstance(settings, dict):
        raise ScenarioError(f"{path}: {WORKERS[0]}: must be a mapping; correct it there")
    workers = settings.get(WORKERS[1])
    if workers is not None and (not isinstance(workers, int) or isinstance(workers, bool) or workers < 1):
        raise ScenarioError(f"{path}: {'.'.join(WORKERS)}: must be a whole number of at least 1")
    return workers


def _list(path: Path, data: dict[str, Any], key: str) -> list[dict[str, Any]]:
    entries = data.get(key, [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise ScenarioError(f"{path}: {key}: must be a list of mappings; correct it there")
    return entries


def _text(where: str, entry: dict[str, Any], key: str) -> str | None:
    value = entry.get(key)
    if value is not None and not isinstance(value, str):
        raise ScenarioError(f"{where}.{key}: must be text; put it in quotes")
    return (value or "").strip() or None


def _name(*candidates: str | None) -> str:
    """The first that is there, as a target may be called."""
    return next(c for c in candidates if c).replace("/", "-")
