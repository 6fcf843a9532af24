"""Health checks before anything is sent: reachable, an LLM server, the model there. GET only."""

import os
import time
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import requests

from analysis.errors import TargetError
from analysis.run import TargetInfo
from replay.dialects import Dialect, identify
from replay.local_process import listening_pid
from replay.scenario import Target

CHECK_TIMEOUT_S = 5.0
LOADING_PATIENCE_S = 120.0  # a llama.cpp server answers 503 while it loads: not ready is not failed


def check_targets(
    targets: Sequence[Target], environ: Mapping[str, str] = os.environ
) -> tuple[list[tuple[TargetInfo, Dialect]], list[str]]:
    """(what answered, one line per target that failed)."""
    found, problems = [], []
    for target in targets:
        try:
            found.append(check(target, environ))
        except TargetError as error:
            problems.append(str(error))
    return found, problems


def check(target: Target, environ: Mapping[str, str] = os.environ) -> tuple[TargetInfo, Dialect]:
    """What the target's server says it is. Raises TargetError: one line with the likely remedy."""
    url = target.base_url or ""
    where = f"target {target.name} ({url})"
    session = requests.Session()
    session.trust_env = False  # a proxy of the environment would stand between us and the server
    key = environ.get(target.api_key_env, "") if target.api_key_env else ""
    if key:
        session.headers["Authorization"] = f"Bearer {key}"
    with session:
        models = _models(session, url, where)
        dialect = identify(lambda path: _json(session, url + path))
    model = _choose(target.model, models, dialect, where)
    info = TargetInfo(
        name=target.name,
        base_url=url,
        model=model,
        kind=dialect.kind,
        slots=dialect.slots,
        pid=listening_pid(url),
        server=dict(dialect.server),
    )
    return info, dialect


def _models(session: requests.Session, url: str, where: str) -> list[str]:
    """The ids of GET /v1/models, waiting while the server says that it is still loading."""
    patience_until = time.monotonic() + LOADING_PATIENCE_S
    while True:
        try:
            reply = session.get(f"{url}/v1/models", timeout=CHECK_TIMEOUT_S)
        except requests.exceptions.SSLError as error:
            raise TargetError(f"{where}: TLS failed ({error}); is it http:// rather than https://?") from None
        except requests.exceptions.Timeout:
            raise TargetError(
                f"{where}: no answer within {CHECK_TIMEOUT_S:.0f} s; a firewall in between, or the host off?"
            ) from None
        except requests.exceptions.ConnectionError as error:
            raise TargetError(f"{where}: {_unreachable(url, error)}") from None
        if reply.status_code != 503 or time.monotonic() > patience_until:
            break
        time.sleep(1.0)
    if reply.status_code in (401, 403):
        raise TargetError(
            f"{where}: HTTP {reply.status_code}, a key is needed; export it, name the variable as api_key_env"
        )
    try:
        data = reply.json()
        return [str(m["id"]) for m in data["data"]]
    except (ValueError, KeyError, TypeError):
        kind = reply.headers.get("Content-Type", "no type").split(";")[0]
        raise TargetError(
            f"{where}: another program answers there, not an LLM server (GET /v1/models: HTTP "
            f"{reply.status_code}, {kind}); check the port"
        ) from None


def _unreachable(url: str, error: Exception) -> str:
    parts = urlsplit(url)
    if "refused" in str(error):
        if parts.hostname in ("127.0.0.1", "localhost", "::1"):
            return "connection refused; no server listens on this port: start it, or mend the port"
        return "connection refused; is the server started, and bound to 0.0.0.0 rather than 127.0.0.1?"
    if "resolve" in str(error) or "Name or service" in str(error) or "nodename" in str(error):
        return f"the host {parts.hostname} is not known; mend the name"
    return "it cannot be connected to; check host and port"


def _json(session: requests.Session, url: str) -> Any:
    """The parsed body of a 200 answer; None for anything else, LM Studio's 200 with `error` included."""
    try:
        reply = session.get(url, timeout=CHECK_TIMEOUT_S)
        body = reply.json() if reply.status_code == 200 else None
    except (requests.RequestException, ValueError):
        return None
    return None if isinstance(body, dict) and "error" in body else body


def _choose(asked: str | None, models: list[str], dialect: Dialect, where: str) -> str:
    """The model to ask for: the one named, or the only one that is loaded."""
    shown = ", ".join(models[:5]) + (f" and {len(models) - 5} more" if len(models) > 5 else "")
    if asked is not None:
        if asked not in models:
            raise TargetError(f"{where}: model {asked!r} is not there; it has {shown or 'none'}")
        return asked
    loaded = dialect.loaded if dialect.loaded is not None else tuple(models)
    if len(loaded) == 1:
        return loaded[0]
    if not loaded:
        raise TargetError(f"{where}: no model is loaded; load one, or name one of: {shown or 'none'}")
    raise TargetError(f"{where}: several models; name one of: {shown}")
