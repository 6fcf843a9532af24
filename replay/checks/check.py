"""Health checks before anything is sent: reachable, an LLM server, the model there. GET only."""

import os
import shlex
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import replace
from urllib.parse import urlsplit

from analysis.errors import TargetError
from analysis.files.run import TargetInfo
from replay.checks import connections
from replay.checks.hazards import Checked
from replay.checks.http_get import HttpGet
from replay.checks.local_ports import listening_pid
from replay.client.server_words import one_line
from replay.output import log
from replay.scenario.schema import RequestSettings, Target
from replay.server_kinds import SERVER_KINDS, Model, Server, ServerKind, identify, openai
from replay.server_kinds.kind import NO_KEY, REFUSED, UNREADABLE, refused

MODELS = "/v1/models"
OF_OPENAI = ("openai", "embeddings")  # readers of OpenAI's interface
MOST_LISTED = 100  # names of models that are kept
PAGE = (200, "text/html")  # for people: no LLM server, whatever model is named
REDIRECTS = (301, 302, 303, 307, 308)


def check_targets(
    targets: Sequence[Target], request: RequestSettings, environ: Mapping[str, str] = os.environ
) -> tuple[list[Checked], dict[str, str]]:
    """(what answered, one line for each target that failed, by its name)."""
    checked, problems = [], {}
    for target in targets:
        try:
            with log.named_wait(f"the check of {target.name} ({target.base_url})"):
                checked.append(check(target, request, environ))
        except TargetError as error:
            problems[target.name] = str(error)
    return checked, problems


def check(
    target: Target, request: RequestSettings | None = None, environ: Mapping[str, str] = os.environ
) -> Checked:
    """What the target's server is. Raises TargetError: one line with the likely remedy."""
    url = target.base_url or ""
    try:
        with closing(HttpGet(url, key_of(target, environ))) as http:
            kind, server = _known(http, target)
            if server.unusable:
                raise TargetError(server.unusable)
        embeds = request is not None and request.embeddings is not None
        models = server.models if target.model is not None else _of_this_use(server.models, embeds)
        model, note = choose(target.model, models, url)
    except TargetError as error:
        raise TargetError(f"target {target.name} ({url}): {error}") from None
    facts = dict(server.facts)
    if target.answers_as is not None:
        facts["answers_as"] = target.answers_as
    if note is not None:
        server = replace(server, notes=(*server.notes, note))
    if connections.takes_one_connection(url):
        server = replace(server, notes=(*server.notes, connections.NOTE))
        facts["connections"] = connections.ONE
    info = TargetInfo(
        name=target.name,
        base_url=url,
        model=model.id or None,
        kind=kind.name,
        slots=model.slots,
        pid=listening_pid(url),
        server={"listed": [m.id for m in server.models[:MOST_LISTED]]}
        | facts
        | ({"model": dict(model.details)} if model.details else {}),
    )
    # `extra` is written for OpenAI's body: no other interface is asked then
    there = kind.embeddings if embeds else kind.endpoints[server.first_endpoint :]
    endpoints = tuple(e for e in there if e.reader in OF_OPENAI or not (request and request.extra))
    return Checked(info, endpoints, server, model)


def _of_this_use(models: Sequence[Model], embeds: bool) -> tuple[Model, ...]:
    """Those that can be asked: for vectors all, unless some are known to make nothing else."""
    vectors = tuple(m for m in models if m.embeds)
    texts = tuple(m for m in models if not m.embeds)
    return (vectors or texts) if embeds else texts


def key_of(target: Target, environ: Mapping[str, str] = os.environ) -> str:
    """The key the environment holds for this target; empty if it has none."""
    return environ.get(target.api_key_env, "") if target.api_key_env else ""


def request_counters(checked: Sequence[Checked], targets: Sequence[Target]) -> dict[str, str]:
    """By address, the server's counter of answered requests; {} with one address only."""
    addresses = {c.info.base_url: c for c in checked}
    if len(addresses) < 2:
        return {}
    keys = {t.base_url: key_of(t) for t in targets}
    counters: dict[str, str] = {}
    for c in addresses.values():
        # a server that fails here has no counter: the warm-up reports what is wrong with it
        with suppress(TargetError), closing(HttpGet(c.info.base_url, keys.get(c.info.base_url, ""))) as http:
            counter = SERVER_KINDS[c.info.kind].request_counter(http.get)
            if counter is not None:
                counters[c.info.base_url] = counter
    return counters


