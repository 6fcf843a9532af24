"""llama-swap: one port in front of a process per model; by default it keeps one model in memory.

What stands behind it is asked through it, and only for a model that is in memory.
"""

from collections.abc import Set
from urllib.parse import quote

from replay.server_kinds import embeddings, openai
from replay.server_kinds.engines.llamacpp import load_of_slots
from replay.server_kinds.kind import (
    OFTEN_S,
    ROLE,
    ROUTER,
    Get,
    LoadCounters,
    Model,
    Server,
    ServerKind,
    name_of,
    objects,
    whole,
)

SWAPS = (
    "llama-swap swaps models unless a group keeps them together, "
    "and refuses more than `concurrencyLimit` (10) with 429"
)


def identify(get: Get) -> Server | None:
    """By who owns the models in its list; what runs by `/running`."""
    models = openai.listed(get)
    if not models or any(m.get("owned_by") != "llama-swap" for m in models):
        return None
    running = get("/running").document
    entries = objects(running.get("running")) if isinstance(running, dict) else None
    ready = None if entries is None else {name_of(e, "model") for e in entries if e.get("state") == "ready"}
    return Server(tuple(_model(get, m["id"], ready) for m in models), {ROLE: ROUTER}, notes=(SWAPS,))


def _model(get: Get, name: str, ready: Set[str | None] | None) -> Model:
    """With the slots of the server behind it. careful: asked for a model that is not ready, it loads it."""
    if ready is None or name not in ready:
        return Model(name, None if ready is None else False)
    slots = objects(get(behind(name, "/slots")).document)
    return Model(name, True, len(slots) or None, whole(slots[0].get("n_ctx")) if slots else None)


def behind(model: str, path: str) -> str:
    """The path of the server that runs the model."""
    return f"/upstream/{quote(model, safe='')}{path}"


KIND = ServerKind(
    name="llama-swap",
    identify=identify,
    endpoints=openai.ENDPOINTS,
    embeddings=embeddings.ENDPOINTS,
    reader=openai.READER,
    request_counter=openai.not_counted,
    load_counters=(LoadCounters("/upstream/{model}/slots", OFTEN_S, load_of_slots),),
    keeps_models_by="a group",
    listens_to_all_by="--listen 0.0.0.0:8080",
    ports=(8080,),
)
