"""LiteLLM's proxy: several deployments under one name, with a queue and limits of its own."""

from replay.dialects import openai
from replay.dialects.facts import Get, Model, Server

KIND = "litellm"
WAYS = openai.WAYS
served = openai.served
IN_BETWEEN = "a proxy: its own limits and routing are measured too; measure the servers behind it as well"


def look(get: Get) -> Server | None:
    """By the version in `/health/readiness`."""
    told = get("/health/readiness").document
    if not isinstance(told, dict) or "litellm_version" not in told:
        return None
    models = openai.listed(get)
    if models is None:
        return None
    return Server(
        tuple(Model(m["id"]) for m in models), {"version": told["litellm_version"]}, notes=(IN_BETWEEN,)
    )