def _known(http: HttpGet, target: Target) -> tuple[ServerKind, Server]:
    """The kind of server and what it shows of itself. Raises TargetError.

    Its list is a hint: where the target names a model, or kind `openai`, it is asked whatever the list is.
    """
    kind, first = target.kind, http.get_ready(MODELS)
    if first.status == NO_KEY:
        raise TargetError(refused(first))
    known = identify(http.get_ready, kind)
    if known is not None:
        return known
    content = first.headers.get("content-type", "no type").split(";")[0]
    reply = f"HTTP {first.status}, {content}" if first.status < 400 else first.words
    named = target.model is not None and first.status not in REDIRECTS and (first.status, content) != PAGE
    if kind == openai.KIND.name or (kind is None and named):
        return openai.KIND, Server((), notes=(f"GET {MODELS} shows no list ({reply})",))
    if shut := [r for r in http.replies.values() if r.status in REFUSED]:
        raise TargetError(refused(shut[0]))
    if first.status == 429 or first.status >= 500:
        raise TargetError(f"it refuses GET {MODELS}: {refused(first)}")
    if kind is not None:
        raise TargetError(
            f"it does not answer as {kind} does; correct `kind`, or take it out of the scenario"
        )
    if first.status in REDIRECTS and (moved := urlsplit(first.headers.get("location", ""))).hostname:
        at = f"{moved.scheme}://{moved.netloc.rpartition('@')[2]}"
        raise TargetError(f"it redirects (HTTP {first.status}); write {at} if that is your server")
    raise TargetError(
        f"another program answers there, not an LLM server (GET {MODELS}: {reply}); "
        "check the port, or name a model if it can chat: =MODEL"
    )


def choose(asked: str | None, models: Sequence[Model], url: str) -> tuple[Model, str | None]:
    """The model to ask for, and a note if the list does not show it as loaded. Raises TargetError.

    The list is a hint: a model that is named is asked for, whatever it says. Nothing is loaded that was not
    named, but for the only model of a server that loads on demand.
    """
    if asked is not None:
        model, note = _named(asked, models)
    else:
        model, note = _only(models, url)
    if UNREADABLE in model.id:
        raise TargetError(f"model {model.id!r} has a character that cannot be sent; load it by another name")
    return model, note


def _named(asked: str, models: Sequence[Model]) -> tuple[Model, str | None]:
    """By its name in full, or without the registry and the tag `latest`, as images are named."""
    names = {m.id: m for m in reversed(models)}
    short = {name.removesuffix(":latest").removeprefix("docker.io/"): m for name, m in names.items()}
    found = names.get(asked) or names.get(f"{asked}:latest") or short.get(asked)
    if found is not None:
        return found, None
    note = f"model {asked!r} is not in the server's list ({_shown(models)}); it is asked for all the same"
    return Model(asked), note


def _only(models: Sequence[Model], url: str) -> tuple[Model, str | None]:
    by_name = {m.id: m for m in models}
    if not by_name:
        return Model(""), "the server lists no model; it is asked without a name"
    loaded = [m for m in by_name.values() if m.loaded] or [m for m in by_name.values() if m.loaded is None]
    if len(loaded) == 1:
        return loaded[0], None
    if not loaded and len(by_name) == 1:
        (model,) = by_name.values()
        return model, f"no model is in memory; the first answer loads {one_line(model.id)}"
    if not loaded:
        raise TargetError(
            f"no model is loaded; load one, or name one of: {_shown(models)}; {_as_written(by_name, url)}"
        )
    raise TargetError(f"several models; name one of: {_shown(models)}; {_as_written(by_name, url)}")


def _as_written(names: Iterable[str], url: str) -> str:
    """The first of them as words for a command line, quoted for a shell."""
    return f"as in --target {shlex.quote(f'{url}={one_line(next(iter(names)))}')}"


def _shown(models: Sequence[Model]) -> str:
    names = list(dict.fromkeys(one_line(m.id) for m in models))
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "") or "none"
