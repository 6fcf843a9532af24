"""LiteLLM's proxy: several deployments under one name, with a queue and limits of its own."""

from replay.server_kinds import openai
from replay.server_kinds.kind import Get, Model, Server

KIND = "litellm"
WAYS = openai.WAYS
served = openai.served
IN_BETWEEN = "a proxy: its own limits and routing are measured too; measure the servers behind it as well"


ALIVE = "I'm alive!"  # a JSON text, and its own words


def look(get: Get) -> Server | None:
    """By the words of `/health/liveliness`, which need no key; the version where it is told."""
    if get("/health/liveliness").document != ALIVE:
        return None
    models = openai.listed(get)
    if models is None:
        return None
    version = _version(get)
    says = {} if version is None else {"version": version}
    return Server(tuple(Model(m["id"]) for m in models), says, notes=(IN_BETWEEN,))


def _version(get: Get) -> str | None:
    """Older proxies tell it to everybody, newer ones with the details, for which they want a key."""
    for path in ("/health/readiness", "/health/readiness/details"):
        told = get(path).document
        if isinstance(told, dict) and isinstance(told.get("litellm_version"), str):
            return str(told["litellm_version"])
    return None
