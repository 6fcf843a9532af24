"""mlx_lm.server: OpenAI's interface on Apple's engine; batches unless a request carries a `seed`."""

from replay.server_kinds import embeddings, openai
from replay.server_kinds.kind import Get, Model, Server, ServerKind

# The model that it was started with. Its list is that of a folder on disk (or fails): a name from there would
# make it load that model.
DEFAULT_MODEL = "default_model"
PYTHONS_OWN = "basehttp/"  # the web server of Python's standard library, which mlx_lm.server is made with


def identify(get: Get) -> Server | None:
    """It has no endpoint of its own: by its web server and the words of its `/health`."""
    health = get("/health")
    by_python = health.headers.get("server", "").lower().startswith(PYTHONS_OWN)
    if not by_python or health.document != {"status": "ok"}:
        return None
    listed = [Model(m["id"], False) for m in openai.listed(get) or []]
    return Server((Model(DEFAULT_MODEL, True), *listed), {"server": health.headers["server"]})


KIND = ServerKind(
    name="mlx",
    identify=identify,
    endpoints=openai.ENDPOINTS,
    embeddings=embeddings.ENDPOINTS,
    reader=openai.READER,
    request_counter=openai.not_counted,
    load_counters=(),
    keeps_models_by="",
    listens_to_all_by="--host 0.0.0.0",
    ports=(8080, 8001),
)
