"""llama-swap: one port in front of a process per model; by default it keeps one model in memory."""

from replay.server_kinds import openai
from replay.server_kinds.kind import Get, Model, Server, ServerKind, name_of, objects

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
    return Server(
        tuple(Model(m["id"], None if ready is None else m["id"] in ready) for m in models), notes=(SWAPS,)
    )


KIND = ServerKind(
    name="llama-swap",
    identify=identify,
    endpoints=openai.ENDPOINTS,
    reader=openai.READER,
    request_counter=openai.not_counted,
    load_counters=(),
    keeps_models_by="a group",
    listens_to_all_by="--listen 0.0.0.0:8080",
    ports=(8080,),
)
