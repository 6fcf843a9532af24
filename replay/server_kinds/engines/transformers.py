"""`transformers serve`: one request at a time, unless it was started with continuous batching."""

from replay.server_kinds import openai
from replay.server_kinds.kind import Get, Model, Server, ServerKind

BATCHES = "transformers serve answers one request at a time unless it was started with --continuous-batching"


def identify(get: Get) -> Server | None:
    """By its `/health`, and by models created at a fraction of a second, as no other list has them."""
    models = openai.listed(get)
    if not models or not all(isinstance(m.get("created"), float) for m in models):
        return None
    if get("/health").document != {"status": "ok"}:
        return None
    return Server(tuple(Model(m["id"]) for m in models), notes=(BATCHES,))


KIND = ServerKind(
    name="transformers",
    identify=identify,
    endpoints=openai.ENDPOINTS,
    reader=openai.READER,
    request_counter=openai.not_counted,
    load_counters=(),
    keeps_models_by="one server per model",
    listens_to_all_by="--host 0.0.0.0",
    ports=(8000,),
)
