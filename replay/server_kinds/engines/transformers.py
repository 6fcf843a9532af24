"""`transformers serve`: one request at a time, unless it was started with continuous batching."""

from typing import Any

from replay.server_kinds import embeddings, openai
from replay.server_kinds.kind import Get, Model, Server, ServerKind, entry, name_of

BATCHES = "transformers serve answers one request at a time unless it was started with --continuous-batching"


def identify(get: Get) -> Server | None:
    """By its `/health` with the number of the request, and by models as no other list has them.

    They were created at a fraction of a second, or have a status (5.24: a folder's are created at 0).
    """
    models = openai.listed(get)
    if not models or not all(isinstance(m.get("created"), float) or "status" in m for m in models):
        return None
    health = get("/health")
    if health.document != {"status": "ok"} or "x-request-id" not in health.headers:
        return None
    return Server(tuple(Model(m["id"], _loaded(m)) for m in models), notes=(BATCHES,))


def _loaded(model: dict[str, Any]) -> bool | None:
    state = name_of(entry(model, "status"), "value")
    return None if state is None else state == "loaded"


KIND = ServerKind(
    name="transformers",
    identify=identify,
    endpoints=openai.ENDPOINTS,
    embeddings=embeddings.ENDPOINTS,
    reader=openai.READER,
    request_counter=openai.not_counted,
    load_counters=(),
    keeps_models_by="one server per model",
    listens_to_all_by="--host 0.0.0.0",
    ports=(8000,),
)
