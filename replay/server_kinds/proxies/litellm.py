"""LiteLLM's proxy: several deployments under one name, with a queue and limits of its own."""

from replay.server_kinds import embeddings, openai
from replay.server_kinds.kind import Get, Model, Server, ServerKind

IN_BETWEEN = "a proxy: its own limits and routing are measured too; measure the servers behind it as well"
BEHIND = "x-litellm-model-api-base"  # of an answer: the server that gave it
ALIVE = "I'm alive!"  # a JSON text, and its own words


def identify(get: Get) -> Server | None:
    """By the words of `/health/liveliness`, which need no key; its version where it shows one."""
    if get("/health/liveliness").document != ALIVE:
        return None
    models = openai.listed(get)
    if models is None:
        return None
    version = _version(get)
    facts = {} if version is None else {"version": version}
    return Server(tuple(Model(m["id"]) for m in models), facts, notes=(IN_BETWEEN,))


def _version(get: Get) -> str | None:
    """Older proxies show it to everyone; newer ones with the details, which need a key."""
    for path in ("/health/readiness", "/health/readiness/details"):
        health = get(path).document
        if isinstance(health, dict) and isinstance(health.get("litellm_version"), str):
            return str(health["litellm_version"])
    return None


KIND = ServerKind(
    name="litellm",
    identify=identify,
    endpoints=openai.ENDPOINTS,
    embeddings=embeddings.ENDPOINTS,
    reader=openai.READER,
    request_counter=openai.not_counted,
    load_counters=(),
    keeps_models_by="",
    listens_to_all_by="--host 0.0.0.0",
    ports=(4000,),
)
